"""The LiteLLM proxy and its model: reachable, right key, right name, known length, and an answer that uses a tool."""

from __future__ import annotations

import json
import re
from contextlib import aclosing
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, cast

import httpx
from langchain_core.messages import HumanMessage

from clew.doctor.finding import Finding, Level, one_line
from clew.settings import SettingsError
from graph.draft import Draft
from graph.errors import ModelError, ModelFault
from graph.limits import DEFAULT_WINDOW, Offer
from graph.llm import Model
from graph.retrying import Retrying
from tools.builtin import builtin_tools

if TYPE_CHECKING:
    from collections.abc import Callable

    from langchain_core.messages import AIMessage

    from clew.settings import Settings
    from graph.model_settings import ModelSettings

# A list of names is short, and a proxy that takes longer for it will not be pleasant (seconds).
_LIST_TIMEOUT = 15.0

_NAMED = 10

# A LiteLLM without a database says this of every key but its master key (seen with 1.106).
_NO_KEYS = "no connected db"

_QUESTION = "What time is it in Tokyo now? Call the tool, and say nothing else."

_ADDRESS = "LITELLM_API_BASE must be the proxy's own address, http://127.0.0.1:4000 say, with or without /v1."
_KEY = "LITELLM_API_KEY must be the proxy's master key or a virtual key of it."


class _ListError(Exception):
    """The list of models cannot be had; carries what to say about it.

    Attributes:
        finding: What to say.
        hopeless: Whether a request to the model would fail for the same reason.
    """

    def __init__(self, finding: Finding, *, hopeless: bool) -> None:
        super().__init__(finding.text)
        self.finding = finding
        self.hopeless = hopeless


async def check_model(settings: Settings, plain: Callable[[str], str], *, ask: bool) -> list[Finding]:
    """Look at the proxy and the model.

    Args:
        settings: What is set.
        plain: Takes what nobody should see out of what the proxy says, before it is cut.
        ask: Whether to ask the model something; it is one short request, or two where the first is refused.
    """
    try:
        chosen = settings.model
    except SettingsError as error:
        mend = "Put it into .env; docs/litellm.md shows a proxy that works."
        return [Finding(Level.FAILED, "proxy", line, mend) for line in str(error).splitlines()]
    try:
        offered = await _offered(chosen, plain)
    except _ListError as error:
        return [error.finding] if error.hopeless or not ask else [error.finding, await _asked(chosen, plain)]
    findings = [Finding(Level.OK, "proxy", f"{_shown(chosen.api_base)} answers and takes the key.")]
    name = _name(chosen, offered)
    findings += name
    if name[-1].level != Level.FAILED:
        findings.append(_length(chosen, offered))
        if ask:
            findings.append(await _asked(chosen, plain))
    return findings


async def _offered(chosen: ModelSettings, plain: Callable[[str], str]) -> dict[str, dict[str, Any]]:
    """What the proxy lists of each model it offers."""
    url = f"{chosen.api_base}/models"
    headers = {"Authorization": f"Bearer {chosen.api_key.get_secret_value()}"}
    try:
        async with httpx.AsyncClient(timeout=_LIST_TIMEOUT) as client:
            response = await client.get(url, headers=headers)
    except httpx.TimeoutException as error:
        text = f"{_shown(url)} gave no answer within {_LIST_TIMEOUT:g} s."
        raise _ListError(_failed(text, "See that the proxy runs and is not overloaded."), hopeless=True) from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        text = f"Nothing answers at {_shown(chosen.api_base)} ({one_line(error) or type(error).__name__})."
        mend = f"Start the proxy, or correct the address. {_ADDRESS} In a container, 127.0.0.1 is the container itself."
        raise _ListError(_failed(text, mend), hopeless=True) from error
    return _listed(url, response, plain)


def _listed(url: str, response: httpx.Response, plain: Callable[[str], str]) -> dict[str, dict[str, Any]]:
    """The models in an answer, by name."""
    status = response.status_code
    if status in (401, 403) or (status == 400 and _NO_KEYS in response.text.lower()):
        text = f"The proxy refuses the key ({status}: {_said(response, plain)})."
        raise _ListError(_failed(text, _KEY), hopeless=True)
    if response.is_redirect:
        text = f"{_shown(url)} sends us elsewhere: a login page, or another address of the proxy."
        raise _ListError(_failed(text, _ADDRESS), hopeless=True)
    try:
        body: object = response.json()
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        kind = "an HTML page" if "<" in response.text[:20] else "something that is not JSON"
        text = f"{_shown(url)} answers with {kind} (status {status}): that is not the API of a LiteLLM proxy."
        mend = f"{_ADDRESS} Not that of its admin page, of Open WebUI, or of a web server in front that has an error."
        raise _ListError(_failed(text, mend), hopeless=True) from error
    if status == 404:
        text = f"There is no {_shown(url)}: that path is not the API of a LiteLLM proxy."
        raise _ListError(_failed(text, _ADDRESS), hopeless=False)
    entries = cast("dict[str, Any]", body).get("data") if isinstance(body, dict) else None
    if status != 200 or not isinstance(entries, list):
        text = f"{_shown(url)} does not list models (status {status}: {_said(response, plain)})."
        raise _ListError(_failed(text, "See the proxy's own log."), hopeless=False)
    models = [cast("dict[str, Any]", entry) for entry in cast("list[object]", entries) if isinstance(entry, dict)]
    return {str(model.get("id")): model for model in models}


