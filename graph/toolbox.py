"""The real tools of a run: policy, journal and catalog brought together around each call."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog

from checkpoints.cards import Decision
from checkpoints.outages import when_back
from checkpoints.texts import storable
from checkpoints.tool_runs import ToolRunKey
from graph.doubt import CallInDoubt, cut_off_before, given_up, taken_as_done, word_about
from graph.granted import without_asking
from graph.redacting import NOTHING_SECRET
from graph.refusals import refusal
from graph.state import fingerprint
from tools.policy import Action, Verdict
from tools.results import capped
from tools.tool import Origin, Tool, ToolError, check_arguments

if TYPE_CHECKING:
    from collections.abc import Mapping

    from checkpoints.tool_runs import ToolRun, ToolRuns
    from graph.granted import Granted
    from graph.rates import CallRates
    from graph.redacting import Redactor
    from graph.state import Call, Decided, ToolTask
    from tools.catalog import Catalog
    from tools.policy import Policy

log = structlog.get_logger()

# Characters of edited arguments that the model is told: as many as the form has. A file can bring a million.
_QUOTED = 4000


class CallRefused(ToolError):  # noqa: N818 - named as the tool errors are, for what went wrong
    """A call that may not be made: a person or the policy said no."""


class JournaledToolbox:
    """Runs tools; a call that is not read-only is started once, whatever happens to the process.

    Secrets are taken out of results. A call whose arguments hold one is not made at all: a card could not show what
    would run.
    """

    def __init__(
        self,
        catalog: Catalog,
        policy: Policy,
        runs: ToolRuns,
        *,
        thread_id: str,
        turn_key: str,
        origin: Origin,
        granted: Granted | None = None,
        rates: CallRates | None = None,
        redact: Redactor = NOTHING_SECRET,
    ) -> None:
        """Bring together what a call needs.

        Args:
            catalog: The tools.
            policy: The terms on which they are called.
            runs: Where it is noted which calls were started.
            thread_id: The thread of the calls.
            turn_key: The turn of the calls.
            origin: For whom they are made.
            granted: Which tools run without asking here; none unless given.
            rates: How often they may run; without it, as often as they are called.
            redact: Takes secrets out of results, and finds them in arguments.
        """
        self._catalog = catalog
        self._policy = policy
        self._runs = runs
        self._thread_id = thread_id
        self._turn_key = turn_key
        self._origin = origin
        self._granted = granted
        self._rates = rates
        self._redact = redact

    def definitions(self) -> list[dict[str, Any]]:
        """What the model is offered: every tool that the policy does not deny."""
        offered = (tool for tool in self._catalog.tools() if self._policy.verdict(tool).action != Action.DENY)
        return [tool.definition() for tool in offered]

    def verdict(self, name: str, arguments: Mapping[str, Any]) -> tuple[Verdict, str]:
        """On what terms a call may be made, and the source of its tool.

        Raises:
            ToolError: The tool is not known, or the arguments do not fit it, hold a secret, or are too much for a card.
        """
        tool = self._catalog.get(name)
        self._check(tool, arguments)
        return self._verdict(tool), tool.source

    async def within_limits(self, calls: list[Call]) -> list[Call]:
        """The calls of a model message; those that are more than the turn has left have that as their error."""
        return await self._rates.within(calls, self._turn_key) if self._rates else calls

    def tool(self, name: str, source: str) -> Tool:
        """The tool that a call was made to.

        Raises:
            ToolError: It is not there, or the name is another tool's by now.
        """
        tool = self._catalog.get(name)
        if tool.source != source:
            raise CallRefused(f"{name} is the name of another tool by now; it was not run. Call it anew.")
        return tool

    async def run(self, task: ToolTask, words: Mapping[str, Decided]) -> str:
        """The result of a call.

        Args:
            task: The call, and what was decided about it before it ran.
            words: What people said about runs of it that were in doubt, by their numbers.

        Raises:
            CallInDoubt: A run of it was under way when the process died, and nobody has said what now.
            ToolError: It may not be made, was given up, or failed.
        """
        call = task["call"]
        if call["error"]:
            raise ToolError(call["error"])
        key, earlier = await when_back(lambda: self._newest_run(call))
        if earlier and earlier.finished_at:
            # Whatever holds by now: it ran, and the model must not be told otherwise.
            return _result(earlier.result or "", failed=bool(earlier.failed))
        if earlier and not self._may_repeat(call):
            doubt = _doubt(task, key.run)
            match word_about(words, doubt):
                case Decision.RUN_AGAIN:
                    key = replace(key, run=key.run + 1)
                case Decision.TAKEN_AS_DONE:
                    await self._finished(key, taken_as_done(call["name"]), failed=False)
                    return taken_as_done(call["name"])
                case _:
                    await self._finished(key, given_up(call["name"]), failed=True)
                    raise ToolError(given_up(call["name"]))
        try:
            ready = self._allowed(task)
            earlier = await self._start(ready, key)
        except ToolError as problem:
            raise ToolError(_error(problem, key, call["name"])) from problem
        if earlier and earlier.finished_at:
            return _result(earlier.result or "", failed=bool(earlier.failed))
        if earlier and not ready.tool.hints.read_only:
            raise _doubt(task, key.run)
        return await self._run(ready, key)

    async def abandon(self, task: ToolTask) -> str:
        """What is known about a call whose turn is being closed: its result, or that it was stopped."""
        call = task["call"]
        key, earlier = await self._newest_run(call)
        if earlier is None:
            raise CallRefused("The turn was stopped before this call was made.")
        if earlier.finished_at is None:
            raise _doubt(task, key.run)
        return _result(earlier.result or "", failed=bool(earlier.failed))

    async def _newest_run(self, call: Call) -> tuple[ToolRunKey, ToolRun | None]:
        """The last run of a call that was started, and its key; the first one's key where none was."""
        first = ToolRunKey(self._thread_id, call["message_id"], call["id"])
        newest = await self._runs.newest(first)
        return (newest.key, newest) if newest else (first, None)

    def _may_repeat(self, call: Call) -> bool:
        """Whether a run that may have been under way does no harm again: its tool only reads."""
        try:
            return bool(self.tool(call["name"], call["source"]).hints.read_only)
        except ToolError:  # its server went away meanwhile: nobody can say that it does no harm
            return False

    def _verdict(self, tool: Tool) -> Verdict:
        """What the policy says, and where it says to ask, whether somebody said not to; a denial stays one."""
        verdict = self._policy.verdict(tool)
        grant = self._granted.of(tool) if self._granted and verdict.action == Action.ASK else None
        return Verdict(Action.AUTO, without_asking(grant)) if grant else verdict

    def _allowed(self, task: ToolTask) -> _Ready:
        """What may be run of a call: the decision can only tighten the verdict, and so can today's policy."""
        call, decided = task["call"], task["decided"]
        if call["action"] == Action.DENY:
            raise CallRefused(f"The policy here does not allow {call['name']} ({call['rule']}); it was not run.")
        arguments, edited = call["arguments"], False
        if call["action"] == Action.ASK:
            if decided is None or decided["decision"] != Decision.APPROVED:
                raise CallRefused(refusal(call["name"], decided))
            edited = "arguments" in decided
            arguments = decided.get("arguments", arguments)
        expected = decided["fingerprint"] if call["action"] == Action.ASK and decided else call["fingerprint"]
        ready = _Ready(self.tool(call["name"], call["source"]), arguments, expected, edited)
        if not ready.is_what_was_decided():
            raise CallRefused(f"What was approved is not this call of {call['name']}; it was not run.")
        self._check(ready.tool, arguments)
        verdict = self._verdict(ready.tool)
        if verdict.action == Action.DENY:
            raise CallRefused(
                f"The policy here does not allow {call['name']} any more ({verdict.rule}); it was not run."
            )
        if verdict.action == Action.ASK and call["action"] == Action.AUTO:
            raise CallRefused(
                f"{call['name']} does not run without asking any more ({verdict.rule}); it was not run. "
                "Call it again, and a person will be asked."
            )
        return ready

    async def _start(self, ready: _Ready, key: ToolRunKey) -> ToolRun | None:
        """Note that a call starts, if there is room for it; the row of one that was started before."""
        noted = partial(
            self._runs.start, key, turn_key=self._turn_key, tool=ready.tool.name, fingerprint=ready.fingerprint
        )
        if self._rates is None or await when_back(lambda: self._runs.find(key)):
            return await noted()
        async with self._rates.room(ready.tool, self._catalog, turn_key=self._turn_key, user_id=self._origin.user_id):
            return await noted()

    async def _run(self, ready: _Ready, key: ToolRunKey) -> str:
        if not ready.is_what_was_decided():
            raise CallRefused(f"What was approved is not this call of {ready.tool.name}; it was not run.")
        self._runs.check(key)
        try:
            result = ready.told(await ready.tool.run(ready.arguments, self._origin))
        except ToolError as problem:
            told = self._kept(ready.told(_error(problem, key, ready.tool.name)))
            await self._finished(key, told, failed=True)
            raise ToolError(told) from problem
        result = self._kept(result)
        await self._finished(key, result, failed=False)
        return result

    def _kept(self, text: str) -> str:
        """What a run gave as it is noted and told: no secret is in it, and no character that cannot be noted."""
        return storable(self._redact(text))

    async def _finished(self, key: ToolRunKey, result: str, *, failed: bool) -> None:
        """Note what a run gave, once the database is there: what is known must not come in doubt by its absence."""
        await when_back(lambda: self._runs.finish(key, result, failed=failed))

    def _check(self, tool: Tool, arguments: Mapping[str, Any]) -> None:
        """See that arguments hold no secret, and fit their tool."""
        if self._redact.holds(arguments):
            log.warning("secret_in_arguments", turn=self._turn_key, tool=tool.name)
            raise CallRefused(
                f"The arguments hold a secret of this program, and secrets are not passed on; {tool.name} was not run "
                "and can only run without it."
            )
        check_arguments(tool, arguments)


