"""Is this message for us? Makes the turn of a message, or nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import discord

from checkpoints.keys import Conversation, turn_key
from graph.turn import Turn

if TYPE_CHECKING:
    from collections.abc import Sequence

_ANSWERED_KINDS = (discord.MessageType.default, discord.MessageType.reply)


def turn_of(message: discord.Message, me: discord.abc.User) -> Turn | None:
    """The turn that a message asks for; None when it is not meant for us.

    Meant for us is what mentions us by name, answers a message of ours, or comes as a direct message; never what a bot
    or a webhook wrote, and nothing that only says @everyone.
    """
    if message.author.bot or message.webhook_id is not None or message.type not in _ANSWERED_KINDS:
        return None
    if message.guild is not None and not (_mentions(message, me) or _answers(message, me)):
        return None
    unread = [attachment.filename for attachment in message.attachments]
    unread += [f"the sticker {sticker.name}" for sticker in message.stickers]
    return Turn(
        key=turn_key("message", message.id),
        conversation=Conversation(
            guild_id=message.guild.id if message.guild else None,
            channel_id=message.channel.id,
            user_id=message.author.id,
        ),
        user_id=message.author.id,
        channel_id=message.channel.id,
        text=_text(message, me, unread),
        message_id=message.id,
        notice=_notice(unread),
    )


def _mentions(message: discord.Message, me: discord.abc.User) -> bool:
    return any(user.id == me.id for user in message.mentions)


def _answers(message: discord.Message, me: discord.abc.User) -> bool:
    answered = message.reference.resolved if message.reference else None
    return isinstance(answered, discord.Message) and answered.author.id == me.id


def _text(message: discord.Message, me: discord.abc.User, unread: Sequence[str]) -> str:
    """What the model reads: the message without the mention that called us, and what could not be read of it."""
    text = re.sub(rf"^\s*<@!?{me.id}>[\s,:]*|\s*<@!?{me.id}>\s*$", "", message.content).strip()
    lines = [
        text or "(The message has no text.)",
        *(f"[The user attached {name}; it cannot be read.]" for name in unread),
    ]
    return "\n".join(lines)


def _notice(unread: Sequence[str]) -> str | None:
    if not unread:
        return None
    names = ", ".join(name.replace("`", "'") for name in unread)
    return f"I cannot read images or files yet, so I answer without {names}."[:500]
