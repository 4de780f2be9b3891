"""Changes what a thread is, and tells of it: who is in it, and whether it is archived."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playground import payloads, thread_payloads
from playground.values import Event

if TYPE_CHECKING:
    from collections.abc import Iterable

    from playground.parts import Thread
    from playground.values import Channel, User
    from playground.world import World


def tell_created(world: World, channel: Channel, *, new: bool) -> None:
    """Send THREAD_CREATE: a thread was made, or the bot came into one (docs gateway-events#thread-create)."""
    shape = payloads.channel(world, channel, with_member=not new)
    world.publish(
        Event("THREAD_CREATE", shape | ({"newly_created": True} if new else {}), channel.guild_id, channel.id)
    )


def tell_update(world: World, channel: Channel) -> None:
    """Send THREAD_UPDATE (docs gateway-events#thread-update)."""
    shape = payloads.channel(world, channel, with_member=False)
    world.publish(Event("THREAD_UPDATE", shape, channel.guild_id, channel.id))


def add(world: World, channel: Channel, state: Thread, users: Iterable[User]) -> None:
    """Let users into a thread; who is in it already stays as they are (docs: Add Thread Member).

    The bot is told of the thread first, so that it knows what it joined (docs topics/threads#thread-access; the
    order of the two events is assumed).
    """
    new = [user for user in users if user.id not in state.members]
    if not new:
        return
    state.members |= dict.fromkeys((user.id for user in new), world.clock.now())
    if world.bot in new:
        tell_created(world, channel, new=False)
    tell_members(world, channel, state, new)


def tell_members(world: World, channel: Channel, state: Thread, added: Iterable[User]) -> None:
    """Send THREAD_MEMBERS_UPDATE for who came (docs gateway-events#thread-members-update)."""
    members = world.guilds[channel.guild_id or 0].members
    shapes = [
        thread_payloads.member(channel, state, user.id)
        | {"member": payloads.member(members[user.id]), "presence": None}
        for user in added
    ]
    _tell_members(world, channel, state, {"added_members": shapes}, bot_left=False)


def remove(world: World, channel: Channel, state: Thread, user: User) -> None:
    """Take a user out of a thread; one who is not in it changes nothing (assumed)."""
    if state.members.pop(user.id, None) is None:
        return
    _tell_members(world, channel, state, {"removed_member_ids": [str(user.id)]}, bot_left=user == world.bot)


def _tell_members(world: World, channel: Channel, state: Thread, changes: dict[str, object], *, bot_left: bool) -> None:
    shape = {
        "id": str(channel.id),
        "guild_id": str(channel.guild_id),
        "member_count": thread_payloads.member_count(state),
        **changes,
    }
    # Who was removed is told so, though a private thread is out of sight by then.
    place = None if bot_left else channel.id
    world.publish(Event("THREAD_MEMBERS_UPDATE", shape, channel.guild_id, place))


def set_archived(world: World, state: Thread, *, archived: bool) -> None:
    """Archive a thread or bring it back, without telling anybody yet; a post that is archived loses its pin."""
    if state.archived != archived:
        state.archived = archived
        state.changed_at = world.clock.now()
        state.pinned = state.pinned and not archived


def tell_unarchived(world: World, channel: Channel, state: Thread) -> None:
    """Send the two events of a thread that was brought back (docs topics/threads#unarchiving-a-thread)."""
    tell_update(world, channel)
    if world.bot.id in state.members:
        shape = thread_payloads.member(channel, state, world.bot.id) | {"guild_id": str(channel.guild_id)}
        world.publish(Event("THREAD_MEMBER_UPDATE", shape, channel.guild_id, channel.id))


def enter(world: World, channel: Channel, users: Iterable[User]) -> None:
    """Make a thread ready for a message: it comes back from the archive, and who speaks is in it.

    "The API will helpfully automatically unarchive a thread" and "add users to a thread when sending a message"
    (docs resources/channel#channel-object-example-thread-channel). Where nothing is a thread, nothing happens.
    """
    state = channel.thread
    if state is None:
        return
    if state.archived:
        set_archived(world, state, archived=False)
        tell_unarchived(world, channel, state)
    add(world, channel, state, users)
