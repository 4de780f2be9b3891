"""The model: one `ChatOpenAI` aimed at LiteLLM for the life of the process."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import openai
from langchain_core.messages import AIMessageChunk
from langchain_core.messages.ai import add_ai_message_chunks
from langchain_openai import ChatOpenAI

from graph.errors import ModelError, ModelFault
from graph.limits import Limits, Offer
from graph.message_cleaning import cleaned, end_of
from graph.model_faults import model_error
from graph.retrying import Retrying

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from langchain_core.messages import AIMessage, AnyMessage
    from langchain_core.runnables import Runnable

    from graph.draft import Draft
    from graph.model_settings import ModelSettings

# A list of models is small; a start, or a request, does not wait longer for it (seconds).
_LIST_BOUND = 10.0

# Whoever is there accepts a connection at once; the silence that is bearable afterwards is another matter (seconds).
_CONNECT_BOUND = 10.0

# What the client raises for all that the endpoint or the way to it does wrong.
_CLIENT_ERRORS = (openai.OpenAIError, json.JSONDecodeError)

# What ChatOpenAI raises when the answer is no completion at all, an HTML page say.
_NOT_AN_ANSWER = (TypeError, AttributeError, KeyError, ValueError)


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

    def __init__(
        self,
        settings: ModelSettings,
        *,
        retrying: Retrying | None = None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
        redact: Callable[[str], str] = str,
    ) -> None:
        """Set up a model; nothing is asked yet.

        Args:
            settings: Which model, where, and within which bounds.
            retrying: What is tried again; by the settings unless given.
            clock: Gives seconds that only grow.
            now: Gives the Unix time.
            redact: Takes secrets out of what the endpoint says of a fault.
        """
        self.name = settings.name
        self._call_timeout = settings.call_timeout
        self._retrying = retrying or Retrying(settings.retries, settings.retry_seconds)
        self._now = now
        self._redact = redact
        self._limits = Limits(settings, self.offers, clock)
        # Whether this endpoint has ever named the end of an answer, and how many came from it before without one.
        self._names_ends = False
        self._unnamed = 0
        self._chat = ChatOpenAI(
            model=settings.name,
            base_url=settings.api_base,
            api_key=settings.api_key,
            # Also keeps ChatOpenAI from sharing its connections with every other model in the process.
            timeout=openai.Timeout(settings.timeout, connect=min(_CONNECT_BOUND, settings.timeout)),
            max_retries=0,
            streaming=True,
            stream_usage=True,
            use_responses_api=False,
            # It would wrap every chunk in asyncio.wait_for, which on Python 3.11 loses a cancellation that comes with
            # the chunk (python/cpython#86296); `timeout` bounds the silence already.
            stream_chunk_timeout=None,
        )

    async def aclose(self) -> None:
        """Close the connections; for `contextlib.aclosing`."""
        client: openai.AsyncOpenAI = self._chat.root_async_client
        await client.close()

    async def room(self) -> int:
        """Tokens that the next request may hold, its tool definitions included."""
        return await self._limits.room()

    async def ask(self, messages: Sequence[AnyMessage], definitions: list[dict[str, Any]], draft: Draft) -> AIMessage:
        """The model's answer to these messages.

        Args:
            messages: What it sees, the system prompt first.
            definitions: The tools it may call, in OpenAI's function format.
            draft: Is given the text as it comes, and begins anew with every attempt.

        Raises:
            ModelError: There is no usable answer.
        """
        chat = self._chat.bind(tools=definitions) if definitions else self._chat
        return await self._retrying.call(partial(self._attempt, chat, list(messages), draft), draft.restart)

    async def _attempt(self, chat: Runnable[Any, Any], messages: list[AnyMessage], draft: Draft) -> AIMessage:
        chunks: list[AIMessageChunk] = []
        try:
            # Not wait_for, see above: this one never takes a cancellation from outside for its own.
            async with asyncio.timeout(self._call_timeout):
                async for chunk in chat.astream(messages):
                    if not isinstance(chunk, AIMessageChunk):
                        continue
                    chunks.append(chunk)
                    if chunk.text:
                        draft.add(chunk.text)
        except TimeoutError as error:
            detail = f"the answer was not complete after {self._call_timeout:g} seconds"
            raise ModelError(ModelFault.TIMEOUT, detail) from error
        except _CLIENT_ERRORS as error:
            raise self._error(error, begun=bool(chunks)) from error
        except _NOT_AN_ANSWER as error:
            raise ModelError(ModelFault.UNREADABLE, f"{type(error).__name__}: {error}") from error
        if not chunks:
            raise ModelError(ModelFault.UNREADABLE, "the stream ended without a message")
        # At once: one after the other, each sum is a copy of all before.
        return self._ended(add_ai_message_chunks(*chunks))

    def _ended(self, whole: AIMessageChunk) -> AIMessage:
        """The message of a stream that came to an end.

        An end that is not named is a cut, unless this endpoint never names one (docs/decisions/0011).

        Raises:
            ModelError: The message may not be whole, or there is nothing in it.
        """
        message = cleaned(whole)
        if end_of(whole):
            self._names_ends = True
        elif self._names_ends or self._unnamed == 0:
            self._unnamed += 1
            raise ModelError(ModelFault.INTERRUPTED, "the stream ended without a finish reason")
        return message

    def _error(self, error: Exception, *, begun: bool) -> ModelError:
        return model_error(error, begun=begun, now=self._now(), redact=self._redact)

    async def offers(self) -> dict[str, Offer]:
        """The models that the endpoint offers, by name.

        Raises:
            ModelError: It does not say.
        """
        client: openai.AsyncOpenAI = self._chat.root_async_client
        try:
            async with asyncio.timeout(_LIST_BOUND):
                listed = [model async for model in client.models.list()]
            extra = [model.model_extra or {} for model in listed]
            return {
                model.id: Offer.of(more.get("max_input_tokens"), more.get("max_output_tokens"))
                for model, more in zip(listed, extra, strict=True)
            }
        except TimeoutError as error:
            raise ModelError(ModelFault.TIMEOUT, f"the list did not come within {_LIST_BOUND:g} seconds") from error
        except _CLIENT_ERRORS as error:
            raise self._error(error, begun=False) from error
        except _NOT_AN_ANSWER as error:
            raise ModelError(ModelFault.UNREADABLE, f"{type(error).__name__}: {error}") from error
