"""What can be set about Discord: the tables ``[discord]``, ``[attachments]`` and ``[answers]``, and how to reach it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class DiscordTable(BaseModel):
    """The table ``[discord]`` of clew.toml."""

    model_config = ConfigDict(extra="forbid")

    message_content: bool = Field(default=True, description="ask for the message content intent")
    context_messages: int = Field(
        default=10, ge=0, le=30, description="messages before the one that called us that the model is shown"
    )
    backfill_minutes: int = Field(
        default=60,
        ge=0,
        le=24 * 60,
        description="how far back is looked for messages that came while clew was away, in minutes; 0: not at all",
    )
    link_previews: bool = Field(default=False, description="let Discord show what is behind the links in answers")


class DiscordSettings(DiscordTable):
    """How to reach Discord, and how to behave there."""

    token: SecretStr = Field(description="the bot's token")
    url: str | None = Field(default=None, description="address of a local Discord; Discord itself when unset")


class AttachmentSettings(BaseModel):
    """What is read of the files that people attach: the table ``[attachments]`` of clew.toml."""

    model_config = ConfigDict(extra="forbid")

    max_count: int = Field(default=10, ge=0, description="files of one turn that are read")
    max_bytes: int = Field(default=20 * 1024 * 1024, gt=0, description="what one file may have, in bytes")
    max_total_bytes: int = Field(default=50 * 1024 * 1024, gt=0, description="what all files of a turn may have")
    # Pillow itself warns above 89 million.
    max_pixels: int = Field(default=40_000_000, gt=0, le=89_000_000, description="what one image may declare")
    # Larger ones are scaled down by Anthropic's models to this, by OpenAI's to 2048 and below (Anthropic, "Vision",
    # evaluate image size; OpenAI, "Images and vision").
    longest_side: int = Field(default=1568, ge=64, description="to which images are scaled down, in pixels")
    max_text_characters: int = Field(default=50_000, gt=0, description="of all text files of a turn")
    fetch_timeout: float = Field(default=20, gt=0, description="seconds for one download")


class LayoutSettings(BaseModel):
    """What is too long for a chat: the table ``[answers]`` of clew.toml."""

    model_config = ConfigDict(extra="forbid")

    file_over: int | None = Field(
        default=12_000, ge=0, description="characters of one answer after which it is given as a file; 0: never"
    )
    code_file_over: int = Field(
        default=3000, ge=0, description="characters of one code block after which it becomes a file; 0: never"
    )
