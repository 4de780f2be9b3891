"""The user's side of a recorded thread through the present graph, with every tool answered from the record."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from langchain_core.messages import AIMessage, ToolMessage
from langgraph.checkpoint.memory import InMemorySaver

from checkpoints.keys import Conversation
from graph.build import build
from graph.decisions import Decisions
from graph.errors import GraphError
from graph.events import TurnFailed
from graph.running import config_of, run
from graph.state import (
    CLOSING_MARK,
    ConversationContext,
    begins_turn,
    current_turn,
    fingerprint,
    in_turns,
    model_messages,
    steered_messages,
)
from graph.turn import Turn
from tools.policy import Action, Verdict
from tools.tool import ToolError, UnknownTool

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from langchain_core.messages import AnyMessage, HumanMessage

    from graph.images import DataUrls
    from graph.llm import Model
    from graph.state import Call, Decided, ToolTask
    from graph.window import WindowOnDemand
    from tools.tool import Tool


class NotRecordedError(GraphError):
    """The model asked for a call that the record has no answer for; nothing was called."""


@dataclass(frozen=True, slots=True)
class ToolCallLine:
    """A tool call, for comparing: its name and arguments."""

    name: str
    arguments: Mapping[str, Any]

    @property
    def fingerprint(self) -> str:
        """Equal for equal calls."""
        return fingerprint(self.name, self.arguments)


@dataclass(frozen=True, slots=True)
class Side:
    """What one version of a turn says and calls."""

    text: str
    calls: tuple[ToolCallLine, ...]


@dataclass(frozen=True, slots=True)
class CallChanges:
    """How the calls of two versions of a turn differ; changed ones are of the same tool with other arguments."""

    added: tuple[ToolCallLine, ...]
    dropped: tuple[ToolCallLine, ...]
    changed: tuple[tuple[ToolCallLine, ToolCallLine], ...]


@dataclass(frozen=True, slots=True)
class ReplayedTurn:
    """One turn, as it was and as it is now.

    Attributes:
        asked: What the user wrote.
        old: As recorded.
        new: As the present graph has it, as far as it came.
        stopped: Why the replay could not go on after this; None when it could.
        recorded: Whether it is a turn of the record. A message that was handed to a running turn is a turn of its own
            here when the present graph ends that turn before the step at which it was handed in, as it would be live.
    """

    asked: str
    old: Side
    new: Side
    stopped: str | None = None
    recorded: bool = True

    @property
    def same(self) -> bool:
        """Whether both versions say and call the same."""
        return self.stopped is None and self.old == self.new

    @property
    def changes(self) -> CallChanges:
        """How the calls differ."""
        return _changes(self.old.calls, self.new.calls)


@dataclass(frozen=True, slots=True)
class RecordedTurn:
    """One turn of a record.

    Attributes:
        messages: Its messages, the user's first.
        definitions: The tools its model was offered.
    """

    messages: Sequence[AnyMessage]
    definitions: list[dict[str, Any]]

    async def entry(self, _checkpoint: str | None) -> Any:  # noqa: ANN401 - what LangChain takes as a message's content
        """What the user's message held."""
        return self.messages[0].content


@dataclass(slots=True)
class _RecordedToolbox:
    """Answers calls from the record of one turn; runs nothing, asks nobody."""

    turn: RecordedTurn
    _answers: defaultdict[str, deque[ToolMessage]] = field(default_factory=lambda: defaultdict(deque))

    def __post_init__(self) -> None:
        # An endpoint may use the id of a call again in a later message: an answer belongs to the newest one.
        asked: dict[str, str] = {}
        for message in self.turn.messages:
            if isinstance(message, AIMessage):
                asked |= {call["id"] or "": fingerprint(call["name"], call["args"]) for call in message.tool_calls}
            elif isinstance(message, ToolMessage) and message.tool_call_id in asked:
                self._answers[asked[message.tool_call_id]].append(message)

    def definitions(self) -> list[dict[str, Any]]:
        return self.turn.definitions

    def verdict(self, name: str, arguments: Mapping[str, Any]) -> tuple[Verdict, str]:  # noqa: ARG002 - every call is answered from the record
        return Verdict(Action.AUTO, "replay"), ""

    async def within_limits(self, calls: list[Call]) -> list[Call]:
        return calls  # those that were too many then have that as their answer in the record

    def tool(self, name: str, source: str) -> Tool:  # noqa: ARG002 - as above
        raise UnknownTool(f"{name} is in the record alone.")

    async def run(self, task: ToolTask, words: Mapping[str, Decided]) -> str:  # noqa: ARG002 - nothing is in doubt
        call = task["call"]
        if call["error"]:
            raise ToolError(call["error"])
        answers = self._answers[call["fingerprint"]]
        if not answers:
            raise NotRecordedError(
                f"The model asked for {call['name']} with {call['arguments']}, "
                "and the record of this turn has no answer to that."
            )
        answer = answers.popleft()
        if answer.status == "error":
            raise ToolError(answer.text)
        return answer.text

    async def abandon(self, task: ToolTask) -> str:
        return await self.run(task, {})


