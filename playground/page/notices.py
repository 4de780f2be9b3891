"""The lines that Discord's client shows for messages of the system, and what a forward carries, as HTML."""

import html
from typing import Any, cast

from playground.kinds import (
    CHANNEL_NAME_CHANGE,
    PINNED_MESSAGE,
    RECIPIENT_ADD,
    RECIPIENT_REMOVE,
    THREAD_CREATED,
    USER_JOIN,
)
from playground.page.attached import attachment, embed
from playground.page.emoji import icon
from playground.page.markup import Names, to_html
from playground.values import Message

_SAID = {
    RECIPIENT_ADD: "added {whom} to the thread.",
    RECIPIENT_REMOVE: "removed {whom} from the thread.",
    CHANNEL_NAME_CHANGE: "changed the name to <b>{name}</b>.",
    PINNED_MESSAGE: "pinned a message to this channel.",
    USER_JOIN: "just joined the server.",
    THREAD_CREATED: "started a thread: <b>{name}</b>.",
}


def notice(message: Message) -> str | None:
    """What a message of the system says of its author; None for a message that somebody wrote."""
    said = _SAID.get(message.type)
    if said is None:
        return None
    whom = " and ".join(html.escape(user.name) for user in message.mentions)
    return f'<div class="content notice">{said.format(whom=whom, name=html.escape(message.content))}</div>'


def forwarded(message: Message, names: Names) -> str:
    """The snapshot of a forward, set off from what is around it; nothing for any other message."""
    if message.snapshot is None:
        return ""
    said = to_html(str(message.snapshot.message["content"]), names)
    files = "".join(attachment(each) for each in message.snapshot.attachments)
    cards = "".join(embed(each, names) for each in cast("list[dict[str, Any]]", message.snapshot.message["embeds"]))
    return (
        f'<div class="forwarded" data-testid="forwarded"><small>{icon("forward")} Forwarded</small>'
        f'<div class="content">{said}</div>{files}{cards}</div>'
    )
