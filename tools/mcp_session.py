"""One lasting session with one MCP server: the only file that knows the MCP library.

The library runs its transports in anyio task groups. These must be left by the task that entered them, and a
fault in one comes out wherever that task happens to be. So `open_session` belongs to one task for as long as the
session lasts; calls may come from any task, and end with `SessionLost` when the session does.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TextIO, TypeVar, cast

import anyio
import httpx
from langchain_mcp_adapters.sessions import SSEConnection, StreamableHttpConnection, create_session
from langchain_mcp_adapters.tools import load_mcp_tools
from mcp import ClientSession, McpError, StdioServerParameters, types
from mcp.client.stdio import stdio_client
from mcp.shared.message import SessionMessage
from pydantic import ValidationError

from tools.mcp_config import HttpServer, ServerConfig, StdioServer
from tools.mcp_stderr import stderr_log
from tools.mcp_types import RemoteError, RemoteResult, RemoteTool, SessionError, SessionLost
from tools.tool import Hints

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator

    from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
    from langchain_core.tools import BaseTool

T = TypeVar("T")

# The library logs with a traceback what it also raises or drops; it reaches our log as one event instead.
for _noisy in ("mcp.client.stdio", "mcp.client.streamable_http", "mcp.client.sse"):
    logging.getLogger(_noisy).setLevel(logging.CRITICAL)

_CLOSED = (anyio.ClosedResourceError, anyio.BrokenResourceError, anyio.EndOfStream)
_FAULTS = (
    *(OSError, RuntimeError, ValueError, ExceptionGroup),
    *(McpError, httpx.HTTPError, httpx.InvalidURL),
    *_CLOSED,
)
# How the library says that the connection, or the server's memory of the session (HTTP 404), is gone.
_END_ANSWERS = {(types.CONNECTION_CLOSED, "Connection closed"), (32600, "Session terminated")}
_REASON_LIMIT = 300  # characters of a fault that are told
_NOISE_LIMIT = 1000  # lines in a row that are no messages, after which a server is taken to speak something else
_HTTP_TIMEOUT = timedelta(seconds=30)
_GOODBYE_TIMEOUT = 2.0
_HTTP_READ_TIMEOUT = timedelta(hours=1)  # a stream may be silent for long: calls have a timeout, silence a ping


class Session:
    """An initialised session.

    Attributes:
        wake: Set when the session ended or the server's list of tools changed; whoever waits for it clears it.
        sees_its_end: Whether the end of the server is noticed by itself, without asking.
    """

    def __init__(self, *, sees_its_end: bool) -> None:
        self.wake = asyncio.Event()
        self.sees_its_end = sees_its_end
        self._client: ClientSession | None = None
        self._ended = asyncio.Event()
        self._reason = "the connection closed"
        self._list_changed = False

    @property
    def ended(self) -> bool:
        """Whether the session is known to be over."""
        return self._ended.is_set()

    def check(self) -> None:
        """Raise `SessionLost` if the session has ended."""
        if self.ended:
            raise SessionLost(self._reason)

    def take_list_changed(self) -> bool:
        """Tell whether the server has announced another list of tools since this was last asked."""
        changed, self._list_changed = self._list_changed, False
        return changed

    def end(self, reason: str | None = None) -> None:
        """Note that the session is over: whoever waits for an answer stops waiting."""
        self._reason = reason or self._reason
        self._ended.set()
        self.wake.set()

    async def initialise(self, client: ClientSession) -> None:
        """Shake hands."""
        self._client = client
        await self._answer(client.initialize())

    async def list_tools(self) -> list[RemoteTool]:
        """Ask for all tools, however many pages they take."""
        capabilities = self._live.get_server_capabilities()
        if capabilities and not capabilities.tools:
            return []
        return [_remote_tool(tool) for tool in await self._answer(load_mcp_tools(self._live))]

    async def call(self, name: str, arguments: dict[str, Any]) -> RemoteResult:
        """Call a tool.

        Raises:
            SessionLost: The session ended before there was an answer; the call may have taken effect.
            RemoteError: The server refused the call.
        """
        # Not the loaded tool's own call: ClientSession.call_tool below it holds the answer against the tool's output
        # schema and raises where it does not fit, which would hide from the model what a tool has already done.
        params = types.CallToolRequestParams(name=name, arguments=arguments)
        request = types.ClientRequest(types.CallToolRequest(params=params))
        result = await self._answer(self._live.send_request(request, types.CallToolResult))
        blocks = [block.model_dump(mode="json", by_alias=True, exclude_none=True) for block in result.content]
        return RemoteResult(blocks, result.structuredContent, result.isError)

    async def ping(self) -> None:
        """Ask for a sign of life."""
        await self._answer(self._live.send_ping())

    @property
    def _live(self) -> ClientSession:
        self.check()
        if self._client is None:
            raise SessionLost("the session is not initialised")
        return self._client

    async def _answer(self, request: Coroutine[Any, Any, T]) -> T:
        """Wait for the answer to a request, but no longer than the session lasts."""
        answer = asyncio.ensure_future(request)
        end = asyncio.ensure_future(self._ended.wait())
        try:
            await asyncio.wait((answer, end), return_when=asyncio.FIRST_COMPLETED)
            if not answer.done():
                raise SessionLost(self._reason)
            return answer.result()
        except McpError as error:
            if (error.error.code, error.error.message) not in _END_ANSWERS:
                raise RemoteError(error.error.message) from error
            self.end()
            raise SessionLost(self._reason) from error
        except _CLOSED as error:
            self.end()
            raise SessionLost(self._reason) from error
        except (ValidationError, RuntimeError) as error:
            raise RemoteError(f"its answer breaks the protocol ({_first_line(error)})") from error
        finally:
            for future in (answer, end):
                future.cancel()
            await asyncio.gather(answer, end, return_exceptions=True)

    async def receive(self, message: object) -> None:
        """Take what the server says without being asked (the library's message handler)."""
        if isinstance(message, types.ServerNotification) and isinstance(
            message.root, types.ToolListChangedNotification
        ):
            self._list_changed = True
            self.wake.set()


@asynccontextmanager
async def open_session(
    name: str,
    config: ServerConfig,
    timeout: float,  # noqa: ASYNC109
    redact: Callable[[str], str] = str,
) -> AsyncGenerator[Session]:
    """Start or reach a server and hold a session with it.

    Must be left by the task that entered it. When the session ends by itself the task inside is either woken by
    `Session.wake` or interrupted; either way `SessionLost` comes out.

    Args:
        name: The server's name, for the log.
        config: How to reach it.
        timeout: Seconds it has to start and shake hands.
        redact: Takes secrets out of what it says before its end.

    Raises:
        SessionLost: It could not be reached, or is gone.
    """
    session = Session(sees_its_end=isinstance(config, StdioServer))
    last_words: deque[str] = deque(maxlen=3)
    try:
        async with AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(timeout):
                    opening = (
                        _http_client(config, session)
                        if isinstance(config, HttpServer)
                        else _stdio_client(config, session, stderr_log(name, last_words, redact))
                    )
                    await session.initialise(await stack.enter_async_context(opening))
            except TimeoutError as error:
                raise SessionLost(f"it did not answer within {timeout:g} s") from error
            stack.callback(session.end)
            yield session
    except (SessionError, *_FAULTS) as error:
        said = f"; it last said: {' / '.join(last_words)}" if last_words else ""
        raise SessionLost(f"{redact(_reason(error))[:_REASON_LIMIT]}{said}") from error


@asynccontextmanager
async def _http_client(config: HttpServer, session: Session) -> AsyncGenerator[ClientSession]:
    shared: dict[str, Any] = {
        "url": config.url,
        "headers": dict(config.headers),
        "session_kwargs": {"message_handler": session.receive},
        "httpx_client_factory": _http_factory,
    }
    if config.sse:
        connection = SSEConnection(
            transport="sse",
            timeout=_HTTP_TIMEOUT.total_seconds(),
            sse_read_timeout=_HTTP_READ_TIMEOUT.total_seconds(),
            **shared,
        )
    else:
        connection = StreamableHttpConnection(
            transport="streamable_http", timeout=_HTTP_TIMEOUT, sse_read_timeout=_HTTP_READ_TIMEOUT, **shared
        )
    async with create_session(connection) as client:
        yield client


def _http_factory(
    headers: dict[str, str] | None = None,
    timeout: httpx.Timeout | None = None,
    auth: httpx.Auth | None = None,
) -> httpx.AsyncClient:
    """Make an HTTP client like the library's own, but one whose goodbye does not wait long.

    The library ends a session with a DELETE under the timeouts of all other requests: a server that hangs would
    hold up its own restart, and the end of the program, for as long as a stream may be silent.
    """

    async def shorten_goodbye(request: httpx.Request) -> None:
        if request.method == "DELETE":
            request.extensions["timeout"] = httpx.Timeout(_GOODBYE_TIMEOUT).as_dict()

    return httpx.AsyncClient(headers=headers, timeout=timeout, auth=auth, event_hooks={"request": [shorten_goodbye]})


@asynccontextmanager
async def _stdio_client(
    config: StdioServer, session: Session, errors: AbstractAsyncContextManager[TextIO]
) -> AsyncGenerator[ClientSession]:
    """Start a server's process.

    Not the adapters' own session: it lets the server write to our terminal, and does not tell when it is gone.
    The process sees the library's short list of harmless variables (PATH, HOME, ...) and what is configured for
    it, nothing else of our environment.
    """
    parameters = StdioServerParameters(
        command=config.command,
        args=list(config.args),
        env=config.env,
        cwd=config.cwd,
        encoding_error_handler="replace",
    )
    async with (
        errors as stderr,
        stdio_client(parameters, errlog=stderr) as (incoming, outgoing),
        anyio.create_task_group() as pumping,
    ):
        into, messages = anyio.create_memory_object_stream[SessionMessage | Exception](0)
        pumping.start_soon(_pump, incoming, into, session)
        async with ClientSession(messages, outgoing, message_handler=session.receive) as client:
            yield client
        pumping.cancel_scope.cancel()


async def _pump(
    incoming: MemoryObjectReceiveStream[SessionMessage | Exception],
    into: MemoryObjectSendStream[SessionMessage | Exception],
    session: Session,
) -> None:
    """Hand on what a server writes, and note when it writes no more: that is how the end of a process shows."""
    noise = 0
    reason = "its process ended or closed its output"
    async with into:
        async for message in incoming:
            noise = noise + 1 if isinstance(message, Exception) else 0
            if noise > _NOISE_LIMIT:
                reason = "it writes to its standard output what is not MCP"
                break
            if not noise:
                await into.send(message)
    session.end(reason)


def _remote_tool(tool: BaseTool) -> RemoteTool:
    """A tool as the adapters load it; its annotations are in the metadata."""
    said: dict[str, Any] = tool.metadata or {}
    hints = Hints(*(said.get(key) for key in ("readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint")))
    description = tool.description or said.get("title") or ""
    return RemoteTool(tool.name, description, cast("dict[str, Any]", tool.args_schema), hints)


def _reason(error: BaseException) -> str:
    """Say what happened, given what came out of the library: often one fault deep in exception groups."""
    faults = list(_leaves(error))
    fault = next((fault for fault in faults if isinstance(fault, SessionError)), faults[0])
    if isinstance(fault, FileNotFoundError) and fault.filename:
        return f"there is no {fault.filename!r} to run"
    return _first_line(fault) or type(fault).__name__


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in cast("BaseExceptionGroup[BaseException]", error).exceptions:
            yield from _leaves(inner)
    else:
        yield error


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), "")
