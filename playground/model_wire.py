"""Answers in the shape in which OpenAI's chat completions send them."""

import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from playground.answers import Reply, Request, ToolCall

ARGUMENT_FRAGMENT = 12
"""Characters of a call's arguments in one chunk; small, so that a reader must put fragments together."""

CHARACTERS_A_TOKEN = 4
"""OpenAI's rule of thumb for English text."""

Json = dict[str, Any]


def error_body(message: str, *, kind: str, param: str | None = None, code: str | None = None) -> Json:
    """An error in OpenAI's shape."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def usage_of(request: Request, reply: Reply) -> Json:
    """Tokens of a request and its answer, counted by their length; the same for the same request."""
    if reply.usage is not None:
        prompt, completion = reply.usage
    else:
        prompt = _tokens(json.dumps([request.messages, request.tools]))
        completion = _tokens(reply.text + "".join(call.name + call.arguments for call in reply.calls))
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
    }


def _tokens(text: str) -> int:
    return -(-len(text) // CHARACTERS_A_TOKEN)


@dataclass(frozen=True, slots=True)
class Completion:
    """One answer on its way to the client.

    Attributes:
        id: Unique for every completion.
        created: Unix time in seconds.
        request: What is answered.
        reply: The answer.
    """

    id: str
    created: int
    request: Request
    reply: Reply

    @classmethod
    def of(cls, request: Request, reply: Reply, *, now: float) -> "Completion":
        """Start an answer with a fresh id, and fresh ids for calls that have none."""
        calls = tuple(ToolCall(c.name, c.arguments, c.id or f"call_{uuid.uuid4().hex[:24]}") for c in reply.calls)
        shown = Reply(reply.text, calls, reply.chunks, reply.delay, reply.finish, reply.usage, reply.gate)
        return cls(id=f"chatcmpl-{uuid.uuid4().hex}", created=int(now), request=request, reply=shown)

    def whole(self) -> Json:
        """The body of an answer without streaming."""
        message: Json = {
            "role": "assistant",
            "content": self.reply.text or None,
            "refusal": None,
            "annotations": [],
        }
        if self.reply.calls:
            message["tool_calls"] = [_tool_call(call) for call in self.reply.calls]
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": self.reply.finish_reason}
        return self._envelope("chat.completion", [choice]) | {"usage": usage_of(self.request, self.reply)}

    def opening(self) -> Json:
        """The first chunk, which tells the role."""
        content = None if self.reply.calls and not self.reply.text else ""
        return self._chunk({"role": "assistant", "content": content, "refusal": None})

    def middle(self) -> list[Json]:
        """The chunks that carry the text, then those of the calls."""
        texts = [self._chunk({"content": piece}) for piece in self.reply.pieces()]
        return texts + [self._chunk({"tool_calls": [delta]}) for delta in self._call_deltas()]

    def ending(self) -> list[Json]:
        """The chunk with the finish reason, and the usage if it was asked for."""
        last = [self._chunk({}, self.reply.finish_reason)]
        if self._with_usage:
            usage = {"usage": usage_of(self.request, self.reply)}
            last.append(self._envelope("chat.completion.chunk", []) | usage)
        return last

    @property
    def _with_usage(self) -> bool:
        options = self.request.body.get("stream_options")
        return isinstance(options, Mapping) and bool(options.get("include_usage"))  # pyright: ignore[reportUnknownArgumentType] - the body is any JSON

    def _call_deltas(self) -> Iterator[Json]:
        for index, call in enumerate(self.reply.calls):
            yield {"index": index, **_tool_call(call), "function": {"name": call.name, "arguments": ""}}
            for start in range(0, len(call.arguments), ARGUMENT_FRAGMENT):
                fragment = call.arguments[start : start + ARGUMENT_FRAGMENT]
                yield {"index": index, "function": {"arguments": fragment}}

    def _chunk(self, delta: Json, finish: str | None = None) -> Json:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        chunk = self._envelope("chat.completion.chunk", [choice])
        return chunk | {"usage": None} if self._with_usage else chunk

    def _envelope(self, kind: str, choices: list[Json]) -> Json:
        return {
            "id": self.id,
            "object": kind,
            "created": self.created,
            "model": self.request.model,
            "service_tier": "default",
            "system_fingerprint": "fp_playground",
            "choices": choices,
        }


def _tool_call(call: ToolCall) -> Json:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
