"""The MCP servers: each kept running, restarted when it dies, its tools given out."""

from __future__ import annotations

import asyncio
import contextlib
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self

import structlog

from tools.mcp_types import RemoteError, RemoteTool, SessionError, SessionLost
from tools.results import capped, result_text
from tools.tool import Origin, ServerDown, Tool, ToolFailed, ToolTimeout

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tools.mcp_config import ServerConfig
    from tools.mcp_session import Session

log = structlog.get_logger()

State = Literal["starting", "up", "down"]

_STABLE = 30.0  # seconds after which a server that dies is restarted as if for the first time
# The end of an HTTP server shows only when it is asked something, and a call in flight should not wait long for it.
_BUSY_PING = 2.0
_PING_TIMEOUT = 10.0


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """How a server is; `error` says for operators why it is down."""

    name: str
    state: State
    tools: int
    error: str | None


@dataclass(frozen=True, slots=True)
class _Terms:
    """What holds for all servers: times in seconds, the length of a result in characters."""

    call_timeout: float
    connect_timeout: float
    result_limit: int
    ping_interval: float
    backoff: Callable[[int], float]
    redact: Callable[[str], str]


def exponential_backoff(attempt: int) -> float:
    """Give the seconds to wait before trying again for the n-th time in a row: doubling, with jitter, up to 60."""
    longest = min(60.0, 2.0 ** min(attempt, 10))
    return random.uniform(longest / 2, longest)  # noqa: S311 - spreads restarts, guards nothing


class McpServers:
    """All configured MCP servers.

    A server that fails, in whatever way, is tried again in the background for ever and disturbs no other. While
    it is down its tools stay listed as they were last known, so that names stay what they are and a call that
    waited for a person finds its tool; a call then raises `ServerDown` at once.
    """

    def __init__(
        self,
        servers: Mapping[str, ServerConfig],
        *,
        call_timeout: float = 120,
        start_timeout: float = 15,
        connect_timeout: float = 60,
        result_limit: int = 20_000,
        ping_interval: float = 30,
        backoff: Callable[[int], float] = exponential_backoff,
        redact: Callable[[str], str] = str,
    ) -> None:
        """Take the servers; nothing is started yet.

        Args:
            servers: How to reach each, by name.
            call_timeout: Seconds a call may take.
            start_timeout: Seconds `start` waits for servers.
            connect_timeout: Seconds a server has to start and shake hands; ample, since the first start of a
                server under npx or uvx downloads it.
            result_limit: Characters of a result that are given to the model.
            ping_interval: Seconds after which a silent server is asked for a sign of life, and, up to 10, what
                it has for its answer.
            backoff: Number of failures in a row (from 1) to seconds until the next attempt.
            redact: Takes secrets out of results, and of what servers say before their end.
        """
        terms = _Terms(call_timeout, connect_timeout, result_limit, ping_interval, backoff, redact)
        self._servers = {name: _Server(name, config, terms) for name, config in servers.items()}
        self._start_timeout = start_timeout
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Start all servers, and wait a while until each is up or has failed once."""
        # A task each rather than a TaskGroup: a fault that escapes from one must not cancel the others.
        self._tasks = [
            asyncio.create_task(server.keep(), name=f"mcp {server.name}") for server in self._servers.values()
        ]
        for task in self._tasks:
            task.add_done_callback(_report_fault)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._start_timeout):
                for server in self._servers.values():
                    await server.tried.wait()

    async def stop(self) -> None:
        """End all sessions and the processes that were started for them."""
        for server in self._servers.values():
            server.stopping = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def tools(self) -> Sequence[Tool]:
        """Give the tools of all servers under the servers' own names for them."""
        return [tool for server in self._servers.values() for tool in server.tools]

    def status(self) -> list[ServerStatus]:
        """Tell how each server is."""
        return [server.status() for server in self._servers.values()]

    async def change(self, name: str) -> None:
        """Wait until the state of a server or its list of tools changes."""
        await self._servers[name].changed.wait()

    async def until(self, name: str, state: State) -> None:
        """Wait until a server is in a state."""
        while self._servers[name].state != state:
            await self.change(name)


def _report_fault(task: asyncio.Task[None]) -> None:
    """Tell of a server's task that ended by a fault it did not foresee; its server stays down."""
    if not task.cancelled() and (fault := task.exception()):
        log.error("mcp_server_task_failed", task=task.get_name(), error=repr(fault), exc_info=fault)


