"""Commands in the menu of a user or of a message (docs interactions/application-commands#user-commands)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playground import message_payloads, payloads
from playground.command_kinds import MESSAGE_MENU, USER_MENU
from playground.errors import DiscordError
from playground.interaction_payloads import begin
from playground.offering import NotPermitted, find_command, owners_of
from playground.permissions import Permission
from playground.resolving import Resolved
from playground.values import COMMAND, Message

if TYPE_CHECKING:
    from playground.interactions import Interaction
    from playground.values import Channel, Json, User
    from playground.world import World


def invoke_menu(world: World, user: User, channel: Channel, name: str, target: User | Message) -> Interaction:
    """Pick a command from the menu of a user or a message.

    Args:
        world: Where.
        user: Who picks it.
        channel: The channel that the user looks at.
        name: The command.
        target: Whose menu it is.

    Returns:
        The interaction, which the bot has yet to answer.

    Raises:
        DiscordError: The user or the message is not there.
    """
    on_message = isinstance(target, Message)
    command = find_command(world, user, channel, name, MESSAGE_MENU if on_message else USER_MENU)
    resolved, about = _message(world, user, channel, target) if on_message else _user(world, user, channel, target)
    data: Json = {
        "id": str(command.id),
        "name": command.name,
        "type": command.type,
        "target_id": str(target.id),
        "resolved": resolved,
    }
    if command.guild_id is not None:
        data["guild_id"] = str(command.guild_id)
    owners = owners_of(world, user, channel, command)
    return begin(world, user, channel, COMMAND, name, data, owners=owners, metadata=about)


def _user(world: World, user: User, channel: Channel, target: User) -> tuple[Json, Json]:
    """Shape a user whose menu it is, with the member where there is one.

    "A user must have permission to send text messages in the channel" (docs, user commands).
    """
    if not world.permissions(channel, user) & Permission.SEND_MESSAGES:
        raise NotPermitted(f"{user.name} may not send messages in #{channel.name}, and so use no user command there.")
    resolved = Resolved(world, channel)
    if resolved.user(target) is None:
        raise DiscordError(10013)
    return resolved.data, {"target_user": payloads.user(target)}


def _message(world: World, user: User, channel: Channel, target: Message) -> tuple[Json, Json]:
    """Shape a message whose menu it is; the bot is told its content whatever it may read.

    "Content of the message a message context menu command is used on" (docs gateway#message-content-intent).
    """
    standing = world.find_message(target.id, channel)
    if standing is None or standing.visible_to not in (None, user.id):
        raise DiscordError(10008)
    shape = message_payloads.message(world, standing)
    return {"messages": {str(target.id): shape}}, {"target_message_id": str(target.id)}
