"""What a message of ours shows: text, files and buttons, and whom it pings."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import discord

if TYPE_CHECKING:
    from discord_adapter.choices import Button
    from graph.redacting import Redactor

NO_PINGS = discord.AllowedMentions.none()


@dataclass(frozen=True, slots=True)
class Pings:
    """Who is told, by the mention in a message that is posted; nobody, unless they are named here."""

    users: tuple[int, ...] = ()
    roles: tuple[int, ...] = ()

    def allowed(self) -> discord.AllowedMentions:
        """The same for Discord."""
        users, roles = map(discord.Object, self.users), map(discord.Object, self.roles)
        return discord.AllowedMentions(everyone=False, users=list(users), roles=list(roles), replied_user=False)


@dataclass(frozen=True, slots=True)
class Content:
    """What a message shows.

    Attributes:
        text: At most 2,000 characters.
        files: The names and contents of what hangs on it.
        buttons: Rows of buttons below it; none at all takes off those that are there, None leaves them.
        pings: Whom its mentions may ping when it is posted; nothing pings when it is edited.
    """

    text: str
    files: tuple[tuple[str, bytes], ...] = ()
    buttons: tuple[tuple[Button, ...], ...] | None = None
    pings: Pings = Pings()

    def without_files(self) -> Content:
        """The same for a message on which the files hang already."""
        return replace(self, files=())

    def without(self, redact: Redactor) -> Content:
        """The same without secrets; a file that is no text stays as it is."""
        files = tuple((redact(name), _redacted(content, redact)) for name, content in self.files)
        return replace(self, text=redact(self.text), files=files)

    def attached(self) -> list[discord.File]:
        """The files, made anew for each attempt: one that was read by the attempt before would be sent empty."""
        return [discord.File(io.BytesIO(content), filename=name) for name, content in self.files]


def _redacted(content: bytes, redact: Redactor) -> bytes:
    try:
        return redact(content.decode()).encode()
    except UnicodeDecodeError:
        return content
