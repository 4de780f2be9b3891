"""What a failed request to the model endpoint means, read from what the endpoint said."""

from __future__ import annotations

import json
import math
import re
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import openai
from langchain_core.exceptions import ContextOverflowError

from graph.errors import ModelError, ModelFault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_BY_STATUS = {
    400: ModelFault.REFUSED,
    401: ModelFault.UNAUTHORIZED,
    403: ModelFault.UNAUTHORIZED,
    404: ModelFault.UNKNOWN_MODEL,
    408: ModelFault.TIMEOUT,
    413: ModelFault.TOO_LONG,
    429: ModelFault.RATE_LIMITED,
}

# How LiteLLM and OpenAI-compatible servers say these things with status 400 or 429 (seen in their error bodies). A
# LiteLLM without a database says of every key but its master key that there is no database to look it up in; one with
# a wildcard among its models says of an unknown one that it has no healthy deployments.
_BY_WORDS = (
    ("context_length_exceeded", ModelFault.TOO_LONG),
    ("contextwindowexceeded", ModelFault.TOO_LONG),
    ("context window", ModelFault.TOO_LONG),
    ("context length", ModelFault.TOO_LONG),
    ("context size", ModelFault.TOO_LONG),
    ("prompt is too long", ModelFault.TOO_LONG),
    ("exceeds the maximum number of tokens", ModelFault.TOO_LONG),
    ("invalid model name", ModelFault.UNKNOWN_MODEL),
    ("model_not_found", ModelFault.UNKNOWN_MODEL),
    ("no healthy deployments for this model", ModelFault.UNKNOWN_MODEL),
    ("no connected db", ModelFault.UNAUTHORIZED),
    ("insufficient_quota", ModelFault.SPENT),
    ("budget_exceeded", ModelFault.SPENT),
    ("budget has been exceeded", ModelFault.SPENT),
)

# How endpoints name a model's context length where they refuse a request for it: OpenAI and vLLM, llama.cpp,
# Anthropic, Gemini (their error messages).
_LIMITS = (
    re.compile(r"maximum context length (?:is|of) (\d[\d,]*)", re.IGNORECASE),
    re.compile(r"context size \((\d[\d,]*)", re.IGNORECASE),
    re.compile(r"tokens > (\d[\d,]*) maximum", re.IGNORECASE),
    re.compile(r"maximum number of tokens allowed \((\d[\d,]*)", re.IGNORECASE),
)

# In this order: the proxy's own wish (LiteLLM names one while a deployment cools down) goes before its provider's,
# which LiteLLM hands on under a name of its own (seen). The header in milliseconds is OpenAI's.
_WAITS = (
    ("retry-after-ms", 0.001),
    ("retry-after", 1.0),
    ("llm_provider-retry-after-ms", 0.001),
    ("llm_provider-retry-after", 1.0),
)

_SHOWN_DETAIL = 2000


def model_error(error: Exception, *, begun: bool, now: float, redact: Callable[[str], str] = str) -> ModelError:
    """What a failed request means.

    Args:
        error: What the client raised.
        begun: Whether some of the answer had come.
        now: The Unix time, for a `Retry-After` that is a date.
        redact: Takes secrets out of what the endpoint said, before a cut could leave half of one.
    """
    detail = redact(_detail(error))[:_SHOWN_DETAIL]
    fault = _fault(error)
    if fault in (ModelFault.REFUSED, ModelFault.RATE_LIMITED):
        fault = next((found for words, found in _BY_WORDS if words in detail.lower()), fault)
    if begun and fault in (ModelFault.UNREACHABLE, ModelFault.SERVER, ModelFault.UNREADABLE):
        fault = ModelFault.INTERRUPTED
    wait = retry_after(error.response.headers, now) if isinstance(error, openai.APIStatusError) else None
    limit = named_limit(detail) if fault is ModelFault.TOO_LONG else None
    return ModelError(fault, detail, retry_after=wait, limit=limit)


def _fault(error: Exception) -> ModelFault:
    if isinstance(error, ContextOverflowError):
        return ModelFault.TOO_LONG
    match error:
        case openai.APITimeoutError():
            return ModelFault.TIMEOUT
        case openai.APIConnectionError():
            return ModelFault.UNREACHABLE
        case openai.APIStatusError(status_code=status):
            return _by_status(status)
        case openai.APIError(code=code) if code and str(code).isdecimal():
            # An error within a stream: LiteLLM puts there the status that it would have had.
            return _by_status(int(code))
        case json.JSONDecodeError():
            return ModelFault.UNREADABLE
        case _:
            return ModelFault.SERVER


def _by_status(status: int) -> ModelFault:
    return _BY_STATUS.get(status, ModelFault.SERVER if status >= 500 else ModelFault.REFUSED)


def _detail(error: Exception) -> str:
    """What the endpoint said, and what the client only says as the cause of its own error."""
    parts = [f"{type(error).__name__}: {error}"]
    if isinstance(error, openai.APIError):
        parts += [f"({word})" for word in (error.code, error.type) if word and str(word) not in parts[0]]
    if isinstance(error, openai.APIConnectionError) and error.__cause__:
        parts.append(f"({type(error.__cause__).__name__}: {error.__cause__})")
    return " ".join(parts)


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds after which an endpoint wants to be asked again: RFC 9110, 10.2.3, as seconds or as a date.

    Args:
        headers: The response's headers; their names are looked for in lower case.
        now: The Unix time.
    """
    for name, unit in _WAITS:
        value = headers.get(name)
        if value is not None and (seconds := _seconds(value, unit, now)) is not None:
            return seconds
    return None


def _seconds(value: str, unit: float, now: float) -> float | None:
    try:
        seconds = float(value) * unit
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - now
        except (ValueError, OverflowError):
            return None
    return max(0.0, seconds) if math.isfinite(seconds) else None


def named_limit(detail: str) -> int | None:
    """The context length in tokens that an endpoint named where it refused a request for it."""
    for pattern in _LIMITS:
        if found := pattern.search(detail):
            return int(found[1].replace(",", ""))
    return None
