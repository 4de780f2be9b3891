"""What a Discord message says, as text that a model can read."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import discord

# Discord's documentation, "Message Formatting".
_TOKEN = re.compile(
    r"<(?:@!?(?P<user>\d+)|@&(?P<role>\d+)|\#(?P<channel>\d+)|a?:(?P<emoji>\w+):\d+|/(?P<command>[^:>]+):\d+"
    r"|t:(?P<time>-?\d{1,12})(?::[a-zA-Z])?)>"
)

# A quoted message is cut after so many characters: what is asked about stands in what the person wrote.
_QUOTED_LIMIT = 4000


def readable(text: str, message: discord.Message) -> str:
    """A text with mentions, emoji, commands and times written out; what nobody here knows stays as it is."""
    names: dict[str, Callable[[str], str | None]] = {
        "user": lambda found: _user_name(message, int(found)),
        "role": lambda found: _role_name(message, int(found)),
        "channel": lambda found: _channel_name(message, int(found)),
        "emoji": lambda found: f":{found}:",
        "command": lambda found: f"/{found}",
        "time": _time,
    }

    def written_out(match: re.Match[str]) -> str:
        kind = str(match.lastgroup)
        return names[kind](match[kind]) or match[0]

    return _TOKEN.sub(written_out, text)


def said(message: discord.Message) -> str:
    """Everything a message says that is text: its words, what it forwards, its embeds, poll and stickers."""
    parts = [readable(message.content, message), *shown(message.embeds)]
    parts += [f"[a sticker: {sticker.name}]" for sticker in message.stickers]
    if message.poll is not None:
        answers = "; ".join(answer.text for answer in message.poll.answers)
        parts.append(f"[a poll: {message.poll.question} ({answers})]")
    parts += [forwarded(snapshot, message) for snapshot in message.message_snapshots]
    return "\n".join(part for part in parts if part.strip())


def forwarded(snapshot: discord.MessageSnapshot, message: discord.Message) -> str:
    """What a forwarded message says; who said it, Discord does not tell."""
    parts = [readable(snapshot.content, message), *shown(snapshot.embeds), *names_of(snapshot.attachments)]
    return quoted("A forwarded message:", parts)


def shown(embeds: Iterable[discord.Embed]) -> list[str]:
    """The text of embeds, one entry each."""
    return [
        "\n".join(part for part in (embed.title, embed.description, *_fields(embed)) if part)
        for embed in embeds
        if embed.type == "rich"
    ]


def names_of(attachments: Sequence[discord.Attachment]) -> list[str]:
    """Files as the model is told of them where they are not shown to it."""
    return [f"[attached: {attachment.filename}]" for attachment in attachments]


def quoted(heading: str, parts: Iterable[str]) -> str:
    """Words of others, each line marked, so that none of them can pass for the user's own or for ours."""
    text = "\n".join(part for part in parts if part.strip())
    if len(text) > _QUOTED_LIMIT:
        text = f"{text[:_QUOTED_LIMIT]} [cut here]"
    return "\n".join([heading, *(f"> {line}" for line in text.splitlines() or ["(nothing that can be read)"])])


def _fields(embed: discord.Embed) -> list[str]:
    return [f"{field.name}: {field.value}" for field in embed.fields]


def _user_name(message: discord.Message, user_id: int) -> str | None:
    known = next((user for user in message.mentions if user.id == user_id), None)
    if known is None and message.guild is not None:
        known = message.guild.get_member(user_id)
    return f"@{known.display_name}" if known else None


def _role_name(message: discord.Message, role_id: int) -> str | None:
    role = message.guild.get_role(role_id) if message.guild else None
    return f"@{role.name}" if role else None


def _channel_name(message: discord.Message, channel_id: int) -> str | None:
    channel = message.guild.get_channel_or_thread(channel_id) if message.guild else None
    return f"#{channel.name}" if channel else None


def _time(seconds: str) -> str | None:
    try:
        return f"{datetime.fromtimestamp(int(seconds), UTC):%Y-%m-%d %H:%M} UTC"
    except (ValueError, OverflowError, OSError):
        return None
