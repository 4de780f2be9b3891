"""Is this message for us? Makes the turn of a message, or nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import discord

from checkpoints.keys import Conversation, turn_key
from discord_adapter.readable import quoted, readable, said, shown
from graph.attached import Attached
from graph.turn import Turn

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

_ANSWERED_KINDS = (discord.MessageType.default, discord.MessageType.reply)

NO_TEXT = "(The message has no text.)"


def turn_of(message: discord.Message, me: discord.abc.User, programs: Container[int] = ()) -> Turn | None:
    """The turn that a message asks for; None when it is not meant for us. Whether it may be is for `access` to say.

    Meant for us is what mentions us by name, answers a message of ours, or comes as a direct message; never what we
    wrote, or what a bot or a webhook wrote that is not listened to, nothing that only says @everyone, and nothing whose
    content Discord keeps from us.

    Args:
        message: The message.
        me: Who we are.
        programs: The bots and webhooks that are listened to, by their ids.
    """
    by_program = message.author.bot or message.webhook_id is not None
    if message.author.id == me.id or (by_program and message.author.id not in programs):
        return None
    if message.type not in _ANSWERED_KINDS:
        return None
    if not addressed(message, me):
        return None
    text = words_of(message, me)
    if not (text or message.attachments or message.message_snapshots or _mentions(message, me)):
        return None
    attached = [*files_of(message.attachments), *files_of(_referred_files(message), quoted=True)]
    return Turn(
        key=turn_key("message", message.id),
        conversation=Conversation(
            guild_id=guild_of(message),
            channel_id=message.channel.id,
            user_id=message.author.id,
        ),
        user_id=message.author.id,
        channel_id=message.channel.id,
        text=text or NO_TEXT,
        message_id=message.id,
        quoted=_referred(message, me),
        attached=tuple(attached),
        parent_id=parent_of(message.channel),
        by_program=by_program,
    )


def parent_of(channel: object) -> int | None:
    """The channel that a thread belongs to; None for what is no thread that we know."""
    if isinstance(channel, discord.PartialMessageable) and channel.guild:
        # A message that was looked up: its channel is only named there.
        channel = channel.guild.get_thread(channel.id)
    return channel.parent_id if isinstance(channel, discord.Thread) else None


def guild_of(message: discord.Message) -> int | None:
    """The server that a message is in, also before the gateway has told of that; None for a direct message."""
    if message.guild is None and isinstance(message.channel, discord.PartialMessageable):
        return message.channel.guild_id
    return message.guild.id if message.guild else None


def addressed(message: discord.Message, me: discord.abc.User) -> bool:
    """Whether a message is meant for us."""
    return guild_of(message) is None or _mentions(message, me) or _answers(message, me)


def _mentions(message: discord.Message, me: discord.abc.User) -> bool:
    return any(user.id == me.id for user in message.mentions)


def _answers(message: discord.Message, me: discord.abc.User) -> bool:
    answered = message.reference.resolved if message.reference else None
    return isinstance(answered, discord.Message) and answered.author.id == me.id


def words_of(message: discord.Message, me: discord.abc.User) -> str:
    """What the person wrote, without the mention that called us."""
    text = re.sub(rf"^\s*<@!?{me.id}>[\s,:]*|\s*<@!?{me.id}>\s*$", "", message.content).strip()
    stickers = [f"[a sticker: {sticker.name}]" for sticker in message.stickers]
    return "\n".join(part for part in (readable(text, message), *stickers) if part)


def _referred(message: discord.Message, me: discord.abc.User) -> str:
    """What the message answers or forwards, as a quote; empty where it refers to nothing."""
    parts: list[str] = []
    answered = message.reference.resolved if message.reference else None
    if isinstance(answered, discord.Message):
        whom = "you" if answered.author.id == me.id else answered.author.display_name
        parts.append(quoted(f"In answer to {whom}:", [said(answered)]))
    elif isinstance(answered, discord.DeletedReferencedMessage):
        parts.append("In answer to a message that was deleted.")
    for snapshot in message.message_snapshots:
        texts = [readable(snapshot.content, message), *shown(snapshot.embeds)]
        parts.append(quoted("A forwarded message:", texts))
    return "\n\n".join(parts)


def _referred_files(message: discord.Message) -> list[discord.Attachment]:
    """The files of what the message answers or forwards."""
    files = [file for snapshot in message.message_snapshots for file in snapshot.attachments]
    answered = message.reference.resolved if message.reference else None
    if isinstance(answered, discord.Message):
        files += answered.attachments
        files += [file for snapshot in answered.message_snapshots for file in snapshot.attachments]
    return files


def files_of(attachments: Iterable[discord.Attachment], *, quoted: bool = False) -> list[Attached]:
    """Files, as a turn holds them."""
    return [Attached(one.url, one.filename, one.size, one.content_type, quoted) for one in attachments]
