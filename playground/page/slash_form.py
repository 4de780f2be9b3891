"""Slash commands in the page: which are offered for what is typed, their fields as HTML, and what was filled in."""

import html
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from playground.command_kinds import (
    BOOLEAN,
    CHANNEL,
    CHAT_INPUT,
    GROUP,
    INTEGER,
    MENTIONABLE,
    NUMBER,
    ROLE,
    SUBCOMMAND,
    USER,
)
from playground.commands import Command
from playground.page.rows import Looking
from playground.permissions import Permission

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Offer:
    """A command, or one of its subcommands, that can be invoked.

    Attributes:
        path: Its name and those of its subcommands, with spaces between.
        description: What it is for.
        options: What it takes, in Discord's shape.
    """

    path: str
    description: str
    options: Sequence[Json]

    @property
    def testid(self) -> str:
        """The path as a part of an attribute."""
        return self.path.replace(" ", "-")


def offers(looking: Looking) -> list[Offer]:
    """All commands that the user may invoke in this channel, subcommands one by one."""
    guild = looking.discord.guild_of(looking.channel)
    commands = looking.discord.commands(guild)
    if guild is None:
        commands = [command for command in commands if command.guild_id is None]
    found: list[Offer] = []
    for command in commands:
        if command.type == CHAT_INPUT and _offered(command, looking):
            found += _unfolded(command.name, command.description, command.options)
    return sorted(found, key=lambda offer: offer.path)


def _offered(command: Command, looking: Looking) -> bool:
    if looking.channel.is_dm:
        return command.in_dms
    bits, needed = looking.discord.permissions(looking.channel, looking.me), command.default_member_permissions
    if not command.in_guilds or bits & Permission.ADMINISTRATOR or needed is None:
        return command.in_guilds
    return needed != 0 and bits & needed == needed


def _unfolded(path: str, description: str, options: Sequence[Json]) -> list[Offer]:
    inner = [option for option in options if option["type"] in (SUBCOMMAND, GROUP)]
    if not inner:
        return [Offer(path, description, options)]
    return [
        offer
        for option in inner
        for offer in _unfolded(f"{path} {option['name']}", option["description"], option.get("options") or [])
    ]


def matching(typed: str, offered: Sequence[Offer]) -> list[Offer]:
    """The commands that what is typed may become: those that begin so, then those that hold it."""
    if not typed.startswith("/") or "\n" in typed:
        return []
    wanted = typed[1:].strip().lower()
    first = [offer for offer in offered if offer.path.startswith(wanted)]
    return first + [offer for offer in offered if wanted in offer.path and offer not in first]


def chosen(typed: str, offered: Sequence[Offer]) -> tuple[Offer, str] | None:
    """The command whose whole name is typed, and what follows it."""
    for offer in sorted(offered, key=lambda each: -len(each.path)):
        rest = typed.removeprefix(f"/{offer.path}")
        if rest != typed and (not rest or rest[0].isspace()):
            return offer, rest.strip()
    return None


def suggestions(offered: Sequence[Offer], selected: int) -> str:
    """The list over the text box."""
    shown = "".join(_suggestion(offer, index, chosen=index == selected) for index, offer in enumerate(offered))
    return f'<div class="suggestions" data-testid="suggestions"><div class="section">Commands</div>{shown}</div>'


def _suggestion(offer: Offer, index: int, *, chosen: bool) -> str:
    css, testid = "suggestion selected" if chosen else "suggestion", html.escape(f"slash-{offer.testid}")
    what = f'<span class="what"><b>/{html.escape(offer.path)}</b>{_signature(offer)}</span>'
    return (
        f'<button type="button" class="{css}" data-act="choose" data-id="{index}" data-testid="{testid}">{what}'
        f"<small>{html.escape(offer.description)}</small></button>"
    )


