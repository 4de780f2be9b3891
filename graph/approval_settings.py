"""What can be set about approvals: the table `[approvals]`. Light, since every command reads the settings."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from tools.patterns import all_say_something

if TYPE_CHECKING:
    from collections.abc import Iterable

_DECIDER = re.compile(r"requester|others|(role|user):[0-9]{1,20}", re.ASCII)


def _decider(text: str) -> str:
    if not _DECIDER.fullmatch(text):
        raise ValueError(f"{text[:50]!r} is nobody: a decider is requester, others, role:<id> or user:<id>")
    return text


Deciders = Annotated[list[Annotated[str, AfterValidator(_decider)]], Field(min_length=1)]


class ToolApprovals(BaseModel):
    """A table `[approvals.tools."pattern"]`; what is left out is as in `[approvals]`."""

    model_config = ConfigDict(extra="forbid")

    deciders: Deciders | None = None
    approvals: int | None = Field(default=None, ge=1)
    deadline_hours: float | None = Field(default=None, ge=0, le=24 * 366)
    remember_minutes: int | None = Field(default=None, ge=0, le=60 * 24 * 366)
    ping: bool | None = None


class ApprovalSettings(BaseModel):
    """Who decides about a tool call that waits, and how."""

    model_config = ConfigDict(extra="forbid")

    deciders: Deciders = Field(
        default=["requester"],
        description="who may decide: requester, others (anyone but the requester), role:<id>, user:<id>",
    )
    approvals: int = Field(default=1, ge=1, description="how many people have to approve; one refusal refuses")
    deadline_hours: float = Field(
        default=24, ge=0, le=24 * 366, description="hours until a card nobody decided is refused; 0: never"
    )
    remember_minutes: int = Field(
        default=0,
        ge=0,
        le=60 * 24 * 366,
        description="for how long a tool can be allowed to run without asking; 0: that is not offered",
    )
    ping: bool = Field(default=False, description="whether a person who has to decide is pinged, once")
    tools: dict[str, ToolApprovals] = Field(
        default_factory=dict[str, ToolApprovals],
        description="name pattern, as in [tools.policy], to what is otherwise for the tools that it fits",
    )

    @field_validator("tools")
    @classmethod
    def _patterns_say_something(cls, tools: dict[str, ToolApprovals]) -> dict[str, ToolApprovals]:
        if not all_say_something(tools):
            raise ValueError("a pattern in [approvals.tools] is empty: name a tool, or use * for all of them")
        return tools

    @model_validator(mode="after")
    def _enough_people(self) -> Self:
        for pattern, own in {None: ToolApprovals(), **self.tools}.items():
            deciders, approvals = own.deciders or self.deciders, own.approvals or self.approvals
            if approvals > (most := _most_people(deciders)):
                where = f' of "{pattern}"' if pattern else ""
                raise ValueError(
                    f"{approvals} people have to approve, but the deciders{where} are never more than {most}: "
                    'add "others", a role or users to the deciders'
                )
        return self


def _most_people(deciders: Iterable[str]) -> float:
    """How many people can approve one call at the most."""
    named = set(deciders)
    unbounded = "others" in named or any(one.startswith("role:") for one in named)
    return float("inf") if unbounded else len(named)
