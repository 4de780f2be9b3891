"""REST routes of threads and the posts of forums (docs resources/channel#start-thread-from-message and below)."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from playground import message_payloads, payloads, thread_payloads, threads
from playground.access import may
from playground.errors import DiscordError, invalid_form
from playground.kinds import PRIVATE_THREAD
from playground.permissions import Permission
from playground.rest.call import NO_CONTENT, Answer, snowflake, snowflakes
from playground.rest.messages import draft_of, limit_of
from playground.thread_sync import joined
from playground.threads import Plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from playground.parts import Thread
    from playground.rest.call import Call
    from playground.values import Channel, Json, User


async def from_message(call: Call) -> Answer:
    """Begin a thread at a message."""
    thread = threads.from_message(call.world, call.world.bot, call.message(), plan_of(call.json()))
    return Answer(payloads.channel(call.world, thread), 201)


async def create(call: Call) -> Answer:
    """Begin a thread at no message, or make a post where the channel is a forum."""
    channel, body, bot = call.channel(), call.json(), call.world.bot
    if channel.forum is None:
        thread = threads.without_message(call.world, bot, channel, plan_of(body))
        return Answer(payloads.channel(call.world, thread), 201)
    if not isinstance(body.get("message"), dict):
        raise invalid_form("message", "BASE_TYPE_REQUIRED", "This field is required")
    thread, message = threads.post(call.world, bot, channel, plan_of(body), draft_of(body["message"], call.uploads))
    nested = {"message": message_payloads.message(call.world, message)}
    return Answer(payloads.channel(call.world, thread) | nested, 201)


def plan_of(body: Json) -> Plan:
    """Read what thread a request wants; without a type it is private (docs: start thread without message)."""
    return Plan(
        str(body.get("name") or ""),
        body.get("auto_archive_duration"),
        body.get("rate_limit_per_user"),
        private=body.get("type", PRIVATE_THREAD) == PRIVATE_THREAD,
        invitable=body.get("invitable", True),
        tag_ids=snowflakes(body, "applied_tags"),
    )


async def join(call: Call) -> Answer:
    """Let the bot into a thread."""
    threads.join(call.world, call.world.bot, call.channel())
    return NO_CONTENT


async def leave(call: Call) -> Answer:
    """Let the bot out of a thread."""
    threads.leave(call.world, call.world.bot, call.channel())
    return NO_CONTENT


async def add(call: Call) -> Answer:
    """Add somebody to a thread."""
    threads.add(call.world, call.world.bot, call.channel(), _user(call))
    return NO_CONTENT


async def remove(call: Call) -> Answer:
    """Take somebody out of a thread."""
    threads.remove(call.world, call.world.bot, call.channel(), _user(call))
    return NO_CONTENT


async def member(call: Call) -> Answer:
    """Give somebody's place in a thread (docs resources/channel#get-thread-member)."""
    thread = call.channel()
    state, user = threads.state_of(thread), _user(call)
    if user.id not in state.members:
        raise DiscordError(10007)
    return Answer(_member(call, thread, state, user.id))


async def members(call: Call) -> Answer:
    """List who is in a thread, for which the members intent must be switched on (docs: list thread members).

    Only `with_member` cuts the list into pages.
    """
    if not call.world.privileged_intents:
        raise DiscordError(50001)
    thread = call.channel()
    state = threads.state_of(thread)
    ids = sorted(state.members)
    if _with_member(call):
        after = snowflake(call.query.get("after", "0"), "after")
        ids = [one for one in ids if one > after][: limit_of(call, highest=100, default=100)]
    return Answer([_member(call, thread, state, user_id) for user_id in ids])


def _with_member(call: Call) -> bool:
    return call.query.get("with_member", "").lower() in ("true", "1")


def _member(call: Call, thread: Channel, state: Thread, user_id: int) -> Json:
    shape = thread_payloads.member(thread, state, user_id)
    people = call.world.guilds[thread.guild_id or 0].members
    return shape | ({"member": payloads.member(people[user_id])} if _with_member(call) and user_id in people else {})


def _user(call: Call) -> User:
    """Give the user of the path; `@me` has a route of its own but stands for the bot all the same."""
    user_id = call.params["user_id"]
    user = call.world.bot if user_id == "@me" else call.world.users.get(snowflake(user_id, "user_id"))
    if user is None:
        raise DiscordError(10013)
    return user


async def active(call: Call) -> Answer:
    """List the threads of a guild that are not archived, newest first (docs resources/guild#list-active-guild-threads).

    Only those that the bot can see.
    """
    found = call.world.active_threads(call.guild(), call.world.bot)
    return Answer(_listed(call, sorted(found, key=lambda one: one.id, reverse=True)))


async def archived_public(call: Call) -> Answer:
    """List archived public threads, the one archived last first (docs: list public archived threads)."""
    return Answer(_archived(call, lambda one: one.type != PRIVATE_THREAD))


async def archived_private(call: Call) -> Answer:
    """List archived private threads, which takes MANAGE_THREADS too (docs: list private archived threads)."""
    call.need(call.channel(), Permission.MANAGE_THREADS)
    return Answer(_archived(call, lambda one: one.type == PRIVATE_THREAD))


async def archived_joined(call: Call) -> Answer:
    """List the archived private threads that the bot is in, newest first (docs: list joined private archived)."""
    bot = call.world.bot
    found = [one for one in _in_archive(call) if one.type == PRIVATE_THREAD and bot.id in threads.state_of(one).members]
    before = snowflake(call.query["before"], "before") if "before" in call.query else None
    older = [one for one in found if before is None or one.id < before]
    return Answer(_page(call, sorted(older, key=lambda one: one.id, reverse=True)))


def _in_archive(call: Call) -> list[Channel]:
    channel = call.channel()
    call.need(channel, Permission.READ_MESSAGE_HISTORY)
    return [one for one in call.world.threads(channel) if threads.state_of(one).archived]


def _archived(call: Call, wanted: Callable[[Channel], bool]) -> Json:
    found = [one for one in _in_archive(call) if wanted(one)]
    if "before" in call.query:
        before = timestamp(call.query["before"], "before")
        found = [one for one in found if threads.state_of(one).changed_at < before]
    return _page(call, sorted(found, key=lambda one: threads.state_of(one).changed_at, reverse=True))


def timestamp(text: str, field: str) -> dt.datetime:
    """Read a time in ISO 8601; one without a zone is in UTC (assumed)."""
    try:
        at = dt.datetime.fromisoformat(text)
    except ValueError:
        raise invalid_form(field, "DATE_TIME_TYPE_PARSE", f"Could not parse {text}. Should be ISO8601.") from None
    return at if at.tzinfo is not None else at.replace(tzinfo=dt.UTC)


def _page(call: Call, found: list[Channel]) -> Json:
    limit = limit_of(call, highest=100)
    return _listed(call, found[:limit]) | {"has_more": len(found) > limit}


def _listed(call: Call, found: list[Channel]) -> Json:
    """Shape a list of threads; the document wants `has_more` everywhere (OpenAPI ThreadsResponse)."""
    seen = [one for one in found if may(call.world, one, call.world.bot, Permission.VIEW_CHANNEL)]
    shapes = [payloads.channel(call.world, one, with_member=False) for one in seen]
    return {"threads": shapes, "members": joined(call.world, seen), "has_more": False}
