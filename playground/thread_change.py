"""Changes of a thread's settings: name, archive, lock, slow mode and tags, with the right that each takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playground import thread_state
from playground.access import may, require
from playground.errors import DiscordError, invalid_form
from playground.kinds import CHANNEL_NAME_CHANGE
from playground.permissions import Permission, to_talk
from playground.system import announce
from playground.thread_payloads import PINNED

if TYPE_CHECKING:
    from playground.parts import Thread
    from playground.values import Channel, Json, User
    from playground.world import World

# docs resources/channel#modify-channel-json-params-thread, applied_tags.
MAX_TAGS = 5
# What its creator may change as well (docs topics/threads#editing--deleting-threads; tags and invitable: assumed).
_OF_OWNER = {"name", "archived", "auto_archive_duration", "applied_tags", "invitable"}


def change(world: World, user: User, channel: Channel, state: Thread, changes: Json) -> None:
    """Change a thread (docs resources/channel#modify-channel-json-params-thread).

    Args:
        world: Where.
        user: Who changes it.
        channel: The thread.
        state: Its own part.
        changes: The fields of Discord's request body, checked already for their form.

    Raises:
        DiscordError: The user may not, or the thread is archived and does not come back by this (50083).
    """
    was_archived, old_name = state.archived, channel.name
    _check_rights(world, user, channel, state, changes)
    if was_archived and changes.get("archived") is not False:
        raise DiscordError(50083)
    if "applied_tags" in changes:
        tag_ids = [int(one) for one in changes["applied_tags"]]
        check_tags(world, user, world.channels[channel.parent_id or 0], tag_ids, state.tag_ids)
        state.tag_ids = tag_ids
    channel.name = changes.get("name", channel.name)
    channel.slowmode = changes.get("rate_limit_per_user", channel.slowmode) or 0
    state.archive_after = changes.get("auto_archive_duration", state.archive_after)
    state.locked = changes.get("locked", state.locked)
    state.invitable = changes.get("invitable", state.invitable)
    state.pinned = bool(int(changes["flags"]) & PINNED) if "flags" in changes else state.pinned
    thread_state.set_archived(world, state, archived=changes.get("archived", state.archived))
    if was_archived:
        thread_state.tell_unarchived(world, channel, state)
    else:
        thread_state.tell_update(world, channel)
    if channel.name != old_name:
        announce(world, channel, user, CHANNEL_NAME_CHANGE, content=channel.name)


def _check_rights(world: World, user: User, channel: Channel, state: Thread, changes: Json) -> None:
    require(world, channel, user)
    if may(world, channel, user, Permission.MANAGE_THREADS):
        return
    if state.locked:
        raise DiscordError(160005)
    if set(changes) == {"archived"} and not changes["archived"]:
        # "only the SEND_MESSAGES permission is required" (docs: modify channel), which in threads is another.
        require(world, channel, user, to_talk(channel))
    elif set(changes) - _OF_OWNER or state.owner_id != user.id:
        raise DiscordError(50013)


def check_tags(world: World, user: User, forum: Channel, wanted: list[int], present: list[int]) -> None:
    """Refuse tags that a forum does not have, too many, and moderated ones from who has no MANAGE_THREADS.

    Args:
        world: Where.
        user: Who puts them on or takes them off.
        forum: The forum.
        wanted: The ids that are to be on the post.
        present: The ids that are on it.
    """
    known = {} if forum.forum is None else {one.id: one for one in forum.forum.tags}
    if len(wanted) > MAX_TAGS:
        raise invalid_form("applied_tags", "BASE_TYPE_MAX_LENGTH", f"Must be {MAX_TAGS} or fewer in length.")
    if any(one not in known for one in wanted):
        raise DiscordError(10087)
    changed = [known[one] for one in set(wanted) ^ set(present) if one in known]
    if any(one.moderated for one in changed):
        require(world, forum, user, Permission.MANAGE_THREADS)
