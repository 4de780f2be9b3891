"""Discord's refusals: HTTP status, JSON error code and the tree that says which field is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playground.values import Json

# docs topics/opcodes-and-status-codes#json-json-error-codes, with the HTTP status each comes with. The page does
# not list statuses: "unknown" is 404, a missing right 403, a malformed body 400 (assumed from that).
_KNOWN: dict[int, tuple[int, str]] = {
    10003: (404, "Unknown Channel"),
    10004: (404, "Unknown Guild"),
    10007: (404, "Unknown Member"),
    10008: (404, "Unknown Message"),
    10009: (404, "Unknown permission overwrite"),
    10011: (404, "Unknown Role"),
    10013: (404, "Unknown User"),
    10014: (400, "Unknown Emoji"),
    10015: (404, "Unknown Webhook"),
    10062: (404, "Unknown interaction"),
    10063: (404, "Unknown application command"),
    10087: (404, "Unknown Tag"),
    20016: (429, "This action cannot be performed due to slowmode rate limit"),
    30003: (400, "Maximum number of pins reached for the channel (250)"),
    30007: (400, "Maximum number of webhooks reached (15)"),
    30010: (400, "Maximum number of reactions reached (20)"),
    30015: (400, "Maximum number of attachments in a message reached (10)"),
    30032: (400, "Maximum number of application commands reached (100)"),
    30046: (429, "Maximum number of edits to messages older than 1 hour reached. Try again later"),
    40005: (413, "Request entity too large"),
    40058: (400, "Cannot send a message in a forum channel"),
    40060: (400, "Interaction has already been acknowledged."),
    40067: (400, "A tag is required to create a forum post in this channel"),
    40094: (400, "This interaction has hit the maximum number of follow up messages"),
    50001: (403, "Missing Access"),
    50003: (403, "Cannot execute action on a DM channel"),
    50005: (403, "Cannot edit a message authored by another user"),
    50006: (400, "Cannot send an empty message"),
    50007: (403, "Cannot send messages to this user"),
    50013: (403, "Missing Permissions"),
    50019: (403, "A message can only be pinned to the channel it was sent in"),
    50021: (403, "Cannot execute action on a system message"),
    50024: (400, "Cannot execute action on this channel type"),
    50027: (401, "Invalid Webhook Token"),
    50034: (400, "You can only bulk delete messages that are under 14 days old."),
    50068: (400, "Invalid message type"),
    50081: (400, "Invalid sticker sent"),
    # Seen with status 400 (github.com/victornpb/undiscord/issues/399).
    50083: (400, "Thread is archived"),
    50109: (400, "The request body contains invalid JSON."),
    160002: (400, "Cannot reply without permission to read message history"),
    160004: (400, "A thread has already been created for this message"),
    160005: (403, "Thread is locked"),
    160014: (403, "You cannot forward a message whose content you cannot read."),
    220001: (400, "Webhooks posted to forum channels must have a thread_name or thread_id"),
    220002: (400, "Webhooks posted to forum channels cannot have both a thread_name and thread_id"),
    220003: (400, "Webhooks can only create threads in forum channels"),
}


def message_of(code: int) -> str:
    """Give Discord's words for one of its error codes."""
    return _KNOWN[code][1]


class DiscordError(Exception):
    """A refusal as Discord words it; a user's act that Discord would refuse raises it too.

    Args:
        code: Discord's JSON error code.
        status: The HTTP status; by default that of the code.
        message: The text; by default that of the code.
        errors: The tree of fields that are wrong.
    """

    def __init__(
        self, code: int, *, status: int | None = None, message: str | None = None, errors: Json | None = None
    ) -> None:
        known_status, known_message = _KNOWN.get(code, (400, "Bad Request"))
        self.code = code
        self.status = known_status if status is None else status
        self.message = known_message if message is None else message
        self.errors = errors
        super().__init__(f"{self.status} (error code {code}): {self.message} {errors or ''}".rstrip())

    def body(self) -> Json:
        """Shape the refusal (docs reference#error-messages)."""
        shape: Json = {"message": self.message, "code": self.code}
        return shape if self.errors is None else shape | {"errors": self.errors}


def invalid_form(path: str, code: str, message: str) -> DiscordError:
    """Refuse a body because of one of its fields (code 50035; docs reference#error-messages).

    Args:
        path: The field, with dots and indexes (`options.0.name`); empty for the body as a whole.
        code: Discord's word for what is wrong (`BASE_TYPE_MAX_LENGTH`).
        message: The same for a reader.
    """
    tree: Json = {"_errors": [{"code": code, "message": message}]}
    for key in reversed(path.split(".") if path else []):
        tree = {key: tree}
    return DiscordError(50035, status=400, message="Invalid Form Body", errors=tree)


def unauthorized() -> DiscordError:
    """Refuse a request without the bot's token (docs topics/opcodes-and-status-codes#http; code 0 assumed)."""
    return DiscordError(0, status=401, message="401: Unauthorized")


def not_found() -> DiscordError:
    """Refuse a route that is not there (docs topics/opcodes-and-status-codes#http; code 0 assumed)."""
    return DiscordError(0, status=404, message="404: Not Found")
