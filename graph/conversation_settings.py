"""What can be set about conversations: what becomes of a message that comes while a turn runs."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field


class WhileRunning(StrEnum):
    """What becomes of a message that comes while a turn of its conversation runs."""

    QUEUE = "queue"  # it waits, and is a turn of its own
    COLLECT = "collect"  # it waits, and all that wait are one turn
    STEER = "steer"  # the running turn takes it in before its next model call


class ConversationSettings(BaseModel):
    """The table `[conversations]` of clew.toml."""

    model_config = ConfigDict(extra="forbid")

    while_running: WhileRunning = Field(
        default=WhileRunning.QUEUE, description="what becomes of messages that come while a turn runs"
    )
    channels: dict[int, WhileRunning] = Field(
        default_factory=dict[int, WhileRunning], description="the same for channels and threads, by their ids"
    )

    def while_running_in(self, channel_id: int, parent_id: int | None) -> WhileRunning:
        """What holds in a channel: its own setting, else that of the channel above it, else the common one."""
        above = self.while_running if parent_id is None else self.channels.get(parent_id, self.while_running)
        return self.channels.get(channel_id, above)
