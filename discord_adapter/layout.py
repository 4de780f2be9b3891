"""How a text becomes messages."""

from __future__ import annotations

from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict

from discord_adapter.splitting import MESSAGE_LIMIT, closed, split


class LayoutSettings(BaseModel):
    """What becomes a file."""

    model_config = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True)
class File:
    """A file."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Layout:
    """Messages and files."""

    parts: list[str]
    files: list[File] = field(default_factory=list[File])


def lay_out(text: str, settings: LayoutSettings, *, complete: bool) -> Layout:  # noqa: ARG001 - nothing can be set yet
    """Lay out."""
    parts = split(text)
    if not complete and len(shown := closed(parts[-1])) <= MESSAGE_LIMIT:
        parts[-1] = shown
    return Layout(parts)