def _signature(offer: Offer) -> str:
    names = (f"{option['name']}{'' if option.get('required') else '?'}" for option in offer.options)
    return "".join(f"<code>{html.escape(name)}</code>" for name in names)


def form(offer: Offer, looking: Looking, first: str = "") -> str:
    """The fields of one command.

    Args:
        offer: The command.
        looking: Who fills it in, and where.
        first: What the first field holds from the start.
    """
    fields = "".join(_field(option, looking, first if index == 0 else "") for index, option in enumerate(offer.options))
    return (
        f'<form class="slash-form" data-testid="slash-form" data-path="{html.escape(offer.path)}" autocomplete="off">'
        f'<div class="slash-head"><b>/{html.escape(offer.path)}</b><span>{html.escape(offer.description)}</span>'
        '<button type="button" class="close" data-act="close-form" title="Close">✕</button></div>'
        f'<div class="fields">{fields}</div>'
        '<button type="submit" class="send" data-testid="slash-send">Send</button></form>'
    )


def _field(option: Json, looking: Looking, value: str) -> str:
    name, required = html.escape(option["name"]), bool(option.get("required"))
    mark = '<em title="required">*</em>' if required else "<i>optional</i>"
    said = f"<small>{html.escape(str(option.get('description') or ''))}</small>"
    attributes = f'name="{name}" data-testid="option-{name}"{" required" if required else ""}'
    choices = _choices(option, looking)
    if choices is None:
        control = _input(option, attributes, value)
    else:
        listed = "".join(f'<option value="{html.escape(key)}">{html.escape(shown)}</option>' for key, shown in choices)
        control = f'<select {attributes}><option value=""></option>{listed}</select>'
    return f"<label><span>{name} {mark}</span>{control}{said}</label>"


def _input(option: Json, attributes: str, value: str) -> str:
    if option["type"] not in (INTEGER, NUMBER):
        longest = f' maxlength="{int(option["max_length"])}"' if option.get("max_length") else ""
        return f'<input type="text" {attributes}{longest} value="{html.escape(value)}">'
    step = "1" if option["type"] == INTEGER else "any"
    given = {"min": option.get("min_value"), "max": option.get("max_value")}
    limits = "".join(f' {key}="{limit}"' for key, limit in given.items() if limit is not None)
    return f'<input type="number" step="{step}" {attributes}{limits}>'


def _choices(option: Json, looking: Looking) -> list[tuple[str, str]] | None:
    """Values and names to choose from; None for a field to type in."""
    if option.get("choices"):
        return [(str(each["value"]), str(each["name"])) for each in option["choices"]]
    guild = looking.discord.guild_of(looking.channel)
    people = [(str(user.id), f"@{user.name}") for user in looking.discord.people_in(looking.channel).values()]
    roles = [] if guild is None else [(str(role.id), role.name) for role in guild.roles.values()]
    channels = [] if guild is None else [(str(each.id), f"#{each.name}") for each in guild.channels.values()]
    known = {
        BOOLEAN: [("true", "True"), ("false", "False")],
        USER: people,
        ROLE: roles,
        CHANNEL: channels,
        MENTIONABLE: people + roles,
    }
    return known.get(option["type"])


def filled(offer: Offer, values: Mapping[str, str]) -> dict[str, object]:
    """The options of an invocation from the form's fields; fields left empty are not among them.

    Args:
        offer: The command.
        values: What stands in the fields, by the options' names.

    Raises:
        ValueError: A number field holds none.
    """
    return {
        option["name"]: _value(option, values[option["name"]])
        for option in offer.options
        if values.get(option["name"], "") != ""
    }


def _value(option: Json, text: str) -> object:
    for choice in cast("list[Json]", option.get("choices") or []):
        if str(choice["value"]) == text:
            return choice["value"]
    if option["type"] == BOOLEAN:
        return text == "true"
    makers: dict[int, Callable[[str], object]] = {INTEGER: int, NUMBER: float}
    return makers.get(option["type"], str)(text)
