"""The components of a message as HTML: buttons to press, menus to choose in, and what stands around them."""

import html
from collections.abc import Sequence
from typing import Any

from playground import components as kinds
from playground.page.emoji import with_emoji
from playground.page.markup import to_html
from playground.page.rows import Looking
from playground.values import Message

Json = dict[str, Any]


def usable(message: Message, looking: Looking) -> str:
    """Lay out the components of a message; nothing for a message without any."""
    shown = "".join(_shown(one, message, looking) for one in message.components)
    return f'<div class="components">{shown}</div>' if shown else ""


def options(select: Json, looking: Looking) -> Sequence[tuple[str, str, bool]]:
    """What can be picked in a menu: value, words, and whether the bot picked it beforehand."""
    if select["type"] == kinds.STRING_SELECT or "options" in select:
        return [(one["value"], one["label"], bool(one.get("default"))) for one in select["options"]]
    guild = looking.discord.guild_of(looking.channel)
    people = [(user.id, f"@{user.name}") for user in looking.discord.people_in(looking.channel).values()]
    roles = [] if guild is None else [(role.id, role.name) for role in guild.roles.values()]
    types = select.get("channel_types")
    channels = (
        []
        if guild is None
        else [(each.id, f"#{each.name}") for each in guild.channels.values() if not types or each.type in types]
    )
    listed = {
        kinds.USER_SELECT: people,
        kinds.ROLE_SELECT: roles,
        kinds.MENTIONABLE_SELECT: people + roles,
        kinds.CHANNEL_SELECT: channels,
    }[select["type"]]
    defaults: list[Json] = select.get("default_values") or []
    chosen = {str(one["id"]) for one in defaults}
    return [(str(key), words, str(key) in chosen) for key, words in listed]


def option_tags(select: Json, looking: Looking) -> str:
    """The options of a menu as HTML."""
    return "".join(
        f'<option value="{html.escape(value)}"{" selected" if chosen else ""}>{html.escape(words)}</option>'
        for value, words, chosen in options(select, looking)
    )


def _shown(component: Json, message: Message, looking: Looking) -> str:
    kind = component["type"]
    if kind == kinds.BUTTON:
        return _button(component, message)
    if kind in kinds.SELECTS:
        return _select(component, message, looking)
    if kind == kinds.TEXT_DISPLAY:
        return f'<div class="content">{to_html(component["content"], looking.names)}</div>'
    if kind == kinds.SEPARATOR:
        return "<hr>"
    if kind in (kinds.THUMBNAIL, kinds.FILE):
        return _media(component.get("media") or component["file"], component.get("description"))
    if kind == kinds.MEDIA_GALLERY:
        return "".join(_media(item["media"], item.get("description")) for item in component["items"])
    inside: list[Json] = [*(component.get("components") or [])]
    if "accessory" in component:
        inside.append(component["accessory"])
    shown = "".join(_shown(one, message, looking) for one in inside)
    return f'<div class="component-{kind}">{shown}</div>'


def _button(button: Json, message: Message) -> str:
    emoji: Json = button.get("emoji") or {}
    parts: tuple[str | None, ...] = (emoji.get("name"), button.get("label"))
    words = with_emoji(" ".join(part for part in parts if part))
    if button["style"] == kinds.LINK:
        return f'<a class="use" href="{html.escape(button["url"])}" target="_blank" rel="noopener">{words} ↗</a>'
    disabled = " disabled" if button.get("disabled") or button["style"] == kinds.PREMIUM else ""
    name = html.escape(button.get("custom_id") or "")
    return (
        f'<button type="button" class="use style-{button["style"]}" data-act="press" data-id="{message.id}" '
        f'data-name="{name}" data-testid="press-{name}"{disabled}>{words or "Buy"}</button>'
    )


def _select(select: Json, message: Message, looking: Looking) -> str:
    name = html.escape(select["custom_id"])
    about = f'data-id="{message.id}" data-name="{name}"'
    disabled = " disabled" if select.get("disabled") else ""
    words = html.escape(select.get("placeholder") or "Make a selection")
    tags = option_tags(select, looking)
    if select["max_values"] == 1 and select["min_values"] == 1:
        empty = f'<option value="" disabled selected>{words}</option>'
        return f'<select data-act="menu" {about} data-testid="menu-{name}"{disabled}>{empty}{tags}</select>'
    # What is picked together is sent together, as by the client when its menu is closed.
    return (
        f'<select multiple title="{words}" data-testid="menu-{name}"{disabled}>{tags}</select>'
        f'<button type="button" class="use" data-act="done" {about} data-testid="done-{name}"{disabled}>Done</button>'
    )


def _media(item: Json, description: str | None) -> str:
    words = html.escape(description or item["url"].rsplit("/", 1)[-1])
    return f'<a href="{html.escape(item["url"])}" target="_blank" rel="noopener">{words}</a>'
