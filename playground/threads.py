"""Threads and the posts of forums: how they are made, changed, joined and deleted, by people and the bot alike."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from playground import acts, sending, thread_state
from playground.access import may, require, require_patience_for_thread, require_unarchived
from playground.errors import DiscordError, invalid_form
from playground.kinds import (
    ANNOUNCEMENT_THREAD,
    GUILD_ANNOUNCEMENT,
    HAS_THREAD,
    PRIVATE_THREAD,
    PUBLIC_THREAD,
    RECIPIENT_ADD,
    RECIPIENT_REMOVE,
    SYSTEM_TYPES,
    THREAD_CREATED,
    THREAD_STARTER,
)
from playground.parts import ARCHIVE_DURATIONS, DEFAULT_ARCHIVE_DURATION, Reference, Thread
from playground.permissions import Permission, to_talk
from playground.system import announce
from playground.thread_change import check_tags
from playground.values import GUILD_TEXT, Channel, Event

if TYPE_CHECKING:
    from playground.drafts import Draft
    from playground.values import Message, User
    from playground.world import World

# "older is still TBD, but is currently set to a very small value" (docs topics/threads#new-message-types);
# a minute is assumed.
OLDER_SECONDS = 60
# docs resources/channel#start-thread-from-message, name and rate_limit_per_user.
MAX_NAME, MAX_SLOWMODE = 100, 21600


@dataclass(frozen=True, slots=True)
class Plan:
    """A thread to be made.

    Attributes:
        archive_after: Minutes without activity until it is hidden; None for the usual.
        slowmode: Seconds between two messages of somebody; None for the channel's usual.
        private: Whether only its members see it.
        invitable: Whether the members of a private one may add others.
        tag_ids: Tags of a forum's post.
    """

    name: str
    archive_after: int | None = None
    slowmode: int | None = None
    private: bool = False
    invitable: bool = True
    tag_ids: tuple[int, ...] = ()


def from_message(world: World, user: User, message: Message, plan: Plan) -> Channel:
    """Begin a thread at a message, whose id it takes (docs resources/channel#start-thread-from-message).

    THREAD_CREATE and MESSAGE_UPDATE go out, then MESSAGE_CREATE for the first message in the thread: it has the
    id of the thread and does nothing but point at the message (id and author: assumed, the documentation tells
    its type and reference).
    """
    parent = world.channels[message.channel_id]
    if parent.type not in (GUILD_TEXT, GUILD_ANNOUNCEMENT):
        raise DiscordError(50024)
    require(world, parent, user, Permission.CREATE_PUBLIC_THREADS, Permission.READ_MESSAGE_HISTORY)
    if message.id in world.channels:
        raise DiscordError(160004)
    if message.type in SYSTEM_TYPES:
        raise DiscordError(50021)
    thread = _made(world, user, parent, replace(plan, private=False), message.id)
    message.flags |= HAS_THREAD
    acts.tell_update(world, message)
    _tell_owner(world, thread, user)
    source = Reference(message.id, parent.id, parent.guild_id)
    announce(world, thread, user, THREAD_STARTER, reference=source, message_id=thread.id)
    if (world.clock.now() - message.at).total_seconds() > OLDER_SECONDS:
        _announce_thread(world, parent, user, thread)
    return thread


def without_message(world: World, user: User, parent: Channel, plan: Plan) -> Channel:
    """Begin a thread of its own (docs resources/channel#start-thread-without-message).

    A public one is announced in its channel by a message of type 18, whose id it takes ("the created thread and
    the message it was started from will share the same id", docs topics/threads; for this message: assumed).
    """
    if parent.type not in ((GUILD_TEXT,) if plan.private else (GUILD_TEXT, GUILD_ANNOUNCEMENT)):
        raise DiscordError(50024)
    require(world, parent, user, _to_make(plan))
    thread = _made(world, user, parent, plan, world.snowflakes.next())
    _tell_owner(world, thread, user)
    if not plan.private:
        _announce_thread(world, parent, user, thread, message_id=thread.id, flags=HAS_THREAD)
    return thread


def post(world: World, user: User, forum: Channel, plan: Plan, draft: Draft) -> tuple[Channel, Message]:
    """Make a post: a thread whose first message has its id (docs: start-thread-in-forum-or-media-channel).

    It takes SEND_MESSAGES in the forum; CREATE_PUBLIC_THREADS and SEND_MESSAGES_IN_THREADS do not matter.
    """
    if forum.forum is None:
        raise DiscordError(50024)
    sending.check_sender(world, forum, user, draft)
    return open_post(world, user, forum, plan, draft)


def open_post(world: World, author: User, forum: Channel, plan: Plan, draft: Draft) -> tuple[Channel, Message]:
    """Make a post without asking for rights; its message is checked first, so that no empty thread is left behind."""
    state = forum.forum
    if state is None:
        raise DiscordError(50024)
    check_tags(world, author, forum, list(plan.tag_ids), [])
    if state.tag_required and not plan.tag_ids:
        raise DiscordError(40067)
    sending.check_parts(world, author, draft)
    slowmode = state.post_slowmode if plan.slowmode is None else plan.slowmode
    thread = _made(world, author, forum, replace(plan, slowmode=slowmode), world.snowflakes.next())
    _tell_owner(world, thread, author)
    return thread, sending.put(world, thread, author, replace(draft, message_id=thread.id))


def _to_make(plan: Plan) -> Permission:
    return Permission.CREATE_PRIVATE_THREADS if plan.private else Permission.CREATE_PUBLIC_THREADS


def _made(world: World, user: User, parent: Channel, plan: Plan, thread_id: int) -> Channel:
    """Make the thread with its owner in it, and tell of it."""
    check_name(plan.name)
    archive_after = plan.archive_after or DEFAULT_ARCHIVE_DURATION
    check_duration(archive_after)
    check_slowmode(plan.slowmode or 0)
    require_patience_for_thread(world, parent, user)
    now = world.clock.now()
    state = Thread(
        user.id,
        now,
        now,
        archive_after,
        invitable=plan.invitable,
        members={user.id: now} if user.id in world.guilds[parent.guild_id or 0].members else {},
        tag_ids=list(plan.tag_ids),
    )
    public = ANNOUNCEMENT_THREAD if parent.type == GUILD_ANNOUNCEMENT else PUBLIC_THREAD
    thread = Channel(
        thread_id,
        plan.name,
        PRIVATE_THREAD if plan.private else public,
        parent.guild_id,
        slowmode=plan.slowmode or 0,
        parent_id=parent.id,
        thread=state,
    )
    world.channels[thread.id] = thread
    thread_state.tell_created(world, thread, new=True)
    return thread


def _tell_owner(world: World, thread: Channel, user: User) -> None:
    """Tell that the owner is in the thread ("always sent when the current user is added", docs topics/threads)."""
    if thread.thread is not None and user.id in thread.thread.members:
        thread_state.tell_members(world, thread, thread.thread, [user])


def _announce_thread(
    world: World, parent: Channel, user: User, thread: Channel, *, message_id: int | None = None, flags: int = 0
) -> None:
    """Tell the channel of a new thread; the content is its name (docs topics/threads#new-message-types)."""
    at = Reference(None, thread.id, thread.guild_id)
    announce(world, parent, user, THREAD_CREATED, content=thread.name, reference=at, message_id=message_id, flags=flags)


def check_name(name: str) -> None:
    """Refuse a name that is empty or too long."""
    if not 1 <= len(name) <= MAX_NAME:
        raise invalid_form("name", "BASE_TYPE_BAD_LENGTH", f"Must be between 1 and {MAX_NAME} in length.")


def check_duration(minutes: int) -> None:
    """Refuse a duration that Discord does not offer."""
    if minutes not in ARCHIVE_DURATIONS:
        text = f"Value must be one of {set(ARCHIVE_DURATIONS)}."
        raise invalid_form("auto_archive_duration", "BASE_TYPE_CHOICES", text)


def check_slowmode(seconds: int) -> None:
    """Refuse a slow mode that is too slow."""
    if not 0 <= seconds <= MAX_SLOWMODE:
        text = f"int value should be between 0 and {MAX_SLOWMODE}."
        raise invalid_form("rate_limit_per_user", "NUMBER_TYPE_MAX", text)


def state_of(channel: Channel) -> Thread:
    """Give what a thread is; any other channel is refused."""
    if channel.thread is None:
        raise DiscordError(50024)
    return channel.thread


def join(world: World, user: User, thread: Channel) -> None:
    """Let a user into a thread by themselves (docs resources/channel#join-thread)."""
    require(world, thread, user)
    require_unarchived(thread)
    thread_state.add(world, thread, state_of(thread), [user])


def leave(world: World, user: User, thread: Channel) -> None:
    """Let a user out of a thread (docs resources/channel#leave-thread)."""
    require(world, thread, user)
    require_unarchived(thread)
    thread_state.remove(world, thread, state_of(thread), user)


def add(world: World, user: User, thread: Channel, other: User) -> None:
    """Add somebody to a thread (docs resources/channel#add-thread-member); the system says so (type 1).

    It takes the right to talk in it, and MANAGE_THREADS where a private thread is not `invitable`.
    """
    state = state_of(thread)
    require(world, thread, user, to_talk(thread))
    require_unarchived(thread)
    if thread.type == PRIVATE_THREAD and not state.invitable:
        require(world, thread, user, Permission.MANAGE_THREADS)
    if other.id not in world.guilds[thread.guild_id or 0].members:
        raise DiscordError(10007)
    # "Users must have the VIEW_CHANNEL permission to view any threads in the channel" (docs topics/permissions).
    require(world, world.channels[thread.parent_id or 0], other)
    if other.id not in state.members:
        thread_state.add(world, thread, state, [other])
        announce(world, thread, user, RECIPIENT_ADD, mentions=(other,))


def remove(world: World, user: User, thread: Channel, other: User) -> None:
    """Take somebody out of a thread (docs resources/channel#remove-thread-member); the system says so (type 2)."""
    state = state_of(thread)
    require(world, thread, user)
    if not (thread.type == PRIVATE_THREAD and state.owner_id == user.id):
        require(world, thread, user, Permission.MANAGE_THREADS)
    require_unarchived(thread)
    if other.id in state.members:
        announce(world, thread, user, RECIPIENT_REMOVE, mentions=(other,))
        thread_state.remove(world, thread, state, other)


def delete(world: World, user: User, thread: Channel) -> None:
    """Delete a thread with all that stands in it (docs topics/threads#editing--deleting-threads)."""
    require(world, thread, user, Permission.MANAGE_THREADS)
    subset = {"id": str(thread.id), "guild_id": str(thread.guild_id), "type": thread.type}
    data = subset | {"parent_id": str(thread.parent_id)}
    seen = may(world, thread, world.bot, Permission.VIEW_CHANNEL)
    del world.channels[thread.id]
    world.publish(Event("THREAD_DELETE", data, thread.guild_id, for_bot=seen))
    source = world.find_message(thread.id, world.channels[thread.parent_id or 0])
    if source is not None:
        source.flags &= ~HAS_THREAD
        acts.tell_update(world, source)
