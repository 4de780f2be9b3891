"""REST routes that change and delete channels, threads and their overwrites (docs resources/channel#modify-channel)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from playground import payloads, thread_change, threads
from playground.errors import DiscordError
from playground.parts import Tag
from playground.permissions import Permission
from playground.rest.call import NO_CONTENT, Answer, snowflake
from playground.thread_payloads import REQUIRE_TAG
from playground.thread_sync import access_kept_in_sync
from playground.values import Event, Overwrite

if TYPE_CHECKING:
    from playground.parts import Forum
    from playground.rest.call import Call
    from playground.values import Channel, Json


async def modify(call: Call) -> Answer:
    """Change a channel or a thread; what is not named stays."""
    channel, changes = call.channel(), call.json()
    _check_form(changes)
    if channel.thread is not None:
        thread_change.change(call.world, call.world.bot, channel, channel.thread, changes)
        return Answer(payloads.channel(call.world, channel))
    if channel.is_dm:
        raise DiscordError(50003)
    call.need(channel, Permission.MANAGE_CHANNELS)
    with access_kept_in_sync(call.world, call.world.guild_of(channel)):
        _apply(call, channel, changes)
        _tell(call, "CHANNEL_UPDATE", channel)
    return Answer(payloads.channel(call.world, channel))


def _check_form(changes: Json) -> None:
    if "name" in changes:
        threads.check_name(str(changes["name"] or ""))
    if changes.get("auto_archive_duration") is not None:
        threads.check_duration(changes["auto_archive_duration"])
    threads.check_slowmode(changes.get("rate_limit_per_user") or 0)


def _apply(call: Call, channel: Channel, changes: Json) -> None:
    """Take over the settings that exist here: name, topic, slow mode, overwrites and what a forum has."""
    if "permission_overwrites" in changes:
        listed: list[Json] = changes["permission_overwrites"] or []
        made = [_overwrite(call, channel, snowflake(one["id"], "id"), one) for one in listed]
        channel.overwrites = {one.target_id: one for one in made}
    channel.name = changes.get("name", channel.name)
    channel.topic = changes.get("topic", channel.topic)
    channel.slowmode = changes.get("rate_limit_per_user", channel.slowmode) or 0
    if channel.forum is not None:
        _apply_to_forum(call, channel.forum, changes)


def _apply_to_forum(call: Call, forum: Forum, changes: Json) -> None:
    if "flags" in changes:
        forum.tag_required = bool(int(changes["flags"]) & REQUIRE_TAG)
    forum.post_slowmode = changes.get("default_thread_rate_limit_per_user", forum.post_slowmode) or 0
    if "available_tags" in changes:
        forum.tags = [_tag(call, forum, one) for one in changes["available_tags"]]


def _tag(call: Call, forum: Forum, wanted: Json) -> Tag:
    """Make a tag, or change the one of that id ("tag objects ... only require the name field")."""
    known = {str(one.id): one for one in forum.tags}
    old = known.get(str(wanted.get("id"))) or Tag(call.world.snowflakes.next(), "")
    moderated, emoji = bool(wanted.get("moderated")), wanted.get("emoji_name")
    return replace(old, name=str(wanted["name"]), moderated=moderated, emoji=emoji)


async def delete(call: Call) -> Answer:
    """Delete a channel or a thread; what is answered is as it was."""
    channel = call.channel()
    shape = payloads.channel(call.world, channel)
    if channel.thread is not None:
        threads.delete(call.world, call.world.bot, channel)
    elif not channel.is_dm:
        call.need(channel, Permission.MANAGE_CHANNELS)
        _tell(call, "CHANNEL_DELETE", channel)
        call.world.forget_channel(channel)
    return Answer(shape)


async def put_overwrite(call: Call) -> Answer:
    """Let a channel allow or deny something to a role or a member (docs: edit channel permissions)."""
    channel = _with_overwrites(call)
    overwrite = _overwrite(call, channel, call.id("overwrite_id"), call.json())
    with access_kept_in_sync(call.world, call.world.guild_of(channel)):
        channel.overwrites[overwrite.target_id] = overwrite
        _tell(call, "CHANNEL_UPDATE", channel)
    return NO_CONTENT


async def delete_overwrite(call: Call) -> Answer:
    """Let a channel say nothing about a role or a member any more (docs: delete channel permission)."""
    channel = _with_overwrites(call)
    if call.id("overwrite_id") not in channel.overwrites:
        raise DiscordError(10009)
    with access_kept_in_sync(call.world, call.world.guild_of(channel)):
        del channel.overwrites[call.id("overwrite_id")]
        _tell(call, "CHANNEL_UPDATE", channel)
    return NO_CONTENT


def _with_overwrites(call: Call) -> Channel:
    channel = call.channel()
    if channel.is_dm:
        raise DiscordError(50003)
    if channel.thread is not None:
        raise DiscordError(50024)
    return channel


def _overwrite(call: Call, channel: Channel, target_id: int, wanted: Json) -> Overwrite:
    """Read an overwrite; the bot needs MANAGE_ROLES and may hand out only what it has (docs: modify channel)."""
    call.need(channel, Permission.MANAGE_ROLES)
    allow, deny = int(wanted.get("allow") or 0), int(wanted.get("deny") or 0)
    if (allow | deny) & ~call.world.permissions(channel, call.world.bot):
        raise DiscordError(50013)
    guild = call.guild_of(channel)
    is_member = int(wanted.get("type") or 0) == 1
    if target_id not in (guild.members if is_member else guild.roles):
        raise DiscordError(10013 if is_member else 10011)
    return Overwrite(target_id, is_member, allow, deny)


def _tell(call: Call, name: str, channel: Channel) -> None:
    call.world.publish(Event(name, payloads.channel(call.world, channel), channel.guild_id, channel.id))
