"""Which system prompt holds in a place, and why: channel, guild, file, setting, the shipped one, in this order."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from pathlib import Path
from typing import Protocol

from pydantic import BaseModel, Field

from prompts.file import PromptFile

# Discord takes at most 6,000 characters in a command's string option; a file may say more.
LONGEST = 6000


class Scope(StrEnum):
    """What a prompt set from Discord holds for."""

    CHANNEL = "channel"
    GUILD = "guild"


class PromptStore(Protocol):
    """Keeps the prompts that people set."""

    async def get(self, scope: str, scope_id: int) -> str | None:
        """The prompt of a scope; None when none is set."""
        ...

    async def set(self, scope: str, scope_id: int, text: str, set_by: int) -> None:
        """Set the prompt of a scope."""
        ...

    async def reset(self, scope: str, scope_id: int) -> bool:
        """Take the prompt of a scope away; False when none was set."""
        ...


class PromptSettings(BaseModel):
    """The prompt that the operator sets."""

    text: str | None = Field(default=None, description="the system prompt")
    file: Path | None = Field(default=None, description="a file with the system prompt, read again when it changes")


@dataclass(frozen=True, slots=True)
class Resolved:
    """The prompt that holds in a place.

    Attributes:
        text: The prompt.
        why: Where it comes from, for people.
    """

    text: str
    why: str


class Prompts:
    """The prompts of all places."""

    def __init__(self, settings: PromptSettings, store: PromptStore) -> None:
        self._settings = settings
        self._store = store
        self._file = PromptFile(settings.file) if settings.file else None

    async def resolve(self, guild_id: int | None, channel_id: int) -> Resolved:
        """The prompt that holds in a channel now."""
        if text := await self._store.get(Scope.CHANNEL, channel_id):
            return Resolved(text, "set for this channel")
        if guild_id is not None and (text := await self._store.get(Scope.GUILD, guild_id)):
            return Resolved(text, "set for this server")
        if self._file and (text := await self._file.read()):
            return Resolved(text, "from the operator's file")
        if self._settings.text and self._settings.text.strip():
            return Resolved(self._settings.text, "from the operator's settings")
        return Resolved(shipped(), "the one that clew ships with")

    async def set(self, scope: Scope, scope_id: int, text: str, set_by: int) -> None:
        """Set the prompt of a channel or guild.

        Raises:
            ValueError: It is empty or too long; the text is one sentence for the user.
        """
        if not text.strip():
            raise ValueError("A prompt cannot be empty; /resetprompt takes it away.")
        if len(text) > LONGEST:
            raise ValueError(f"A prompt can have {LONGEST:,} characters at most; this one has {len(text):,}.")
        await self._store.set(scope, scope_id, text.strip(), set_by)

    async def reset(self, scope: Scope, scope_id: int) -> bool:
        """Take the prompt of a channel or guild away; False when none was set."""
        return await self._store.reset(scope, scope_id)


def shipped() -> str:
    """The prompt that clew ships with."""
    return resources.files("prompts").joinpath("default.md").read_text("utf-8").strip()
