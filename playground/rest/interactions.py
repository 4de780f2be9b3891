"""REST routes that answer interactions (docs interactions/receiving-and-responding#endpoints)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from playground import acts, message_payloads, sending
from playground.errors import DiscordError, invalid_form
from playground.rest.call import NO_CONTENT, Answer
from playground.rest.messages import draft_of
from playground.values import CHAT_INPUT_COMMAND, EPHEMERAL, LOADING, Invocation

if TYPE_CHECKING:
    from playground.interactions import Interaction
    from playground.rest.call import Call
    from playground.values import Json, Message

# docs receiving-and-responding#interaction-response-object-interaction-callback-type
MESSAGE, DEFERRED, MODAL = 4, 5, 9


async def callback(call: Call) -> Answer:
    """Take the first answer to an interaction, which must come within three seconds and only once."""
    interaction = call.world.interactions.get(call.params["interaction_token"])
    known = interaction is not None and interaction.id == call.id("interaction_id")
    if interaction is None or not known or interaction.expired or interaction.too_late():
        raise DiscordError(10062)
    if interaction.callback_type is not None:
        raise DiscordError(40060)
    kind = call.json().get("type")
    data: Json = call.json().get("data") or {}
    if kind in (MESSAGE, DEFERRED):
        _answer(call, interaction, data, deferred=kind == DEFERRED)
    elif kind == MODAL:
        interaction.modal = data
    else:
        # 6 and 7 update the message of a component, 8 completes a field: none of these is a command (assumed code).
        raise invalid_form("type", "BASE_TYPE_CHOICES", "Value must be one of {4, 5, 9}.")
    interaction.callback_type = int(kind)
    if call.query.get("with_response", "").lower() not in ("true", "1"):
        return NO_CONTENT
    return Answer(_callback_response(call, interaction))


def _answer(call: Call, interaction: Interaction, data: Json, *, deferred: bool) -> None:
    """Make the answer's message; of a deferred one only the ephemeral flag counts (docs: interaction data)."""
    interaction.deferred = deferred
    interaction.ephemeral = bool(int(data.get("flags") or 0) & EPHEMERAL)
    if deferred:
        data = {"flags": data.get("flags")}
    interaction.message = _send(call, interaction, data, LOADING if deferred else 0, interaction.ephemeral)


def _send(call: Call, interaction: Interaction, data: Json, flags: int, ephemeral: bool) -> Message:
    """Send a message in an interaction's name; channel permissions do not matter for it (assumed)."""
    draft = draft_of(data, call.uploads)
    channel = interaction.channel
    invocation = Invocation(interaction.id, interaction.path, interaction.user, channel.guild_id)
    whole = replace(
        draft,
        reference=None,
        flags=draft.flags | flags | (EPHEMERAL if ephemeral else 0),
        message_type=CHAT_INPUT_COMMAND,
        invocation=invocation,
        application_id=call.world.application_id,
        visible_to=interaction.user.id if ephemeral else None,
    )
    return sending.send(call.world, channel, call.world.bot, whole)


def _callback_response(call: Call, interaction: Interaction) -> Json:
    """Shape the answer to a callback `with_response` (OpenAPI InteractionCallbackResponse)."""
    channel = interaction.channel
    about: Json = {"id": str(interaction.id), "type": 2, "channel_id": str(channel.id)}
    if channel.guild_id is not None:
        about["guild_id"] = str(channel.guild_id)
    message = interaction.message
    if message is None:
        return {"interaction": about}
    about |= {
        "response_message_id": str(message.id),
        "response_message_loading": interaction.loading,
        "response_message_ephemeral": interaction.ephemeral,
    }
    resource = {"type": MESSAGE, "message": message_payloads.message(call.world, message)}
    return {"interaction": about, "resource": resource}


def _of_token(call: Call) -> Interaction:
    """Give the interaction of the path's token; it must have been answered (docs: followup messages)."""
    interaction = call.world.interactions.get(call.params["interaction_token"])
    right_application = call.id("application_id") == call.world.application_id
    if interaction is None or not right_application or interaction.callback_type is None:
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
    ephemeral = bool(int(data.get("flags") or 0) & EPHEMERAL)
    message = _send(call, interaction, data, 0, ephemeral)
    interaction.followups.append(message)
    return Answer(message_payloads.message(call.world, message))
