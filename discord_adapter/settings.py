"""What can be set about Discord: the table ``[discord]``, the bot's token, and where Discord is."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class DiscordTable(BaseModel):
    """The table ``[discord]`` of clew.toml."""

    model_config = ConfigDict(extra="forbid")

    message_content: bool = Field(default=True, description="ask for the message content intent")
    context_messages: int = Field(
        default=10, ge=0, le=30, description="messages before the one that called us that the model is shown"
    )
    link_previews: bool = Field(default=False, description="let Discord show what is behind the links in answers")


class DiscordSettings(DiscordTable):
    """How to reach Discord, and how to behave there."""

    token: SecretStr = Field(description="the bot's token")
    url: str | None = Field(default=None, description="address of a local Discord; Discord itself when unset")
