"""The model: one `ChatOpenAI` aimed at LiteLLM for the life of the process, and what its failures mean."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import httpx
import openai
from langchain_core.exceptions import ContextOverflowError
from langchain_core.messages import AIMessage, AIMessageChunk, InvalidToolCall, ToolCall
from langchain_openai import ChatOpenAI
from pydantic import BaseModel, Field, SecretStr, field_validator

from graph.errors import ModelError, ModelFault

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from langchain_core.messages import AnyMessage


class ModelSettings(BaseModel):
    """Which model answers, where, and within which bounds."""

    api_base: str = Field(description="LiteLLM's address, with or without /v1")
    api_key: SecretStr = Field(default=SecretStr("none"), description="a key of the proxy")
    name: str = Field(min_length=1, description="the model's name at the proxy")
    timeout: float = Field(default=120, gt=0, description="seconds without a byte until a request is given up")
    window_tokens: int = Field(default=16_000, ge=256, description="what one request may hold, in tokens")
    step_limit: int = Field(default=25, ge=1, description="model calls in one turn")

    @field_validator("api_base")
    @classmethod
    def _with_v1(cls, value: str) -> str:
        address = value.strip().rstrip("/")
        if not address.startswith(("http://", "https://")):
            raise ValueError("it must begin with http:// or https://")
        return address if address.endswith("/v1") else f"{address}/v1"


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that one model call used, as the endpoint counted them."""

    input_tokens: int
    output_tokens: int


def usage_of(message: AIMessage) -> Usage:
    """The usage that a model message carries; zero where the endpoint told none."""
    usage = message.usage_metadata
    return Usage(usage["input_tokens"], usage["output_tokens"]) if usage else Usage(0, 0)


class Model:
    """A chat model behind the OpenAI protocol."""

    def __init__(self, settings: ModelSettings) -> None:
        self.name = settings.name
        self._chat = ChatOpenAI(
            model=settings.name,
            base_url=settings.api_base,
            api_key=settings.api_key,
            timeout=settings.timeout,
            max_retries=2,
            streaming=True,
            stream_usage=True,
            use_responses_api=False,
            # It would wrap every chunk in asyncio.wait_for, which on Python 3.11 loses a cancellation that comes with
            # the chunk (python/cpython#86296); `timeout` bounds the silence already.
            stream_chunk_timeout=None,
        )

    async def ask(
        self, messages: Sequence[AnyMessage], definitions: list[dict[str, Any]], on_text: Callable[[str], None]
    ) -> AIMessage:
        """The model's answer to these messages.

        Args:
            messages: What it sees, the system prompt first.
            definitions: The tools it may call, in OpenAI's function format.
            on_text: Called with each piece of text as it comes.

        Raises:
            ModelError: There is no usable answer.
        """
        chat = self._chat.bind(tools=definitions) if definitions else self._chat
        whole: AIMessageChunk | None = None
        try:
            async for chunk in chat.astream(list(messages)):
                if not isinstance(chunk, AIMessageChunk):
                    continue
                whole = chunk if whole is None else whole + chunk
                if chunk.text:
                    on_text(chunk.text)
        except (openai.OpenAIError, httpx.HTTPError, json.JSONDecodeError) as error:
            raise _model_error(error, begun=whole is not None) from error
        except (TypeError, AttributeError, KeyError, ValueError) as error:
            # What ChatOpenAI raises when the answer is no completion at all, an HTML page say.
            raise ModelError(ModelFault.UNREADABLE, f"{type(error).__name__}: {error}") from error
        if whole is None:
            raise ModelError(ModelFault.UNREADABLE, "the stream ended without a message")
        return _cleaned(whole)

    async def models(self) -> list[str]:
        """The names of the models that the endpoint offers.

        Raises:
            ModelError: It does not say.
        """
        client: openai.AsyncOpenAI = self._chat.root_async_client
        try:
            return [model.id async for model in client.models.list()]
        except (openai.OpenAIError, httpx.HTTPError, json.JSONDecodeError) as error:
            raise _model_error(error, begun=False) from error
        except (TypeError, AttributeError, KeyError, ValueError) as error:
            raise ModelError(ModelFault.UNREADABLE, f"{type(error).__name__}: {error}") from error