@dataclass(slots=True)
class _RecordedMailbox:
    """Hands in what was handed to a turn while it ran, each message before the same model call as then."""

    left: list[tuple[int, HumanMessage]]

    @classmethod
    def of(cls, turn: Sequence[AnyMessage]) -> _RecordedMailbox:
        """What was handed to a turn, each with the number of model calls before it."""
        places = {message.id: place for place, message in enumerate(turn)}
        return cls([(len(model_messages(list(turn[: places[one.id]]))), one) for one in steered_messages(turn)])

    async def read(self, messages: list[AnyMessage]) -> list[HumanMessage]:
        step = len(model_messages(current_turn(messages)))
        due = [message for at, message in self.left if at <= step]
        self.left = [(at, message) for at, message in self.left if at > step]
        return due


async def replay(
    record: Sequence[RecordedTurn],
    *,
    prompt: str,
    model: Model,
    window: WindowOnDemand,
    images: DataUrls,
    step_limit: int,
) -> list[ReplayedTurn]:
    """Say again what the user said, and see what the present graph makes of it.

    Nothing outside is touched but the model: checkpoints are kept in memory, tools are answered from the record. It
    ends at the first turn that needs something that was not recorded, or that the model fails.

    Args:
        record: The turns of the thread.
        prompt: The system prompt.
        model: The model that answers now.
        window: What it sees.
        images: The images that the record refers to.
        step_limit: Model calls in one turn.

    Returns:
        The turns that were replayed, the one that stopped the replay included.
    """
    graph = build(InMemorySaver())
    replayed: list[ReplayedTurn] = []
    coming = deque((turn, True) for turn in record)
    while coming:
        recorded, in_record = coming.popleft()
        turn = _turn(len(replayed), recorded)
        mailbox = _RecordedMailbox.of(recorded.messages)
        toolbox = _RecordedToolbox(recorded)
        context = ConversationContext(turn.key, prompt, model, window, images, toolbox, step_limit, mailbox=mailbox)
        stopped = None
        try:
            async for event in run(graph, "replay", turn, context, Decisions(), recorded.entry):
                if isinstance(event, TurnFailed):
                    stopped = event.error.sentence
        except NotRecordedError as error:
            stopped = str(error)
        state = await graph.aget_state(config_of("replay"))
        messages: list[AnyMessage] = state.values.get("messages", [])
        start = next((index for index, message in enumerate(messages) if message.id == turn.key), len(messages))
        old, new = _side(recorded.messages), _side(messages[start:])
        replayed.append(ReplayedTurn(turn.text, old, new, stopped, in_record))
        if stopped:
            break
        for _, message in reversed(mailbox.left):
            unheard = message.model_copy(update={"additional_kwargs": {}})
            coming.appendleft((RecordedTurn([unheard], recorded.definitions), False))
    return replayed


def recorded_turns(messages: Sequence[AnyMessage]) -> list[list[AnyMessage]]:
    """The messages of a thread, turn by turn; a turn begins with what the user wrote."""
    return [turn for turn in in_turns(messages) if begins_turn(turn[0])]


def _turn(number: int, recorded: RecordedTurn) -> Turn:
    return Turn(
        key=f"replay:{number}:0",
        conversation=Conversation(None, 0, 0),
        user_id=0,
        channel_id=0,
        text=recorded.messages[0].text,
    )


def _side(messages: Sequence[AnyMessage]) -> Side:
    said = [message for message in model_messages(list(messages)) if CLOSING_MARK not in message.additional_kwargs]
    calls = tuple(ToolCallLine(call["name"], call["args"]) for message in said for call in message.tool_calls)
    return Side("\n\n".join(message.text for message in said if message.text), calls)


def _changes(old: Sequence[ToolCallLine], new: Sequence[ToolCallLine]) -> CallChanges:
    dropped, added = _without(old, new), _without(new, old)
    changed: list[tuple[ToolCallLine, ToolCallLine]] = []
    for before in list(dropped):
        after = next((call for call in added if call.name == before.name), None)
        if after:
            changed.append((before, after))
            dropped.remove(before)
            added.remove(after)
    return CallChanges(tuple(added), tuple(dropped), tuple(changed))


def _without(calls: Sequence[ToolCallLine], others: Sequence[ToolCallLine]) -> list[ToolCallLine]:
    """The calls that the others do not have, counting how often each is there."""
    left = [call.fingerprint for call in others]
    found: list[ToolCallLine] = []
    for call in calls:
        if call.fingerprint in left:
            left.remove(call.fingerprint)
        else:
            found.append(call)
    return found
