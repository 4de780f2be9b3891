"""The table of REST routes: method, path below the API's base, and who answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playground.rest import callbacks, commands, messages, places
from playground.rest.place_routes import PLACE_ROUTES

if TYPE_CHECKING:
    from playground.rest.call import Handler

# Paths that carry a token of their own (docs interactions/receiving-and-responding#endpoints).
FREE_OF_TOKEN = ("/interactions/", "/webhooks/{application_id}/{interaction_token}")

_MESSAGES = "/channels/{channel_id}/messages"
_MESSAGE = _MESSAGES + "/{message_id}"
_REACTIONS = _MESSAGE + "/reactions"
_COMMANDS = "/applications/{application_id}/commands"
_GUILD_COMMANDS = "/applications/{application_id}/guilds/{guild_id}/commands"
_CALLBACK = "/interactions/{interaction_id}/{interaction_token}/callback"

ROUTES: tuple[tuple[str, str, Handler], ...] = (
    *PLACE_ROUTES,
    ("GET", "/gateway", places.gateway),
    ("GET", "/gateway/bot", places.gateway_bot),
    ("GET", "/users/@me", places.me),
    ("GET", "/users/@me/guilds", places.my_guilds),
    ("POST", "/users/@me/channels", places.open_dm),
    ("GET", "/users/{user_id}", places.user),
    ("GET", "/oauth2/applications/@me", places.application),
    ("GET", "/applications/@me", places.application),
    ("GET", "/guilds/{guild_id}", places.guild),
    ("GET", "/guilds/{guild_id}/channels", places.channels),
    ("GET", "/guilds/{guild_id}/roles", places.roles),
    ("GET", "/guilds/{guild_id}/members", places.members),
    ("GET", "/guilds/{guild_id}/members/{user_id}", places.member),
    ("GET", "/channels/{channel_id}", places.channel),
    ("POST", "/channels/{channel_id}/typing", places.typing),
    ("GET", _MESSAGES, messages.history),
    ("POST", _MESSAGES, messages.create),
    ("POST", _MESSAGES + "/bulk-delete", messages.bulk_delete),
    ("GET", _MESSAGE, messages.get),
    ("PATCH", _MESSAGE, messages.edit),
    ("DELETE", _MESSAGE, messages.delete),
    ("DELETE", _REACTIONS, messages.clear_reactions),
    ("GET", _REACTIONS + "/{emoji}", messages.reacted),
    ("DELETE", _REACTIONS + "/{emoji}", messages.clear_reactions),
    ("PUT", _REACTIONS + "/{emoji}/@me", messages.react),
    ("DELETE", _REACTIONS + "/{emoji}/@me", messages.unreact),
    ("DELETE", _REACTIONS + "/{emoji}/{user_id}", messages.unreact_other),
    *(
        (method, base + tail, handler)
        for base in (_COMMANDS, _GUILD_COMMANDS)
        for method, tail, handler in (
            ("GET", "", commands.listed),
            ("PUT", "", commands.overwrite),
            ("POST", "", commands.create),
            ("GET", "/{command_id}", commands.get),
            ("PATCH", "/{command_id}", commands.edit),
            ("DELETE", "/{command_id}", commands.delete),
        )
    ),
    ("POST", _CALLBACK, callbacks.callback),
)
