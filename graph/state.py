"""What a conversation holds between steps, and what a run of it is given from outside."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, NotRequired, Protocol, TypedDict, cast

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage
from langgraph.channels.delta import DeltaChannel
from langgraph.graph.message import _messages_delta_reducer  # pyright: ignore[reportPrivateUsage] - has no public name

if TYPE_CHECKING:
    from graph.images import DataUrls
    from graph.llm import Model
    from graph.turn import Closing
    from graph.window import WindowOnDemand
    from tools.policy import Verdict
    from tools.tool import Tool


_reduce = cast("Callable[[Any, Sequence[Any]], Any]", _messages_delta_reducer)


class Call(TypedDict):
    """One tool call of a model message, with the verdict that was fixed when the message came.

    Attributes:
        id: The call's id, unique within its message.
        message_id: The model message.
        name: The tool's name as the model wrote it.
        source: The server that has the tool, and its own name for it: names can pass to another server's tool.
        arguments: What the model asked for; empty when it could not be read.
        fingerprint: Of name and arguments: what a person decides on.
        action: auto, ask or deny.
        rule: What decided that, for people.
        error: Why the call cannot be made at all, for the model; None when it can.
    """

    id: str
    message_id: str
    name: str
    source: str
    arguments: dict[str, Any]
    fingerprint: str
    action: str
    rule: str
    error: str | None


class Decided(TypedDict):
    """What a person decided about a call, and on what: a decision about other arguments does not count.

    Attributes:
        decision: A `checkpoints.cards.Decision`.
        fingerprint: Of the name and the arguments that were decided on.
        arguments: Those that a person put in the place of the model's; not there otherwise.
        reason: What the person gave as the reason.
    """

    decision: str
    fingerprint: str
    arguments: NotRequired[dict[str, Any]]
    reason: NotRequired[str]


class ConversationState(TypedDict, total=False):
    """A conversation at a checkpoint.

    Attributes:
        messages: Everything said, oldest first; `in_turns` parts it into turns.
            A DeltaChannel stores what each step adds, so that the stored size grows with the conversation
            and not with its square. The model sees a window of it; the whole stays for history and replay.
        calls: The tool calls of the newest model message, with their verdicts.
        decisions: What people decided about those of them that were asked about, by call id.
    """

    messages: Annotated[list[AnyMessage], DeltaChannel(_reduce, snapshot_frequency=50)]
    calls: list[Call]
    decisions: dict[str, Decided]


class ToolTask(TypedDict):
    """What one task of the tool node is given: a call, and what was decided about it."""

    call: Call
    decided: Decided | None


class Toolbox(Protocol):
    """The tools of a run. The real one runs them; replay answers from the record."""

    def definitions(self) -> list[dict[str, Any]]:
        """What the model is offered, in OpenAI's function format."""
        ...

    def verdict(self, name: str, arguments: Mapping[str, Any]) -> tuple[Verdict, str]:
        """On what terms a call may be made, and the source of its tool.

        Raises:
            ToolError: It cannot be made at all; the text tells the model, or who edits the call, what to mend.
        """
        ...

    async def within_limits(self, calls: list[Call]) -> list[Call]:
        """The calls of a model message, before anybody is asked; those that are too many have that as their error."""
        ...

    def tool(self, name: str, source: str) -> Tool:
        """The tool that a call was made to.

        Raises:
            ToolError: It is not there, or the name is another tool's by now.
        """
        ...

    async def run(self, task: ToolTask, words: Mapping[str, Decided]) -> str:
        """The result of a call that may be made.

        Args:
            task: The call, and what was decided about it.
            words: What people said about runs of it that were in doubt, by their numbers.

        Raises:
            CallInDoubt: A run of it is in doubt, and nobody has said what now.
            ToolError: It gave none; the text is what the model is told.
        """
        ...

    async def abandon(self, task: ToolTask) -> str:
        """What is known about a call whose turn is being closed."""
        ...


class Mailbox(Protocol):
    """What people write while a turn runs. Reading takes nothing away: what is in the state is taken."""

    async def read(self, messages: list[AnyMessage]) -> list[HumanMessage]:
        """What is to be handed to the turn, the oldest first, each marked as `STEERED_MARK` says.

        Args:
            messages: Everything said so far; what is in there is not handed in again.
        """
        ...


@dataclass(frozen=True, slots=True)
class ConversationContext:
    """What a run is given from outside; nothing of it is stored with the conversation.

    Attributes:
        turn_key: The turn that runs.
        prompt: The system prompt that holds here now.
        model: The model that answers.
        window: What of the conversation it sees.
        images: The images that the conversation refers to.
        toolbox: The tools it is offered.
        step_limit: How many model calls a turn may take.
        closing: Set when the turn is only to be closed: open calls are answered, the model is not called.
        mailbox: What people write while the turn runs; None where that waits for the end of the turn.
    """

    turn_key: str
    prompt: str
    model: Model
    window: WindowOnDemand
    images: DataUrls
    toolbox: Toolbox
    step_limit: int
    closing: Closing | None = None
    mailbox: Mailbox | None = None


def fingerprint(name: str, arguments: Mapping[str, Any]) -> str:
    """The SHA-256 of a call's name and arguments, in hexadecimal; equal calls have equal ones."""
    canonical = json.dumps([name, arguments], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()


def begins_turn(message: AnyMessage) -> bool:
    """Whether a turn begins with a message: a person wrote it, and it was not handed to a turn that ran."""
    return isinstance(message, HumanMessage) and STEERED_MARK not in message.additional_kwargs


def in_turns(messages: Sequence[AnyMessage]) -> list[list[AnyMessage]]:
    """A conversation in turns: each begins with what a person wrote."""
    turns: list[list[AnyMessage]] = []
    for message in messages:
        if begins_turn(message) or not turns:
            turns.append([])
        turns[-1].append(message)
    return turns


def current_turn(messages: list[AnyMessage]) -> list[AnyMessage]:
    """The messages of the newest turn: its HumanMessage and what follows."""
    for index in range(len(messages) - 1, -1, -1):
        if begins_turn(messages[index]):
            return messages[index:]
    return messages


def steered_messages(messages: Sequence[AnyMessage]) -> list[HumanMessage]:
    """The messages among these that were handed to a turn while it ran."""
    return [one for one in messages if isinstance(one, HumanMessage) and STEERED_MARK in one.additional_kwargs]


def model_messages(messages: list[AnyMessage]) -> list[AIMessage]:
    """The model's messages among these."""
    return [message for message in messages if isinstance(message, AIMessage)]


CLOSING_MARK = "clew_closing"
"""Key in a message's `additional_kwargs`: the message closes a turn and was not written by a model."""

STEERED_MARK = "clew_steered"
"""Key in a HumanMessage's `additional_kwargs`: it was handed to a turn that ran, and begins none."""

LEFT_OUT_MARK = "clew_left_out"
"""Key in a message's `additional_kwargs`: what the model could not be shown when it wrote it, as `LeftOut` has it."""
