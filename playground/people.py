"""The acts of people: what a user of the local Discord does, and waiting for what comes of it."""

# Tests read better with one number at the call than with a block around each wait.
# ruff: noqa: ASYNC109

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from playground import acts, sending
from playground.access import require, require_unlocked
from playground.drafts import Draft
from playground.errors import DiscordError
from playground.permissions import Permission, to_talk
from playground.slash import invoke
from playground.subscription import Subscription
from playground.thread_people import ThreadPeople, uploads_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from playground.commands import Command
    from playground.interactions import Interaction
    from playground.parts import Sticker
    from playground.thread_people import File
    from playground.values import Channel, Guild, Json, Message, User


class People(ThreadPeople):
    """A world in which one can act as any of its users.

    Every act follows Discord's rules for that user and raises `DiscordError` where Discord would refuse it.
    Each lets other tasks run first, as an act that comes over a network does.
    """

    async def send(
        self,
        user: User,
        channel: Channel,
        text: str = "",
        *,
        reply_to: Message | None = None,
        attachments: Iterable[File] = (),
        flags: int = 0,
        ping: bool = True,
        stickers: Iterable[Sticker] = (),
        poll: Json | None = None,
    ) -> Message:
        """Send a message as a user.

        Args:
            user: Who sends it.
            channel: Where.
            text: Its content; mentions in it notify as in Discord.
            reply_to: A message of the same channel to reply to.
            attachments: Files: name, bytes and content type of each, or uploads with all that can be said of them.
            flags: Message flags.
            ping: Whether a reply mentions who is replied to (the switch beside the reply in Discord's client).
            stickers: Stickers of the guild.
            poll: A poll, as the request for one (docs resources/poll#poll-create-request-object).

        Returns:
            The message, which stays up to date.
        """
        await asyncio.sleep(0)
        reference = None if reply_to is None else {"message_id": reply_to.id, "channel_id": reply_to.channel_id}
        draft = Draft(
            content=text,
            allowed_mentions=None if ping else {"parse": ["users", "roles", "everyone"], "replied_user": False},
            reference=reference,
            uploads=uploads_of(attachments),
            flags=flags,
            sticker_ids=tuple(sticker.id for sticker in stickers),
            poll=poll,
        )
        return sending.send(self, channel, user, draft)

    async def edit(self, user: User, message: Message, text: str) -> Message:
        """Edit a message as its author."""
        await asyncio.sleep(0)
        if message.author.id != user.id:
            raise DiscordError(50005)
        acts.edit(self, self.standing(message), {"content": text})
        return message

    async def delete(self, user: User, message: Message) -> None:
        """Delete a message as its author or as somebody who manages messages."""
        await asyncio.sleep(0)
        acts.check_deletable(self, self.standing(message), user)
        acts.delete(self, message)

    async def delete_many(self, user: User, messages: list[Message]) -> None:
        """Delete messages of one channel at once as somebody who manages messages there."""
        await asyncio.sleep(0)
        for message in messages:
            require(self, self.channels[message.channel_id], user, Permission.MANAGE_MESSAGES)
            acts.check_deletable(self, self.standing(message), user)
        acts.delete_many(self, messages)

    async def react(self, user: User, message: Message, emoji: str, *, burst: bool = False) -> None:
        """Put a reaction on a message as a user; `burst`: a super reaction."""
        await asyncio.sleep(0)
        acts.add_reaction(self, self.standing(message), user, emoji, burst=burst)

    async def unreact(self, user: User, message: Message, emoji: str) -> None:
        """Take a user's own reaction off a message."""
        await asyncio.sleep(0)
        acts.remove_reaction(self, self.standing(message), user, emoji)

    async def clear_reactions(self, user: User, message: Message, emoji: str | None = None) -> None:
        """Take everybody's reactions, or those of one emoji, off a message as somebody who manages messages there."""
        await asyncio.sleep(0)
        require(self, self.channels[message.channel_id], user, Permission.MANAGE_MESSAGES)
        acts.clear_reactions(self, self.standing(message), emoji)

    async def type(self, user: User, channel: Channel) -> None:
        """Show a user as typing."""
        await asyncio.sleep(0)
        require(self, channel, user, to_talk(channel))
        require_unlocked(self, channel, user)
        self.show_typing(channel, user)

    async def slash(
        self, user: User, channel: Channel, command: str, /, *, timeout: float = 15.0, **options: object
    ) -> Interaction:
        """Invoke a slash command as a user and wait for its answer.

        Args:
            user: Who invokes it.
            channel: Where.
            command: The command's name, with that of a subcommand after a space.
            timeout: Seconds to wait for the final text; a deferred answer counts when it is edited.
            **options: The command's options. Users, channels and roles are given as such.

        Returns:
            The interaction; `failed` is set when the bot did not answer within Discord's three seconds.

        Raises:
            UnknownCommand: No such command is registered for this place.
            NotPermitted: The user lacks the command's `default_member_permissions`.
            BadOption: An option is missing, unknown or of the wrong type.
            TimeoutError: The answer was deferred and never came.
        """
        return await self.slash_with(user, channel, command, options, timeout=timeout)

    async def slash_with(
        self, user: User, channel: Channel, command: str, options: Json, *, timeout: float = 15.0
    ) -> Interaction:
        """Invoke a slash command with its options in a dictionary, so that one may be called `timeout`."""
        await asyncio.sleep(0)
        interaction = invoke(self, user, channel, command, options)
        await interaction.wait(self, timeout)
        return interaction

    async def wait_for_message(
        self, channel: Channel, wanted: Callable[[Message], bool], timeout: float = 10.0
    ) -> Message:
        """Wait until a channel holds a message that meets a condition; those that stand already count.

        Raises:
            TimeoutError: It did not come; the text shows what the channel holds.
        """

        def found() -> Message | None:
            return next((one for one in reversed(self.messages(channel)) if wanted(one)), None)

        await self.wait_until(lambda: found() is not None, timeout, lambda: self.transcript(channel))
        message = found()
        assert message is not None  # noqa: S101  # wait_until came back, and nothing ran since
        return message

    async def wait_until(
        self,
        condition: Callable[[], bool],
        timeout: float = 10.0,
        explain: Callable[[], str] | None = None,
    ) -> None:
        """Wait until a condition holds; it is looked at after each event and each request.

        Args:
            condition: What to wait for.
            timeout: Seconds.
            explain: Says what is there instead, for the error.

        Raises:
            TimeoutError: It did not come to hold.
        """
        try:
            async with asyncio.timeout(timeout):
                while not condition():
                    await self.changed()
        except TimeoutError:
            said = "" if explain is None else f" {explain()}"
            raise TimeoutError(f"It did not happen within {timeout:g} s.{said}") from None

    def transcript(self, channel: Channel) -> str:
        """Write down what a channel holds, for a person to read."""
        lines = [f"  {one.author.name}: {one.content!r}" for one in self.messages(channel)]
        return f"#{channel.name} holds {len(lines)} messages:\n" + "\n".join(lines)

    def subscribe(self) -> Subscription:
        """Take every event from now on, also those that no bot is sent (ephemeral messages)."""
        return Subscription(self)

    def commands(self, guild: Guild | None = None) -> list[Command]:
        """List the registered commands: all of them, or those one sees in a guild."""
        if guild is None:
            return self.command_book.all()
        return [one for one in self.command_book.all() if one.guild_id in (None, guild.id)]
