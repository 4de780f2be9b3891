"""REST routes of application commands, global and of guilds (docs interactions/application-commands#endpoints)."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from playground.errors import DiscordError
from playground.rest.call import NO_CONTENT, Answer

if TYPE_CHECKING:
    from playground.rest.call import Call
    from playground.values import Json


def _place(call: Call) -> int | None:
    """Give the guild of the path, or None for the global commands; the application must be the bot's own."""
    if call.id("application_id") != call.world.application_id:
        raise DiscordError(50001)
    if "guild_id" not in call.params:
        return None
    guild = call.world.guilds.get(call.id("guild_id"))
    if guild is None:
        raise DiscordError(50001)
    return guild.id


async def listed(call: Call) -> Answer:
    """List the commands of a place."""
    return Answer([call.world.command_book.shape(one) for one in call.world.command_book.of(_place(call))])


async def overwrite(call: Call) -> Answer:
    """Replace all commands of a place."""
    place = _place(call)
    if not isinstance(call.body, list):
        raise DiscordError(50109)
    bodies = cast("list[Json]", call.body)
    kept = call.world.command_book.overwrite(place, bodies)
    return Answer([call.world.command_book.shape(one) for one in kept])


async def create(call: Call) -> Answer:
    """Register one command: 201 for a new one, 200 for one of a known name."""
    command, new = call.world.command_book.put(_place(call), call.json())
    return Answer(call.world.command_book.shape(command), 201 if new else 200)


async def get(call: Call) -> Answer:
    """Give one command."""
    command = call.world.command_book.get(_place(call), call.id("command_id"))
    return Answer(call.world.command_book.shape(command))


async def edit(call: Call) -> Answer:
    """Change one command."""
    command = call.world.command_book.patch(_place(call), call.id("command_id"), call.json())
    return Answer(call.world.command_book.shape(command))


async def delete(call: Call) -> Answer:
    """Remove one command."""
    call.world.command_book.delete(_place(call), call.id("command_id"))
    return NO_CONTENT
