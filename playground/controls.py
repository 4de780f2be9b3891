"""A person uses what stands on a message: presses a button, or chooses in a menu."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playground import components as kinds
from playground.access import require
from playground.errors import DiscordError
from playground.interaction_payloads import begin
from playground.picking import BadInput, pick
from playground.resolving import Resolved
from playground.values import COMPONENT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playground.interactions import Interaction
    from playground.values import Json, Message, User
    from playground.world import World


def press(world: World, user: User, message: Message, name: str) -> Interaction:
    """Press a button (docs components/reference#button).

    Args:
        world: Where.
        user: Who.
        message: The message with the button.
        name: Its `custom_id`, or the words on it.

    Raises:
        BadInput: There is no such button, it is disabled, or it sends no interaction (a link, a purchase).
        DiscordError: The user does not see the message.
    """
    button = _usable(world, user, message, name, frozenset((kinds.BUTTON,)))
    if button["style"] in (kinds.LINK, kinds.PREMIUM):
        raise BadInput(f"{name!r} sends the bot nothing.")
    return _tell(world, user, message, button, {})


def choose(world: World, user: User, message: Message, name: str, values: Sequence[object]) -> Interaction:
    """Choose in a menu, as one does who closes it with something picked (docs components/reference#string-select).

    Args:
        world: Where.
        user: Who.
        message: The message with the menu.
        name: Its `custom_id`, or its placeholder.
        values: What is picked, as `picking.pick` takes it; none where the menu allows that.

    Raises:
        BadInput: There is no such menu, it is disabled, or it does not take this.
        DiscordError: The user does not see the message.
    """
    select = _usable(world, user, message, name, kinds.SELECTS)
    resolved = Resolved(world, world.channels[message.channel_id])
    data: Json = {"values": pick(user, select, values, resolved)}
    if resolved.data:
        data["resolved"] = resolved.data
    return _tell(world, user, message, select, data)


def _usable(world: World, user: User, message: Message, name: str, types: frozenset[int]) -> Json:
    """Find a component that a user can use."""
    if message.deleted or message.visible_to not in (None, user.id):
        raise DiscordError(10008)
    require(world, world.channels[message.channel_id], user)
    component = kinds.find(message.components, name)
    if component is None or component["type"] not in types:
        raise BadInput(f"There is no {name!r} to use on this message.")
    if component.get("disabled"):
        raise BadInput(f"{name!r} is disabled.")
    return component


def _tell(world: World, user: User, message: Message, component: Json, chosen: Json) -> Interaction:
    """Tell the bot (docs receiving-and-responding, message component data structure)."""
    data: Json = {
        "component_type": component["type"],
        "id": component["id"],
        "custom_id": component["custom_id"],
    }
    channel = world.channels[message.channel_id]
    about = {"interacted_message_id": str(message.id)}
    return begin(world, user, channel, COMPONENT, component["custom_id"], data | chosen, source=message, metadata=about)
