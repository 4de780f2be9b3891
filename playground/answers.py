"""What a pretended model answers with: texts, tool calls, faults, and gates that hold a stream half way."""

import asyncio
import json
import math
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, cast


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came in, kept also when it was refused.

    Attributes:
        messages: The conversation in OpenAI's shape.
        tools: The offered tools in OpenAI's shape, `{"type": "function", "function": {...}}`.
        model: The model asked for, empty when the body named none.
        stream: Whether the answer is to be streamed.
        headers: The request's headers, names in lower case.
        body: The whole body, empty when it was no JSON object.
    """

    messages: list[dict[str, Any]]
    tools: list[dict[str, Any]]
    model: str
    stream: bool
    headers: Mapping[str, str]
    body: Mapping[str, Any]

    @property
    def tool_names(self) -> list[str]:
        """The offered tools' names, in their order."""
        return [tool["function"]["name"] for tool in self.tools]

    @property
    def last_user_text(self) -> str:
        """What the user said last, without pictures and files."""
        for message in reversed(self.messages):
            if message.get("role") == "user":
                return text_of(message)
        return ""


def text_of(message: Mapping[str, Any]) -> str:
    """The text of a message whose content is a string or a list of content parts."""
    content = message.get("content")
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    parts = cast("list[dict[str, Any]]", content)
    return "\n".join(str(part.get("text", "")) for part in parts if part.get("type") == "text")


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of one tool; made with `call`.

    Attributes:
        name: The tool's name.
        arguments: The arguments as the JSON text that goes over the wire, possibly malformed.
        id: The call's id, or None for a fresh one at each answer.
    """

    name: str
    arguments: str
    id: str | None = None


class Moment(asyncio.Event):
    """An event that can be awaited by itself: `await gate.reached`."""

    def __await__(self) -> Generator[Any, None, bool]:
        return self.wait().__await__()


class Gate:
    """A place half way through an answer where the stream waits for the test.

    `await gate.reached` returns when the first half has been sent; `gate.release()` lets the rest go.
    """

    def __init__(self) -> None:
        self.reached = Moment()
        self._released = asyncio.Event()

    def release(self) -> None:
        """Let the rest of the answer go."""
        self._released.set()

    async def passed(self) -> None:
        """Announce that the place is reached and wait for the release."""
        self.reached.set()
        await self._released.wait()


@dataclass(frozen=True, slots=True)
class Reply:
    """A model's answer: text, tool calls, or both.

    Attributes:
        text: The text before the calls.
        calls: The calls, made in parallel.
        chunks: In how many pieces the text is streamed; None for one a word.
        delay: Seconds between two pieces of the stream.
        finish: The finish reason, or None for the one that fits.
        usage: Prompt and completion tokens to report, or None to have them counted.
        gate: Where the stream waits half way.
    """

    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    chunks: int | None = None
    delay: float = 0.0
    finish: str | None = None
    usage: tuple[int, int] | None = None
    gate: Gate | None = None

    @property
    def finish_reason(self) -> str:
        """Why the answer ended, in OpenAI's words."""
        return self.finish or ("tool_calls" if self.calls else "stop")

    def pieces(self) -> list[str]:
        """The text cut for streaming; joined again it is the text."""
        if self.chunks is None:
            words = self.text.split(" ")
            return [word if last else word + " " for word, last in _with_last(words) if word or not last]
        size = max(1, math.ceil(len(self.text) / max(1, self.chunks)))
        return [self.text[start : start + size] for start in range(0, len(self.text), size)]


@dataclass(frozen=True, slots=True)
class Fault:
    """An answer that goes wrong.

    Attributes:
        status: The HTTP status, when no other fault is chosen.
        body: The body of the error, or None for one in OpenAI's shape. Together with `cut_after` it is sent
            inside the stream.
        headers: Further response headers, such as `Retry-After`.
        cut_after: Close the socket after so many pieces of `text`; without streaming, before any answer.
        hang: Never answer, or with `cut_after` stay silent after so many pieces instead of closing.
        html: Answer with a proxy's HTML page in place of JSON.
        text: What is streamed before the cut.
        calls: The calls that are streamed after the text.
        gate: Where a stream waits before it is cut, so that its reader has got what came before.
        unnamed: With `cut_after`, end the stream in good order, but without a finish reason.
    """

    status: int = 500
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    cut_after: int | None = None
    hang: bool = False
    html: bool = False
    text: str = "The beginning of an answer whose end will never be seen because the line is cut in the middle."
    calls: tuple[ToolCall, ...] = ()
    gate: Gate | None = None
    unnamed: bool = False


Answer = Reply | Fault


class Answers(Protocol):
    """Who decides what the endpoint answers."""

    def answer(self, request: Request) -> Answer:
        """Give the answer to one request."""
        ...


def say(
    text: str,
    *,
    chunks: int | None = None,
    delay: float = 0.0,
    finish: str | None = None,
    usage: tuple[int, int] | None = None,
) -> Reply:
    """An answer of plain text.

    Args:
        text: What is said.
        chunks: In how many pieces it is streamed; one a word unless given.
        delay: Seconds between two pieces.
        finish: The finish reason; "stop" unless given.
        usage: Prompt and completion tokens to report; counted unless given.
    """
    return Reply(text=text, chunks=chunks, delay=delay, finish=finish, usage=usage)


def call(name: str, /, *, _id: str | None = None, _raw: str | None = None, **arguments: Any) -> ToolCall:  # noqa: ANN401 - a tool takes any JSON
    """A call of a tool, as a part of an answer.

    Args:
        name: The tool's name.
        _id: The call's id; a fresh `call_…` at each answer unless given.
        _raw: The arguments as raw text in place of `arguments`, to send what no JSON parser takes.
        **arguments: The tool's arguments.
    """
    return ToolCall(name=name, arguments=json.dumps(arguments) if _raw is None else _raw, id=_id)


def _with_last(words: list[str]) -> list[tuple[str, bool]]:
    return [(word, index == len(words) - 1) for index, word in enumerate(words)]
