"""The acts of people with threads, posts, forwards, pins and webhooks."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from playground import pins, sending, thread_change, threads, webhooks
from playground.drafts import Draft
from playground.errors import DiscordError
from playground.moderation import Moderation
from playground.parts import FORWARD
from playground.threads import Plan
from playground.uploads import Upload
from playground.values import Channel, Message

if TYPE_CHECKING:
    from collections.abc import Iterable

    from playground.parts import Tag, Webhook
    from playground.values import Json, User

    # A file as a test writes it: name, bytes and content type; or with all that can be said of it.
    File = tuple[str, bytes, str] | Upload


class ThreadPeople(Moderation):
    """A world in which one can act in threads, under the rules and refusals of `People`."""

    async def thread(
        self, user: User, where: Message | Channel, name: str, *, private: bool = False, invitable: bool = True
    ) -> Channel:
        """Begin a thread as a user.

        Args:
            user: Who begins it.
            where: The message it begins at, or the channel for one that begins at no message.
            name: Its name.
            private: Whether only its members see it; such a thread begins at no message.
            invitable: Whether the members of a private one may add others.
        """
        await asyncio.sleep(0)
        plan = Plan(name, private=private, invitable=invitable)
        if isinstance(where, Channel):
            return threads.without_message(self, user, where, plan)
        return threads.from_message(self, user, self.standing(where), plan)

    async def post(
        self,
        user: User,
        forum: Channel,
        title: str,
        text: str = "",
        *,
        tags: Iterable[Tag] = (),
        attachments: Iterable[File] = (),
    ) -> Channel:
        """Make a post in a forum as a user; what is given back is its thread, whose id its first message has."""
        await asyncio.sleep(0)
        draft = Draft(content=text, uploads=uploads_of(attachments))
        plan = Plan(title, tag_ids=tuple(tag.id for tag in tags))
        thread, _ = threads.post(self, user, forum, plan, draft)
        return thread

    async def archive(self, user: User, thread: Channel) -> None:
        """Archive a thread as a user."""
        await self._change(user, thread, {"archived": True})

    async def unarchive(self, user: User, thread: Channel) -> None:
        """Bring a thread back as a user."""
        await self._change(user, thread, {"archived": False})

    async def lock(self, user: User, thread: Channel, *, archive: bool = False) -> None:
        """Lock a thread as a user, and archive it if wanted (clients call that to close it)."""
        await self._change(user, thread, {"locked": True, "archived": archive})

    async def unlock(self, user: User, thread: Channel) -> None:
        """Unlock a thread as a user, which brings it back."""
        await self._change(user, thread, {"locked": False, "archived": False})

    async def rename(self, user: User, thread: Channel, name: str) -> None:
        """Give a thread another name as a user."""
        threads.check_name(name)
        await self._change(user, thread, {"name": name})

    async def _change(self, user: User, thread: Channel, changes: Json) -> None:
        await asyncio.sleep(0)
        thread_change.change(self, user, thread, threads.state_of(thread), changes)

    async def join(self, user: User, thread: Channel) -> None:
        """Come into a thread as a user."""
        await asyncio.sleep(0)
        threads.join(self, user, thread)

    async def leave(self, user: User, thread: Channel) -> None:
        """Go out of a thread as a user."""
        await asyncio.sleep(0)
        threads.leave(self, user, thread)

    async def add_to_thread(self, user: User, thread: Channel, other: User) -> None:
        """Add somebody to a thread as a user."""
        await asyncio.sleep(0)
        threads.add(self, user, thread, other)

    async def remove_from_thread(self, user: User, thread: Channel, other: User) -> None:
        """Take somebody out of a thread as a user."""
        await asyncio.sleep(0)
        threads.remove(self, user, thread, other)

    async def delete_thread(self, user: User, thread: Channel) -> None:
        """Delete a thread as a user."""
        await asyncio.sleep(0)
        threads.delete(self, user, thread)

    async def forward(self, user: User, message: Message, channel: Channel) -> Message:
        """Forward a message into a channel as a user."""
        await asyncio.sleep(0)
        reference = {"type": FORWARD, "message_id": message.id, "channel_id": message.channel_id}
        return sending.send(self, channel, user, Draft(reference=reference))

    async def pin(self, user: User, message: Message) -> None:
        """Pin a message as a user."""
        await asyncio.sleep(0)
        pins.pin(self, user, self.standing(message))

    async def unpin(self, user: User, message: Message) -> None:
        """Take a message off the pins as a user."""
        await asyncio.sleep(0)
        pins.unpin(self, user, self.standing(message))

    async def webhook(self, user: User, channel: Channel, name: str) -> Webhook:
        """Make a webhook as a user."""
        await asyncio.sleep(0)
        return webhooks.create(self, user, channel, name)

    async def send_by_webhook(
        self, webhook: Webhook, text: str = "", *, name: str | None = None, thread: Channel | None = None
    ) -> Message:
        """Send a message through a webhook, under another name and into a thread if wanted."""
        await asyncio.sleep(0)
        channel = thread or self.channels[webhook.channel_id]
        return sending.send(self, channel, webhooks.speaker(webhook, name), Draft(content=text, webhook=webhook))

    def standing(self, message: Message) -> Message:
        """Give a message that stands; one that is gone, or whose channel is, is refused."""
        if message.channel_id not in self.channels:
            raise DiscordError(10003)
        if message.deleted:
            raise DiscordError(10008)
        return message


def uploads_of(files: Iterable[File]) -> tuple[Upload, ...]:
    """Read files as tests give them."""
    return tuple(one if isinstance(one, Upload) else Upload(*one) for one in files)
