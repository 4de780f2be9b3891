"""The wire shapes of threads, their members and the tags of forums."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playground.kinds import PRIVATE_THREAD

if TYPE_CHECKING:
    from playground.parts import Forum, Tag, Thread
    from playground.values import Channel, Json
    from playground.world import World

# docs resources/channel#channel-object-channel-flags
PINNED, REQUIRE_TAG = 1 << 1, 1 << 4
# "it stops counting at 50" (docs topics/threads#thread-fields).
_MOST_COUNTED = 50


def thread(world: World, channel: Channel, state: Thread) -> Json:
    """Shape what a thread has beside id, type and last message (OpenAPI ThreadResponse)."""
    # Neither the message that began it nor, of the present ones, the deleted count (docs: channel structure).
    sent = [one for one in world.messages(channel, deleted=True) if one.id != channel.id]
    shape: Json = {
        "guild_id": str(channel.guild_id),
        "parent_id": str(channel.parent_id),
        "owner_id": str(state.owner_id),
        "name": channel.name,
        "rate_limit_per_user": channel.slowmode,
        "flags": PINNED if state.pinned else 0,
        "message_count": len([one for one in sent if not one.deleted]),
        "total_message_sent": len(sent),
        "member_count": member_count(state),
        "thread_metadata": _metadata(channel, state),
    }
    in_forum = world.channels[channel.parent_id or 0].forum is not None
    return shape | ({"applied_tags": [str(tag_id) for tag_id in state.tag_ids]} if in_forum else {})


def _metadata(channel: Channel, state: Thread) -> Json:
    shape: Json = {
        "archived": state.archived,
        "archive_timestamp": state.changed_at.isoformat(),
        "auto_archive_duration": state.archive_after,
        "locked": state.locked,
        "create_timestamp": state.created_at.isoformat(),
    }
    # "only available on private threads" (docs resources/channel#thread-metadata-object).
    return shape | ({"invitable": state.invitable} if channel.type == PRIVATE_THREAD else {})


def member_count(state: Thread) -> int:
    """Count the members as Discord shows them."""
    return min(len(state.members), _MOST_COUNTED)


def member(channel: Channel, state: Thread, user_id: int) -> Json:
    """Shape somebody's place in a thread (OpenAPI ThreadMemberResponse)."""
    return {
        "id": str(channel.id),
        "user_id": str(user_id),
        "join_timestamp": state.members[user_id].isoformat(),
        "flags": 0,
    }


def forum(a_forum: Forum) -> Json:
    """Shape what a forum has beside a channel's things (docs topics/threads#forum-and-media-channel-fields)."""
    return {
        "flags": REQUIRE_TAG if a_forum.tag_required else 0,
        "available_tags": [tag(one) for one in a_forum.tags],
        "default_thread_rate_limit_per_user": a_forum.post_slowmode,
        "default_reaction_emoji": None,
        "default_sort_order": None,
        "default_forum_layout": 0,
    }


def tag(a_tag: Tag) -> Json:
    """Shape a tag (OpenAPI ForumTagResponse)."""
    return {
        "id": str(a_tag.id),
        "name": a_tag.name,
        "moderated": a_tag.moderated,
        "emoji_id": None,
        "emoji_name": a_tag.emoji,
    }
