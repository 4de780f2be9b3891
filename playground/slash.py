"""Invokes slash commands as a user: finds the command, reads its options and tells the bot."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from playground import payloads
from playground.commands import GROUP, SUBCOMMAND
from playground.interactions import Interaction
from playground.options import BadOption, read_options
from playground.permissions import Permission, channel_permissions
from playground.values import Event

if TYPE_CHECKING:
    from collections.abc import Mapping

    from playground.commands import Command
    from playground.values import Channel, Json, User
    from playground.world import World

# "10 MiB" without a boost (docs interactions/receiving-and-responding, attachment_size_limit; figure of
# reference#uploading-files).
_ATTACHMENT_LIMIT = 10 * 1024 * 1024


class UnknownCommand(LookupError):  # noqa: N818  # named as a test reads it
    """No such command is registered for the place."""


class NotPermitted(PermissionError):  # noqa: N818  # named as a test reads it
    """The user may not use the command here."""


def invoke(world: World, user: User, channel: Channel, path: str, given: Mapping[str, object]) -> Interaction:
    """Invoke a command as a user (docs events/gateway-events#interaction-create).

    Args:
        world: Where.
        user: Who.
        channel: The channel it is typed in.
        path: The command's name and those of its subcommands, with spaces between.
        given: The options by name.

    Returns:
        The interaction, which the bot has yet to answer.
    """
    name, *inner = path.removeprefix("/").split()
    command = _find(world, channel, name)
    _check_permitted(world, user, channel, command)
    resolved: Json = {}
    options = _options(world, channel, command, inner, given, resolved)
    interaction = Interaction(world.snowflakes.next(), secrets.token_urlsafe(48), path, user, channel, world)
    world.interactions[interaction.token] = interaction
    data: Json = {"id": str(command.id), "name": command.name, "type": command.type}
    if options:
        data["options"] = options
    if resolved:
        data["resolved"] = resolved
    if command.guild_id is not None:
        data["guild_id"] = str(command.guild_id)
    shape = _shape(world, interaction) | {"data": data}
    # It has no channel_id of its own here: an interaction reaches the bot wherever it was invoked.
    world.publish(Event("INTERACTION_CREATE", shape, channel.guild_id))
    return interaction


def _find(world: World, channel: Channel, name: str) -> Command:
    """Find a command by name; one of the guild hides a global one (assumed, as clients list them)."""
    of_guild = None if channel.guild_id is None else world.command_book.find(channel.guild_id, name)
    found = of_guild or world.command_book.find(None, name)
    if found is None:
        raise UnknownCommand(f"No command /{name} is registered here.")
    if not (found.in_dms if channel.is_dm else found.in_guilds):
        raise UnknownCommand(f"/{name} is not offered in #{channel.name}.")
    return found


def _check_permitted(world: World, user: User, channel: Channel, command: Command) -> None:
    """Keep a command from whom Discord hides it (docs interactions/application-commands#permissions)."""
    if channel.is_dm:
        return
    bits = channel_permissions(world.guild_of(channel), channel, user.id)
    if bits & Permission.ADMINISTRATOR:
        return
    needed = command.default_member_permissions
    # "0" hides it from everybody but administrators (docs: default_member_permissions).
    hidden = needed is not None and (needed == 0 or bits & needed != needed)
    if hidden or not bits & Permission.USE_APPLICATION_COMMANDS:
        raise NotPermitted(f"{user.name} may not use /{command.name} in #{channel.name}.")


def _options(
    world: World,
    channel: Channel,
    command: Command,
    inner: list[str],
    given: Mapping[str, object],
    resolved: Json,
) -> list[Json]:
    """Shape the options, wrapped in those of the subcommand (docs receiving-and-responding, option structure)."""
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
    options = read_options(world, channel, declared, given, resolved)
    for wrapper in reversed(chain):
        options = [{"name": wrapper["name"], "type": wrapper["type"], "options": options}]
    return options


def _shape(world: World, interaction: Interaction) -> Json:
    """Shape an interaction, all but its data (docs receiving-and-responding#interaction-object)."""
    channel, user = interaction.channel, interaction.user
    guild = world.guild_of(channel)
    user_bits = str(world.permissions(channel, user))
    shape: Json = {
        "id": str(interaction.id),
        "application_id": str(world.application_id),
        "type": 2,
        "token": interaction.token,
        "version": 1,
        "channel_id": str(channel.id),
        "channel": payloads.channel(world, channel) | {"permissions": user_bits},
        "app_permissions": str(world.permissions(channel, world.bot)),
        "locale": "en-US",
        "entitlements": [],
        "authorizing_integration_owners": {"0": str(channel.guild_id or 0)},
        "context": 1 if guild is None else 0,
        "attachment_size_limit": _ATTACHMENT_LIMIT,
    }
    if guild is None:
        return shape | {"user": payloads.user(user)}
    member = payloads.member(guild.members[user.id]) | {"permissions": user_bits}
    partial: Json = {"id": str(guild.id), "locale": "en-US", "features": []}
    return shape | {"guild_id": str(guild.id), "guild": partial, "guild_locale": "en-US", "member": member}
