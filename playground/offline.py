"""The demo's model: it calls the right tool for a plain request, always in the same way, without a network."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from playground.answers import Answer, Reply, Request, ToolCall, say, text_of
from playground.offline_arguments import Filled, fill
from playground.offline_plan import Plan, Step, plan
from playground.offline_schema import Tool
from playground.offline_talk import QUESTION, asked_for, conclusion, introduction, small_talk

WORD_DELAY = 0.02
"""Seconds between two words, so that text is seen growing."""

_LEADING_MENTION = re.compile(r"^\s*<@!?\d+>[\s,:]*")

# The lines that a bot may put around what is not the user's own.
_BOUNDARY = re.compile(r"(?m)^⟦data \w+⟧\n|\n?^⟦end of data \w+⟧$\n*")

# What stands between them.
_FOREIGN = re.compile(r"(?ms)^⟦data (\w+)⟧$.*?^⟦end of data \1⟧$\s*")

# What others said, which a bot puts before what the user asks for: a heading and lines that are marked as a quote.
_QUOTES = re.compile(r"^(?:[^\n>][^\n]*:\n)?(?:> ?[^\n]*\n?)+\s*", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Turn:
    """Where the conversation stands.

    Attributes:
        text: What the user asks for; with the earlier request when this is the answer to a question about it.
        before: What the user said earlier.
        done: Names and results of the calls since the user's last message.
        results: Names and results of all calls since the last finished answer.
        system: The system prompt.
    """

    text: str
    before: tuple[str, ...]
    done: tuple[tuple[str, str], ...]
    results: tuple[tuple[str, str], ...]
    system: str

    @classmethod
    def of(cls, request: Request) -> "Turn":
        """Read the conversation."""
        messages = request.messages
        asked = [i for i, message in enumerate(messages) if message["role"] == "user"]
        last = asked[-1] if asked else len(messages) - 1
        closed = [i for i, m in enumerate(messages) if m["role"] == "assistant" and not m.get("tool_calls")]
        said = [_LEADING_MENTION.sub("", _QUOTES.sub("", _FOREIGN.sub("", text_of(messages[i])))) for i in asked]
        text = said[-1] if said else ""
        if len(said) > 1 and last > 0 and text_of(messages[last - 1]).startswith(QUESTION):
            text = f"{said[-2]} {text}"
        system = [text_of(message) for message in messages if message["role"] in ("system", "developer")]
        return cls(
            text=text,
            before=tuple(said[:-1]),
            done=_results(messages, last),
            results=_results(messages, closed[-1] if closed else 0),
            system="\n".join(system),
        )


class Offline:
    """Answers plain requests with calls of the offered tools, and tells what came of them."""

    def __init__(self, delay: float = WORD_DELAY) -> None:
        """Make a model.

        Args:
            delay: Seconds between two words of an answer.
        """
        self._delay = delay

    def answer(self, request: Request) -> Answer:
        """Give the answer to one request."""
        turn = Turn.of(request)
        offered = [] if request.body.get("tool_choice") == "none" else request.tools
        tools = [Tool.of(each) for each in offered]
        if not turn.done and (words := small_talk(turn.text, turn.before, turn.system)):
            return self._say(words)
        wanted = plan(turn.text, tools)
        if len(turn.done) >= _calls_of(wanted, turn):
            return self._say(conclusion(turn.results) if turn.results else introduction(tools))
        return self._next(wanted, turn)

    def _next(self, wanted: Plan, turn: Turn) -> Reply:
        """The calls of the step that comes next, or a question when it does not tell enough."""
        calls: list[ToolCall] = []
        made = 0
        for step in wanted.steps:
            filled = _filled(step, turn)
            made += len(filled)
            if made <= len(turn.done):
                continue
            if filled[0].missing:
                told = f"{conclusion(turn.results)}\n\n" if turn.results else ""
                return self._say(told + asked_for(step.tool, filled[0].missing))
            calls += _calls(step.tool, filled)
            if not wanted.together:
                break
        return Reply(calls=tuple(calls), delay=self._delay)

    def _say(self, text: str) -> Reply:
        return say(text, delay=self._delay)


def _filled(step: Step, turn: Turn) -> list[Filled]:
    return fill(step.tool, step.clause, turn.done[-1][1] if turn.done else None, step.before)


def _calls_of(wanted: Plan, turn: Turn) -> int:
    return sum(len(_filled(step, turn)) for step in wanted.steps)


def _calls(tool: Tool, filled: Sequence[Filled]) -> list[ToolCall]:
    return [ToolCall(tool.name, json.dumps(each.arguments, ensure_ascii=False)) for each in filled]


def _results(messages: Sequence[dict[str, Any]], start: int) -> tuple[tuple[str, str], ...]:
    names: dict[str, str] = {}
    found: list[tuple[str, str]] = []
    for message in messages[start:]:
        for made in cast("list[dict[str, Any]]", message.get("tool_calls") or []):
            names[made["id"]] = made["function"]["name"]
        if message["role"] == "tool":
            found.append((names.get(message["tool_call_id"], "tool"), _own(message)))
    return tuple(found)


def _own(message: dict[str, Any]) -> str:
    """The text of a message without the lines around what is not the user's own."""
    return _BOUNDARY.sub("", text_of(message))
