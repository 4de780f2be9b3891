"""The table of REST routes of threads, forums, pins, webhooks and changes of channels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playground.rest import channels, interactions, pins, threads, webhooks
from playground.rest.webhooks import or_interaction

if TYPE_CHECKING:
    from playground.rest.call import Handler

_CHANNEL = "/channels/{channel_id}"
_PINS = _CHANNEL + "/messages/pins"
_OLD_PINS = _CHANNEL + "/pins"
_MEMBERS = _CHANNEL + "/thread-members"
_ARCHIVED = "/threads/archived"
# Interactions have the same paths (docs interactions/receiving-and-responding#endpoints), hence these names.
_WEBHOOK = "/webhooks/{application_id}/{interaction_token}"
_SENT = _WEBHOOK + "/messages/{message_id}"

# They go before other routes: `/messages/pins` is no message whose id is "pins".
PLACE_ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("PATCH", _CHANNEL, channels.modify),
    ("DELETE", _CHANNEL, channels.delete),
    ("PUT", _CHANNEL + "/permissions/{overwrite_id}", channels.put_overwrite),
    ("DELETE", _CHANNEL + "/permissions/{overwrite_id}", channels.delete_overwrite),
    ("GET", _PINS, pins.listed),
    ("PUT", _PINS + "/{message_id}", pins.pin),
    ("DELETE", _PINS + "/{message_id}", pins.unpin),
    ("GET", _OLD_PINS, pins.listed_before),
    ("PUT", _OLD_PINS + "/{message_id}", pins.pin),
    ("DELETE", _OLD_PINS + "/{message_id}", pins.unpin),
    ("POST", _CHANNEL + "/messages/{message_id}/threads", threads.from_message),
    ("POST", _CHANNEL + "/threads", threads.create),
    ("GET", "/guilds/{guild_id}/threads/active", threads.active),
    ("GET", _CHANNEL + _ARCHIVED + "/public", threads.archived_public),
    ("GET", _CHANNEL + _ARCHIVED + "/private", threads.archived_private),
    ("GET", _CHANNEL + "/users/@me" + _ARCHIVED + "/private", threads.archived_joined),
    ("GET", _MEMBERS, threads.members),
    ("PUT", _MEMBERS + "/@me", threads.join),
    ("DELETE", _MEMBERS + "/@me", threads.leave),
    ("GET", _MEMBERS + "/{user_id}", threads.member),
    ("PUT", _MEMBERS + "/{user_id}", threads.add),
    ("DELETE", _MEMBERS + "/{user_id}", threads.remove),
    ("GET", _CHANNEL + "/webhooks", webhooks.of_channel),
    ("POST", _CHANNEL + "/webhooks", webhooks.create),
    ("GET", "/guilds/{guild_id}/webhooks", webhooks.of_guild),
    ("GET", "/webhooks/{webhook_id}", webhooks.get),
    ("PATCH", "/webhooks/{webhook_id}", webhooks.modify),
    ("DELETE", "/webhooks/{webhook_id}", webhooks.delete),
    ("GET", _WEBHOOK, webhooks.get_with_token),
    ("DELETE", _WEBHOOK, webhooks.delete_with_token),
    ("POST", _WEBHOOK, or_interaction(webhooks.execute, interactions.followup)),
    ("GET", _SENT, or_interaction(webhooks.get_message, interactions.get)),
    ("PATCH", _SENT, or_interaction(webhooks.edit_message, interactions.edit)),
    ("DELETE", _SENT, or_interaction(webhooks.delete_message, interactions.delete)),
)
