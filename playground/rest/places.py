"""REST routes of the bot itself, users, guilds, members, roles and channels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playground import payloads
from playground.errors import DiscordError
from playground.permissions import to_talk
from playground.rest.call import NO_CONTENT, Answer, snowflake

if TYPE_CHECKING:
    from playground.rest.call import Call


async def me(call: Call) -> Answer:
    """Give the bot's user (docs resources/user#get-current-user)."""
    return Answer(payloads.own_user(call.world.bot))


async def application(call: Call) -> Answer:
    """Give the bot's application (docs resources/application#get-current-application)."""
    return Answer(payloads.application(call.world))


async def user(call: Call) -> Answer:
    """Give a user (docs resources/user#get-user)."""
    someone = call.world.users.get(call.id("user_id"))
    if someone is None:
        raise DiscordError(10013)
    return Answer(payloads.user(someone))


async def my_guilds(call: Call) -> Answer:
    """List the bot's guilds (docs resources/user#get-current-user-guilds)."""
    bot = call.world.bot
    return Answer([payloads.my_guild(one, bot.id) for one in call.world.guilds_of(bot)])


async def open_dm(call: Call) -> Answer:
    """Give the direct messages with a user, made if need be (docs resources/user#create-dm)."""
    recipient = snowflake(call.json().get("recipient_id"), "recipient_id")
    someone = call.world.users.get(recipient)
    if someone is None:
        raise DiscordError(10013)
    if someone.id == call.world.bot.id:
        raise DiscordError(50007)
    return Answer(payloads.channel(call.world, call.world.dm(someone)))


async def guild(call: Call) -> Answer:
    """Give a guild (docs resources/guild#get-guild)."""
    return Answer(payloads.guild(call.guild()))


async def channels(call: Call) -> Answer:
    """List a guild's channels (docs resources/guild#get-guild-channels)."""
    return Answer([payloads.channel(call.world, one) for one in call.guild().channels.values()])


async def roles(call: Call) -> Answer:
    """List a guild's roles (docs resources/guild#get-guild-roles)."""
    return Answer([payloads.role(one) for one in call.guild().roles.values()])


async def members(call: Call) -> Answer:
    """List members by id (docs resources/guild#list-guild-members), which needs the members intent."""
    if not call.world.privileged_intents:
        raise DiscordError(50001)
    limit, after = int(call.query.get("limit", "1")), snowflake(call.query.get("after", "0"), "after")
    found = sorted((one for one in call.guild().members.values() if one.user.id > after), key=lambda one: one.user.id)
    return Answer([payloads.member(one) for one in found[:limit]])


async def member(call: Call) -> Answer:
    """Give a member (docs resources/guild#get-guild-member)."""
    found = call.guild().members.get(call.id("user_id"))
    if found is None:
        raise DiscordError(10007)
    return Answer(payloads.member(found))


async def channel(call: Call) -> Answer:
    """Give a channel (docs resources/channel#get-channel)."""
    return Answer(payloads.channel(call.world, call.channel()))


async def typing(call: Call) -> Answer:
    """Show the bot as typing (docs resources/channel#trigger-typing-indicator)."""
    found = call.channel()
    call.need(found, to_talk(found))
    call.world.show_typing(found, call.world.bot)
    return NO_CONTENT


async def gateway(call: Call) -> Answer:
    """Tell where the gateway is (docs events/gateway#get-gateway)."""
    return Answer({"url": call.world.gateway_url})


async def gateway_bot(call: Call) -> Answer:
    """Tell where the gateway is and how often one may identify (docs events/gateway#get-gateway-bot)."""
    return Answer({"url": call.world.gateway_url} | call.world.session_starts.shape())
