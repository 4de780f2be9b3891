"""What is typed into the text box: names that are completed, and names that become mentions when it is sent."""

import html
import re
from collections.abc import Mapping, Sequence

from playground.page.rows import Looking, avatar, badge
from playground.values import User

_OPEN_NAME = re.compile(r"(?:^|(?<=\s))@([\w.-]*)$")
_CODE = re.compile(r"(```.*?```|`[^`\n]+`)", re.DOTALL)


def completions(typed: str, looking: Looking) -> list[User]:
    """The people whose name is being typed behind an @ at the end of the text; the bot first."""
    begun = _OPEN_NAME.search(typed)
    if begun is None:
        return []
    people = sorted(looking.discord.people_in(looking.channel).values(), key=lambda user: (not user.bot, user.name))
    return [user for user in people if user.name.lower().startswith(begun[1].lower())]


def completed(typed: str, user: User) -> str:
    """The text with the open name written out."""
    return f"{_OPEN_NAME.sub('', typed)}@{user.name} "


def suggestions(users: Sequence[User], selected: int) -> str:
    """The list of names over the text box."""
    shown = [
        f'<button type="button" class="suggestion person{" selected" if index == selected else ""}" data-act="choose" '
        f'data-id="{index}" data-testid="name-{html.escape(user.name)}">{avatar(user, "small")}'
        f"<b>{html.escape(user.name)}</b>{badge(user)}</button>"
        for index, user in enumerate(users)
    ]
    return (
        f'<div class="suggestions" data-testid="suggestions"><div class="section">Members</div>{"".join(shown)}</div>'
    )


def with_mentions(text: str, looking: Looking) -> str:
    """Turn plain `@name` and `#channel` into mentions, except inside code; names nobody has stay as they are."""
    people = {user.name.lower(): f"<@{user.id}>" for user in looking.discord.people_in(looking.channel).values()}
    guild = looking.discord.guild_of(looking.channel)
    channels = {} if guild is None else {each.name.lower(): f"<#{each.id}>" for each in guild.channels.values()}
    parts = _CODE.split(text)
    parts[::2] = [_replaced(_replaced(part, "@", people), "#", channels) for part in parts[::2]]
    return "".join(parts)


def without_mentions(content: str, looking: Looking) -> str:
    """The opposite, for a message that is edited."""
    users, channels = looking.names.users, looking.names.channels
    named = re.sub(r"<@!?(\d+)>", lambda found: f"@{users.get(int(found[1]), found[1])}", content)
    return re.sub(r"<#(\d+)>", lambda found: f"#{channels.get(int(found[1]), found[1])}", named)


def _replaced(text: str, sign: str, known: Mapping[str, str]) -> str:
    names = "|".join(re.escape(name) for name in sorted(known, key=len, reverse=True))
    if not names:
        return text
    pattern = re.compile(rf"(?<![\w<{sign}]){sign}({names})(?![\w-])", re.IGNORECASE)
    return pattern.sub(lambda found: known[found[1].lower()], text)
