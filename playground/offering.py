"""Which commands somebody is offered in a place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playground.command_kinds import CHAT_INPUT
from playground.interaction_payloads import installations
from playground.permissions import Permission

if TYPE_CHECKING:
    from playground.commands import Command
    from playground.values import Channel, User
    from playground.world import World


class UnknownCommand(LookupError):  # noqa: N818  # named as a test reads it
    """No such command is registered for the place."""


class NotPermitted(PermissionError):  # noqa: N818  # named as a test reads it
    """The user may not use the command here."""


def find_command(world: World, user: User, channel: Channel, name: str, kind: int = CHAT_INPUT) -> Command:
    """Find a command that a user is offered; one of the guild hides a global one (assumed, as clients list them).

    Raises:
        UnknownCommand: It is not registered for this place, or the application is not installed there.
        NotPermitted: The user may not use it.
    """
    of_guild = None if channel.guild_id is None else world.command_book.find(channel.guild_id, name, kind=kind)
    found = of_guild or world.command_book.find(None, name, kind=kind)
    shown = f"/{name}" if kind == CHAT_INPUT else repr(name)
    if found is None:
        raise UnknownCommand(f"No command {shown} is registered here.")
    if not (found.in_dms if channel.is_dm else found.in_guilds) or not owners_of(world, user, channel, found):
        raise UnknownCommand(f"{shown} is not offered in #{channel.name}.")
    _check_permitted(world, user, channel, found)
    return found


def owners_of(world: World, user: User, channel: Channel, command: Command) -> dict[str, str]:
    """Tell by whose installations a command can be used (docs: `integration_types`, authorizing integration owners)."""
    found = installations(world, user, channel)
    return {key: owner for key, owner in found.items() if int(key) in command.integration_types}


def _check_permitted(world: World, user: User, channel: Channel, command: Command) -> None:
    """Keep a command from whom Discord hides it (docs interactions/application-commands#permissions)."""
    if channel.is_dm:
        return
    bits = world.permissions(channel, user)
    if bits & Permission.ADMINISTRATOR:
        return
    needed = command.default_member_permissions
    # "0" hides it from everybody but administrators (docs: default_member_permissions).
    hidden = needed is not None and (needed == 0 or bits & needed != needed)
    if hidden or not bits & Permission.USE_APPLICATION_COMMANDS:
        raise NotPermitted(f"{user.name} may not use {command.name!r} in #{channel.name}.")
