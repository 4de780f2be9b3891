"""What follows the first answer to an interaction (docs interactions/receiving-and-responding#followup-messages)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playground import acts, message_payloads
from playground.errors import DiscordError
from playground.rest.call import NO_CONTENT, Answer
from playground.rest.callbacks import send
from playground.values import AUTOCOMPLETE, EPHEMERAL

if TYPE_CHECKING:
    from playground.interactions import Interaction
    from playground.rest.call import Call
    from playground.values import Message

# "Apps are limited to 5 followup messages per interaction if it was initiated from a user-installed app and isn't
# installed in the server" (docs receiving-and-responding#create-followup-message).
MAX_FOLLOWUPS = 5


def _of_token(call: Call) -> Interaction:
    """Give the interaction of the path's token; it must have been answered (docs: followup messages).

    Proposals are followed by nothing: there is no place where a message would stand (the code is assumed).
    """
    interaction = call.world.interactions.get(call.params["interaction_token"])
    right_application = call.id("application_id") == call.world.application_id
    if interaction is None or not right_application or interaction.callback_type is None:
        raise DiscordError(10015)
    if interaction.kind == AUTOCOMPLETE:
        raise DiscordError(10015)
    if interaction.expired:
        raise DiscordError(50027)
    return interaction


def _message(call: Call, interaction: Interaction) -> Message:
    """Give the message of the path: `@original`, or one of the interaction's by id."""
    wanted = call.params.get("message_id", "@original")
    own = [one for one in (interaction.message, *interaction.followups) if one is not None and not one.deleted]
    if wanted == "@original":
        found = interaction.message if interaction.message in own else None
    else:
        found = next((one for one in own if str(one.id) == wanted), None)
    if found is None:
        raise DiscordError(10008)
    return found


async def get(call: Call) -> Answer:
    """Give a message of an interaction."""
    return Answer(message_payloads.message(call.world, _message(call, _of_token(call))))


async def edit(call: Call) -> Answer:
    """Edit a message of an interaction; editing a deferred answer is what fulfils it."""
    message = _message(call, _of_token(call))
    acts.edit(call.world, message, call.json(), call.uploads)
    return Answer(message_payloads.message(call.world, message))


async def delete(call: Call) -> Answer:
    """Delete a message of an interaction."""
    acts.delete(call.world, _message(call, _of_token(call)))
    return NO_CONTENT


async def followup(call: Call) -> Answer:
    """Send a further message; right after a deferral it fulfils that instead (docs: create followup message)."""
    interaction = _of_token(call)
    data = call.json()
    if interaction.loading and interaction.message is not None:
        acts.edit(call.world, interaction.message, data, call.uploads)
        return Answer(message_payloads.message(call.world, interaction.message))
    if set(interaction.owners) == {"1"} and len(interaction.followups) >= MAX_FOLLOWUPS:
        raise DiscordError(40094)
    ephemeral = bool(int(data.get("flags") or 0) & EPHEMERAL)
    message = send(call, interaction, data, 0, ephemeral=ephemeral, followup=True)
    interaction.followups.append(message)
    return Answer(message_payloads.message(call.world, message))