@dataclass(frozen=True, slots=True)
class _Ready:
    """A call that may be run: the tool, exactly the arguments, and what was decided about."""

    tool: Tool
    arguments: dict[str, Any]
    fingerprint: str
    edited: bool

    def is_what_was_decided(self) -> bool:
        return fingerprint(self.tool.name, self.arguments) == self.fingerprint

    def told(self, result: str) -> str:
        """What the model is told of the result: it must know when it is not that of the call it asked for."""
        if not self.edited:
            return result
        changed = capped(json.dumps(self.arguments, ensure_ascii=False), _QUOTED)
        return f"A person changed the arguments of this call before it ran, to: {changed}\n\n{result}"


def _result(text: str, *, failed: bool) -> str:
    if failed:
        raise ToolError(text)
    return text


def _error(problem: ToolError, key: ToolRunKey, name: str) -> str:
    """What the model is told of a run that gave no result: if it was one more, the one before it is still in doubt."""
    return f"{problem} {cut_off_before(name)}" if key.run else str(problem)


def _doubt(task: ToolTask, run: int) -> CallInDoubt:
    """That a run is in doubt, with what it was running with."""
    call, decided = task["call"], task["decided"]
    arguments = (decided or {}).get("arguments", call["arguments"])
    return CallInDoubt(call["name"], run, arguments, fingerprint(call["name"], arguments))
