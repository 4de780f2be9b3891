"""Slash commands as a user types them: invoked with all options, or completed while one is being typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playground.command_kinds import GROUP, SUBCOMMAND
from playground.interaction_payloads import begin
from playground.offering import UnknownCommand, find_command, owners_of
from playground.options import BadOption, read_options, read_partial
from playground.resolving import Resolved
from playground.values import AUTOCOMPLETE, COMMAND

if TYPE_CHECKING:
    from collections.abc import Mapping

    from playground.commands import Command
    from playground.interactions import Interaction
    from playground.values import Channel, Json, User
    from playground.world import World


def invoke(world: World, user: User, channel: Channel, path: str, given: Mapping[str, object]) -> Interaction:
    """Invoke a command as a user (docs interactions/application-commands#slash-commands).

    Args:
        world: Where.
        user: Who.
        channel: The channel it is typed in.
        path: The command's name and those of its subcommands, with spaces between.
        given: The options by name.

    Returns:
        The interaction, which the bot has yet to answer.
    """
    command, chain, declared = _find(world, user, channel, path)
    resolved = Resolved(world, channel)
    options = read_options(user, declared, given, resolved)
    data = _data(command, _wrapped(chain, options), resolved)
    owners = owners_of(world, user, channel, command)
    return begin(world, user, channel, COMMAND, path, data, owners=owners)


def complete(
    world: World, user: User, channel: Channel, path: str, focused: str, typed: str, given: Mapping[str, object]
) -> Interaction:
    """Let a user type into an option for which the bot makes proposals (docs application-commands#autocomplete).

    Args:
        world: Where.
        user: Who.
        channel: The channel it is typed in.
        path: The command's name and those of its subcommands.
        focused: The option that is being typed.
        typed: What stands in it so far.
        given: The options that are filled in already; required ones may be missing.

    Returns:
        The interaction, which the bot has yet to answer.
    """
    command, chain, declared = _find(world, user, channel, path)
    resolved = Resolved(world, channel)
    options = read_partial(user, declared, focused, typed, given, resolved)
    data = _data(command, _wrapped(chain, options), resolved)
    owners = owners_of(world, user, channel, command)
    kind = next(option["type"] for option in declared if option["name"] == focused)
    interaction = begin(world, user, channel, AUTOCOMPLETE, path, data, owners=owners)
    interaction.focused_type = kind
    return interaction


def _find(world: World, user: User, channel: Channel, path: str) -> tuple[Command, list[Json], list[Json]]:
    """Find a command; give it with the chain of subcommands and the options of the last."""
    name, *inner = path.removeprefix("/").split()
    command = find_command(world, user, channel, name)
    declared = command.options
    chain: list[Json] = []
    for part in inner:
        found = next((one for one in declared if one["name"] == part and one["type"] in (SUBCOMMAND, GROUP)), None)
        if found is None:
            raise UnknownCommand(f"/{command.name} has no subcommand {part}.")
        chain.append(found)
        nested: list[Json] = found.get("options") or []
        declared = nested
    if any(one["type"] in (SUBCOMMAND, GROUP) for one in declared):
        raise BadOption(f"/{command.name} needs a subcommand: {[one['name'] for one in declared]}.")
    return command, chain, declared


def _wrapped(chain: list[Json], options: list[Json]) -> list[Json]:
    """Wrap options in those of their subcommand (docs receiving-and-responding, option structure)."""
    for wrapper in reversed(chain):
        options = [{"name": wrapper["name"], "type": wrapper["type"], "options": options}]
    return options


def _data(command: Command, options: list[Json], resolved: Resolved) -> Json:
    """Shape the data of a command (docs receiving-and-responding, application command data structure)."""
    data: Json = {"id": str(command.id), "name": command.name, "type": command.type}
    if options:
        data["options"] = options
    if resolved.data:
        data["resolved"] = resolved.data
    return data if command.guild_id is None else data | {"guild_id": str(command.guild_id)}