def _failed(text: str, mend: str) -> Finding:
    return Finding(Level.FAILED, "proxy", text, mend)


def _said(response: httpx.Response, plain: Callable[[str], str]) -> str:
    """What an error's body says, in OpenAI's shape or any other."""
    try:
        return one_line(plain(str(response.json()["error"]["message"])), 160).rstrip(".")
    except (ValueError, KeyError, TypeError):
        return one_line(plain(response.text), 160)


def _shown(url: str) -> str:
    """An address without the name and password that may stand in it."""
    return re.sub(r"//[^/@]*@", "//", url)


def _name(chosen: ModelSettings, offered: dict[str, dict[str, Any]]) -> list[Finding]:
    if chosen.name in offered:
        return [Finding(Level.OK, "model", f"The proxy offers {chosen.name}.")]
    if pattern := next((name for name in offered if "*" in name and fnmatchcase(chosen.name, name)), None):
        return [Finding(Level.OK, "model", f"The proxy offers {chosen.name} through its wildcard {pattern}.")]
    if not offered:
        mend = "Give it a model_list, or give this key access to a model; docs/litellm.md shows how."
        return [Finding(Level.FAILED, "model", "The proxy offers no model to this key.", mend)]
    close = get_close_matches(chosen.name, offered, n=3, cutoff=0.5)
    names = close or list(offered)[:_NAMED]
    more = f" and {len(offered) - len(names)} more" if len(offered) > len(names) else ""
    return [
        Finding(
            Level.FAILED,
            "model",
            f"The proxy does not offer {chosen.name}.",
            f"Set MODEL_NAME to a name it offers: {', '.join(names)}{more}.",
        )
    ]


def _length(chosen: ModelSettings, offered: dict[str, dict[str, Any]]) -> Finding:
    # As the model's own limits read it: LiteLLM gives some figures as floats, and some that mean nothing.
    limit = Offer.of(offered.get(chosen.name, {}).get("max_input_tokens"), None).max_input
    cap = chosen.window_tokens
    if limit and cap and cap > limit:
        text = f"window_tokens is {cap:,}, but {chosen.name} reads {limit:,} tokens."
        mend = f"Set window_tokens = {limit} under [model] in clew.toml, or less; until then {limit:,} holds."
        return Finding(Level.WARNING, "model", text, mend)
    if limit:
        text = f"{chosen.name} reads {limit:,} tokens; clew uses {cap or limit:,} of them for a request and its answer."
        return Finding(Level.OK, "model", text)
    text = f"The proxy does not tell how much {chosen.name} can read"
    if cap:
        return Finding(Level.OK, "model", f"{text}; window_tokens in clew.toml says {cap:,}.")
    mend = "Set model_info: max_input_tokens for it at the proxy, or window_tokens under [model] in clew.toml."
    return Finding(Level.WARNING, "model", f"{text}; clew takes it for {DEFAULT_WINDOW:,} tokens.", mend)


async def _asked(chosen: ModelSettings, plain: Callable[[str], str]) -> Finding:
    """What comes of a real request, on the way that every turn takes."""
    clock = [tool.definition() for tool in builtin_tools()]
    # Asked once: what a repetition would mend is worth knowing here.
    async with aclosing(Model(chosen, retrying=Retrying(0, 0.0), redact=plain)) as model:
        try:
            answer = await _ask(model, clock)
        except ModelError as error:
            return await _refused(model, error)
    if not answer.tool_calls:
        text = f"{chosen.name} answers, but it did not call the tool it was told to call."
        return Finding(Level.WARNING, "model", text, "clew works best with a model that can call tools.")
    return Finding(Level.OK, "model", f"{chosen.name} answers and calls tools.")


async def _refused(model: Model, error: ModelError) -> Finding:
    """Tell a model that fails from one that only takes no tools."""
    if error.fault in (ModelFault.REFUSED, ModelFault.SERVER):
        try:
            await _ask(model, [])
        except ModelError as second:
            error = second
        else:
            text = f"{model.name} answers, but not when it is offered tools: {one_line(error.detail, 200)}"
            return Finding(Level.FAILED, "model", text, "Set MODEL_NAME to a model that can call tools.")
    mend = "See the proxy's own log: its provider's key, the provider's limits, the model's name there."
    return Finding(Level.FAILED, "model", f"A request to {model.name} failed: {one_line(error.detail, 200)}", mend)


async def _ask(model: Model, definitions: list[dict[str, Any]]) -> AIMessage:
    return await model.ask([HumanMessage(_QUESTION)], definitions, Draft(0, lambda _event: None))
