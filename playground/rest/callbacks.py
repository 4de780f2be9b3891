"""The first answer to an interaction (docs interactions/receiving-and-responding#create-interaction-response)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from playground import acts, message_payloads, sending
from playground.components import completed
from playground.errors import DiscordError, invalid_form
from playground.interaction_payloads import invocation
from playground.modal_checks import check_modal
from playground.proposals import check_proposals
from playground.rest.call import NO_CONTENT, Answer
from playground.rest.messages import draft_of
from playground.values import (
    AUTOCOMPLETE,
    CHAT_INPUT_COMMAND,
    COMMAND,
    COMPONENT,
    CONTEXT_MENU_COMMAND,
    DEFAULT,
    EPHEMERAL,
    LOADING,
    MODAL_SUBMIT,
)

if TYPE_CHECKING:
    from playground.interactions import Interaction
    from playground.rest.call import Call
    from playground.values import Json, Message

# docs receiving-and-responding#interaction-response-object-interaction-callback-type
MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE, PROPOSALS, MODAL = 4, 5, 6, 7, 8, 9

# Same place: 6 and 7 are "for components", 8 answers an autocomplete (and nothing else does: assumed), 9 is "not
# available for MODAL_SUBMIT". A form that a component opened is component-based too.
_ALLOWED = {
    COMMAND: (MESSAGE, DEFERRED, MODAL),
    COMPONENT: (MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE, MODAL),
    AUTOCOMPLETE: (PROPOSALS,),
    MODAL_SUBMIT: (MESSAGE, DEFERRED),
}


async def callback(call: Call) -> Answer:
    """Take the first answer to an interaction, which must come within three seconds and only once."""
    interaction = call.world.interactions.get(call.params["interaction_token"])
    known = interaction is not None and interaction.id == call.id("interaction_id")
    if interaction is None or not known or interaction.expired:
        raise DiscordError(10062)
    if interaction.callback_type is not None:
        raise DiscordError(40060)
    kind = call.json().get("type")
    allowed = _allowed(interaction)
    if kind not in allowed:
        wording = f"Value must be one of {{{', '.join(str(one) for one in allowed)}}}."
        raise invalid_form("type", "BASE_TYPE_CHOICES", wording)
    data: Json = call.json().get("data") or {}
    if kind in (MESSAGE, DEFERRED):
        _answer(call, interaction, data, deferred=kind == DEFERRED)
    elif kind in (DEFERRED_UPDATE, UPDATE):
        _update(call, interaction, data if kind == UPDATE else None)
    elif kind == PROPOSALS:
        interaction.choices = check_proposals(interaction, data)
    else:
        check_modal(data)
        interaction.modal = data | {"components": completed(data["components"], (), call.world.snowflakes.next)}
    interaction.callback_type = int(kind)
    if call.query.get("with_response", "").lower() not in ("true", "1"):
        return NO_CONTENT
    return Answer(_callback_response(call, interaction))


def _allowed(interaction: Interaction) -> tuple[int, ...]:
    if interaction.kind == MODAL_SUBMIT and interaction.source is not None:
        return (*_ALLOWED[MODAL_SUBMIT], DEFERRED_UPDATE, UPDATE)
    return _ALLOWED[interaction.kind]


def _answer(call: Call, interaction: Interaction, data: Json, *, deferred: bool) -> None:
    """Make the answer's message; of a deferred one only the ephemeral flag counts (docs: interaction data)."""
    interaction.deferred = deferred
    interaction.ephemeral = bool(int(data.get("flags") or 0) & EPHEMERAL)
    if deferred:
        data = {"flags": data.get("flags")}
    flags = LOADING if deferred else 0
    interaction.message = send(call, interaction, data, flags, ephemeral=interaction.ephemeral)


def _update(call: Call, interaction: Interaction, data: Json | None) -> None:
    """Edit the message that the component stands on, or promise to; it is then the original one.

    "Otherwise, this returns the message that triggered the interaction" (discord.py, `original_response`).
    """
    source = interaction.source
    if source is None or source.deleted:
        raise DiscordError(10008)
    if data is not None:
        acts.edit(call.world, source, data, call.uploads)
    interaction.message, interaction.ephemeral = source, source.ephemeral


def send(
    call: Call, interaction: Interaction, data: Json, flags: int, *, ephemeral: bool, followup: bool = False
) -> Message:
    """Send a message in an interaction's name; channel permissions do not matter for it (assumed).

    Args:
        call: The request.
        interaction: The interaction.
        data: The message, as the bot wrote it.
        flags: Flags beside those that a bot can set.
        ephemeral: Whether only the user sees it.
        followup: Whether it is not the first.
    """
    draft = draft_of(data, call.uploads)
    whole = replace(
        draft,
        reference=None if followup else _reference(interaction),
        flags=draft.flags | flags | (EPHEMERAL if ephemeral else 0),
        message_type=_message_type(interaction),
        invocation=invocation(interaction, followup=followup),
        application_id=call.world.application_id,
        visible_to=interaction.user.id if ephemeral else None,
    )
    return sending.send(call.world, interaction.channel, call.world.bot, whole)


def _reference(interaction: Interaction) -> Json | None:
    """Give what the first answer points at: the message of a component, or the one whose menu it was.

    docs receiving-and-responding#message-interaction-object; resources/message, `target_message_id`.
    """
    target = interaction.metadata.get("target_message_id") or interaction.metadata.get("interacted_message_id")
    return None if target is None else {"message_id": target, "fail_if_not_exists": False}


def _message_type(interaction: Interaction) -> int:
    """Give the type of its messages (docs resources/message#message-object-message-types).

    One that answers a component is a reply; that one which answers a form is plain is assumed.
    """
    if interaction.kind != COMMAND:
        return DEFAULT
    on_menu = any(key in interaction.metadata for key in ("target_message_id", "target_user"))
    return CONTEXT_MENU_COMMAND if on_menu else CHAT_INPUT_COMMAND


def _callback_response(call: Call, interaction: Interaction) -> Json:
    """Shape the answer to a callback `with_response` (OpenAPI InteractionCallbackResponse).

    Of a deferral the resource is told as a message of type 4: the OpenAPI document has no other.
    """
    channel = interaction.channel
    about: Json = {"id": str(interaction.id), "type": interaction.kind, "channel_id": str(channel.id)}
    if channel.guild_id is not None:
        about["guild_id"] = str(channel.guild_id)
    message, kind = interaction.message, interaction.callback_type
    if message is None or kind == DEFERRED_UPDATE:
        return {"interaction": about}
    about |= {
        "response_message_id": str(message.id),
        "response_message_loading": interaction.loading,
        "response_message_ephemeral": interaction.ephemeral,
    }
    shape = message_payloads.message(call.world, message)
    return {"interaction": about, "resource": {"type": UPDATE if kind == UPDATE else MESSAGE, "message": shape}}