class _Server:
    """One server and the task that keeps it."""

    def __init__(self, name: str, config: ServerConfig, terms: _Terms) -> None:
        self.name = name
        self.tools: tuple[Tool, ...] = ()
        self.state: State = "starting"
        self.tried = asyncio.Event()
        self.changed = asyncio.Event()
        self.stopping = False
        self._config = config
        self._terms = terms
        self._session: Session | None = None
        self._error: str | None = None
        self._calls = 0

    def status(self) -> ServerStatus:
        return ServerStatus(self.name, self.state, len(self.tools), self._error)

    async def keep(self) -> None:
        """Hold a session with the server, and a new one whenever it ends."""
        failures = 0
        try:
            while True:
                lasted = await self._live_once()
                if self.stopping:  # our cancellation came out as a fault of the session
                    return
                failures = 1 if lasted >= _STABLE else failures + 1
                await asyncio.sleep(self._terms.backoff(failures))
        finally:
            self._become("down", self._error or "it was stopped")

    async def _live_once(self) -> float:
        """Hold one session as long as it lasts; give the seconds it was up."""
        clock = asyncio.get_running_loop().time
        since: float | None = None
        try:
            # Here, since the MCP library takes 15 MB and half a second, and not everybody has servers.
            from tools.mcp_session import open_session

            terms = self._terms
            async with open_session(self.name, self._config, terms.connect_timeout, terms.redact) as session:
                await self._take_tools(session)
                self._session = session
                since = clock()
                self._become("up", None)
                await self._attend(session)
        except SessionError as error:
            self._become("down", str(error))
        return 0.0 if since is None else clock() - since

    def _become(self, state: State, error: str | None) -> None:
        news = (state, error) != (self.state, self._error)
        if state != "up":
            self._session = None
        self.state, self._error = state, error
        if news and not self.stopping:  # a server that stays down for the same reason is told of once
            tell = log.info if state == "up" else log.warning
            tell(f"mcp_server_{state}", server=self.name, tools=len(self.tools), error=error)
        self.tried.set()
        self._announce()

    def _announce(self) -> None:
        """Wake whoever waits for a change."""
        self.changed.set()
        self.changed = asyncio.Event()

    async def _attend(self, session: Session) -> None:
        """Watch a session until it ends, which comes out as `SessionLost`."""
        while True:
            pause = self._terms.ping_interval
            if self._calls and not session.sees_its_end:
                pause = min(pause, _BUSY_PING)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await session.wake.wait()
            woken = session.wake.is_set()
            session.wake.clear()
            session.check()
            if session.take_list_changed():
                await self._take_changed_tools(session)
            elif not woken:
                await self._ping(session)

    async def _ping(self, session: Session) -> None:
        try:
            async with asyncio.timeout(min(self._terms.ping_interval, _PING_TIMEOUT)):
                await session.ping()
        except RemoteError:
            return  # it does not know ping, but it answers
        except TimeoutError as error:
            # A server may be so busy with a call that it hears nothing; the call has a timeout of its own.
            if not self._calls:
                raise SessionLost("it does not answer any more") from error

    async def _take_changed_tools(self, session: Session) -> None:
        try:
            await self._take_tools(session)
        except RemoteError as error:
            log.warning("mcp_tools_not_refreshed", server=self.name, error=str(error))
        self._announce()

    async def _take_tools(self, session: Session) -> None:
        try:
            async with asyncio.timeout(self._terms.connect_timeout):
                self.tools = tuple(self._tool(remote) for remote in await session.list_tools())
        except TimeoutError as error:
            raise SessionLost("it did not list its tools in time") from error

    def _tool(self, remote: RemoteTool) -> Tool:
        # The tool holds on to the server, not to a session: it stays good when the server is restarted.
        async def run(arguments: dict[str, Any], _origin: Origin) -> str:
            return await self._call(remote.name, arguments)

        return Tool(remote.name, remote.description, remote.schema, self.name, remote.hints, run)

    async def _call(self, name: str, arguments: dict[str, Any]) -> str:
        session = self._session
        if session is None or session.ended:
            raise ServerDown(
                f"The tool server {self.name!r} is not running and is being restarted: nothing was done; go on "
                "without it, or try again later."
            )
        self._calls += 1
        session.wake.set()  # so that it is watched more closely from now on
        limit = self._terms.result_limit
        try:
            async with asyncio.timeout(self._terms.call_timeout):
                result = await session.call(name, arguments)
        except TimeoutError as error:
            raise ToolTimeout(
                f"{name} gave no answer within {self._terms.call_timeout:g} s; it may still be at work, so check "
                "what it has done before calling it again."
            ) from error
        except SessionLost as error:
            raise ServerDown(
                f"The tool server {self.name!r} went away during the call: whether {name} took effect is not "
                "known, so check before calling it again."
            ) from error
        except RemoteError as error:
            raise ToolFailed(capped(self._terms.redact(f"{name} failed: {error}"), limit)) from error
        finally:
            self._calls -= 1
        text = result_text(result.blocks, result.structured, limit, self._terms.redact)
        if result.is_error:
            raise ToolFailed(text)
        return text