def _cleaned(chunk: AIMessageChunk) -> AIMessage:
    """The whole message, each call with an id of its own, and nothing that only this endpoint understands.

    Calls are read from their text: what LangChain makes of the chunks takes a call that was cut short for a whole one.

    Raises:
        ModelError: It says nothing and calls nothing, or a call may not be whole.
    """
    if chunk.tool_call_chunks and not chunk.response_metadata.get("finish_reason"):
        raise ModelError(ModelFault.INTERRUPTED, "the stream ended within a tool call")
    calls: list[ToolCall] = []
    broken: list[InvalidToolCall] = []
    given = {piece["id"] for piece in chunk.tool_call_chunks}
    seen: set[str] = set()
    for index, piece in enumerate(chunk.tool_call_chunks):
        call_id = piece["id"] or ""
        if not call_id or call_id in seen:
            call_id = f"call_{index}_{call_id or 'unnamed'}"
            while call_id in given:
                call_id += "_"
        seen.add(call_id)
        # Endpoints refuse a history in which a call has another kind of name.
        name = re.sub(r"[^a-zA-Z0-9_-]", "_", piece["name"] or "")[:64] or "unnamed"
        try:
            calls.append(ToolCall(name=name, args=_arguments(piece["args"] or "{}"), id=call_id))
        except ValueError as error:
            broken.append(
                InvalidToolCall(type="invalid_tool_call", name=name, args=piece["args"], id=call_id, error=str(error))
            )
    if not chunk.text.strip() and not calls and not broken:
        raise ModelError(ModelFault.UNREADABLE, "the model answered with an empty message")
    return AIMessage(
        chunk.text,
        tool_calls=calls,
        invalid_tool_calls=broken,
        usage_metadata=chunk.usage_metadata,
        response_metadata={key: value for key, value in chunk.response_metadata.items() if key in _KEPT},
    )


def _arguments(text: str) -> dict[str, Any]:
    arguments = json.loads(text)
    if not isinstance(arguments, dict):
        raise ValueError("they are not a JSON object")  # noqa: TRY004 - one kind of error for all that cannot be read
    return cast("dict[str, Any]", arguments)


_KEPT = {"finish_reason", "model_name"}

_BY_STATUS = {
    400: ModelFault.REFUSED,
    401: ModelFault.UNAUTHORIZED,
    403: ModelFault.UNAUTHORIZED,
    404: ModelFault.UNKNOWN_MODEL,
    408: ModelFault.TIMEOUT,
    413: ModelFault.TOO_LONG,
    429: ModelFault.RATE_LIMITED,
}

# How LiteLLM and OpenAI-compatible servers say these things with status 400 (seen in their error bodies). A LiteLLM
# without a database says of every key but its master key that there is no database to look it up in.
_BY_WORDS = (
    ("context_length_exceeded", ModelFault.TOO_LONG),
    ("context window", ModelFault.TOO_LONG),
    ("maximum context length", ModelFault.TOO_LONG),
    ("invalid model name", ModelFault.UNKNOWN_MODEL),
    ("model_not_found", ModelFault.UNKNOWN_MODEL),
    ("no connected db", ModelFault.UNAUTHORIZED),
)


def _model_error(error: Exception, *, begun: bool) -> ModelError:
    """What a failed request means."""
    detail = f"{type(error).__name__}: {error}"[:2000]
    if isinstance(error, openai.APIError) and error.code:
        detail += f" ({error.code})"
    match error:
        case openai.APITimeoutError() | httpx.TimeoutException():
            fault = ModelFault.TIMEOUT
        case openai.APIStatusError(status_code=status):
            fault = _BY_STATUS.get(status, ModelFault.SERVER if status >= 500 else ModelFault.REFUSED)
        case _ if begun:
            fault = ModelFault.INTERRUPTED
        case openai.APIConnectionError() | httpx.TransportError():
            fault = ModelFault.UNREACHABLE
        case json.JSONDecodeError():
            fault = ModelFault.UNREADABLE
        case _:
            fault = ModelFault.SERVER
    if isinstance(error, ContextOverflowError):
        fault = ModelFault.TOO_LONG
    if fault is ModelFault.REFUSED:
        fault = next((found for words, found in _BY_WORDS if words in detail.lower()), fault)
    return ModelError(fault, detail)
