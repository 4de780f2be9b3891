"""What can be set about tools: the table ``[tools]``."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from tools.policy import PolicySettings


class ToolSettings(BaseModel):
    """How tools are found, called and allowed."""

    model_config = ConfigDict(extra="forbid")

    mcp_config: Path | None = Field(
        default=None,
        description="The file that names the MCP servers; unset: mcp.json in the working directory, if any.",
    )
    call_timeout: float = Field(default=120, gt=0, description="Seconds a call to an MCP server may take.")
    start_timeout: float = Field(
        default=15,
        ge=0,
        description="Seconds the start waits for MCP servers before it goes on with those that are there.",
    )
    result_limit: int = Field(default=20_000, ge=200, description="Characters of a result that the model is shown.")
    policy: PolicySettings = Field(
        default_factory=PolicySettings,
        description="Name pattern to auto, ask or deny: the table [tools.policy].",
    )
