"""The real tools of a run: policy, journal and catalog brought together around each call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from checkpoints.approvals import Decision
from checkpoints.tool_runs import ToolRunKey
from tools.policy import Action, Verdict
from tools.tool import Origin, Tool, ToolError, check_arguments

if TYPE_CHECKING:
    from collections.abc import Mapping

    from checkpoints.tool_runs import ToolRuns
    from graph.state import Call, ToolTask
    from tools.catalog import Catalog
    from tools.policy import Policy


class CallRefused(ToolError):  # noqa: N818 - named as the tool errors are, for what went wrong
    """A call that may not be made: a person or the policy said no."""


class CallInDoubt(ToolError):  # noqa: N818
    """A call that was running when the process died; whether it had its effect is not known."""


class JournaledToolbox:
    """Runs tools; a call that is not read-only is started once, whatever happens to the process."""

    def __init__(
        self, catalog: Catalog, policy: Policy, runs: ToolRuns, *, thread_id: str, turn_key: str, origin: Origin
    ) -> None:
        self._catalog = catalog
        self._policy = policy
        self._runs = runs
        self._thread_id = thread_id
        self._turn_key = turn_key
        self._origin = origin

    def definitions(self) -> list[dict[str, Any]]:
        """What the model is offered: every tool that the policy does not deny."""
        offered = (tool for tool in self._catalog.tools() if self._policy.verdict(tool).action != Action.DENY)
        return [tool.definition() for tool in offered]

    def verdict(self, name: str, arguments: Mapping[str, Any]) -> tuple[Verdict, str]:
        """On what terms a call may be made, and the source of its tool.

        Raises:
            ToolError: The tool is not known or the arguments do not fit it.
        """
        tool = self._catalog.get(name)
        check_arguments(tool, arguments)
        return self._policy.verdict(tool), tool.source

    async def run(self, task: ToolTask) -> str:
        """The result of a call.

        Raises:
            ToolError: It may not be made, is in doubt, or failed.
        """
        call = task["call"]
        if call["error"]:
            raise ToolError(call["error"])
        tool = self._allowed(task)
        key = ToolRunKey(self._thread_id, call["message_id"], call["id"])
        earlier = await self._runs.start(key, turn_key=self._turn_key, tool=tool.name, fingerprint=call["fingerprint"])
        if earlier and earlier.finished_at:
            return _result(earlier.result or "", failed=bool(earlier.failed))
        if earlier and not tool.hints.read_only:
            raise CallInDoubt(_doubt(tool.name))
        return await self._run(tool, call, key)

    async def abandon(self, task: ToolTask) -> str:
        """What is known about a call whose turn is being closed: its result, or that it was stopped."""
        call = task["call"]
        earlier = await self._runs.find(ToolRunKey(self._thread_id, call["message_id"], call["id"]))
        if earlier is None:
            raise CallRefused("The turn was stopped before this call was made.")
        if earlier.finished_at is None:
            raise CallInDoubt(_doubt(call["name"]))
        return _result(earlier.result or "", failed=bool(earlier.failed))

    def _allowed(self, task: ToolTask) -> Tool:
        """The tool of a call that may be made: the decision can only tighten the verdict, and so can today's policy."""
        call, decided = task["call"], task["decided"]
        if call["action"] == Action.DENY:
            raise CallRefused(f"The policy here does not allow {call['name']} ({call['rule']}); it was not run.")
        if call["action"] == Action.ASK:
            if decided is None or decided["decision"] != Decision.APPROVED:
                raise CallRefused(
                    f"The user refused this call of {call['name']}; it was not run. "
                    "Do not try it again unless they ask for it."
                )
            if decided["fingerprint"] != call["fingerprint"]:
                raise CallRefused(f"What was approved is not this call of {call['name']}; it was not run.")
        tool = self._catalog.get(call["name"])
        if tool.source != call["source"]:
            raise CallRefused(f"{call['name']} is the name of another tool by now; it was not run. Call it anew.")
        check_arguments(tool, call["arguments"])
        verdict = self._policy.verdict(tool)
        if verdict.action == Action.DENY:
            raise CallRefused(f"The policy here does not allow {tool.name} any more ({verdict.rule}); it was not run.")
        return tool

    async def _run(self, tool: Tool, call: Call, key: ToolRunKey) -> str:
        try:
            result = await tool.run(call["arguments"], self._origin)
        except ToolError as problem:
            await self._runs.finish(key, str(problem), failed=True)
            raise
        await self._runs.finish(key, result, failed=False)
        return result


def _result(text: str, *, failed: bool) -> str:
    if failed:
        raise ToolError(text)
    return text


def _doubt(name: str) -> str:
    return (
        f"The program stopped while {name} was running. Whether it had its effect is not known, and it was not run "
        "again. Tell the user so, and look at the result by other means before anything is repeated."
    )
