"""What a run is given from outside: prompt, model and tools as they are at this moment."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from graph.granted import Granted
from graph.state import ConversationContext
from graph.toolbox import JournaledToolbox
from tools.builtin import builtin_tools
from tools.catalog import Catalog
from tools.mcp import McpServers
from tools.mcp_config import McpConfigError, load_mcp_config
from tools.policy import Policy
from tools.tool import Origin

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from checkpoints.journal import Journal
    from graph.deciding import Rules
    from graph.images import DataUrls
    from graph.llm import Model
    from graph.rates import CallRates
    from graph.redacting import Redactor
    from graph.turn import Closing, Turn
    from graph.window import WindowOnDemand
    from prompts.resolve import Prompts
    from tools.mcp_config import ServerConfig
    from tools.settings import ToolSettings
    from tools.tool import Tool

log = structlog.get_logger()


class ToolSupply:
    """All tools and their policy; the MCP servers start beside the rest, and the first turn waits for them."""

    def __init__(
        self, settings: ToolSettings, more: Sequence[Tool], variables: Mapping[str, str], redact: Redactor
    ) -> None:
        """Take what is set; nothing is started yet.

        Args:
            settings: How tools are found, called and allowed.
            more: Tools beside the built-in ones and those of the MCP servers.
            variables: What `${VAR}` in the file of the MCP servers stands for.
            redact: Takes secrets out of results.
        """
        self.policy = Policy(settings.policy)
        self._servers = McpServers(
            _servers(settings, variables),
            call_timeout=settings.call_timeout,
            start_timeout=settings.start_timeout,
            result_limit=settings.result_limit,
            redact=redact,
        )
        own = [*builtin_tools(), *more]
        self._catalog = Catalog(lambda: own, self._servers.tools)
        self._starting: asyncio.Task[None] | None = None

    async def __aenter__(self) -> ToolSupply:
        self._starting = asyncio.create_task(self._servers.start())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.wait({self._starting})
        await self._servers.stop()

    async def catalog(self) -> Catalog:
        """The tools, once every server is up or has failed once (or the time for that is over)."""
        if self._starting is not None:
            await asyncio.shield(self._starting)
        return self._catalog


def _servers(settings: ToolSettings, variables: Mapping[str, str]) -> Mapping[str, ServerConfig]:
    """The configured MCP servers; none when the file is broken, which the operator is told."""
    try:
        return load_mcp_config(settings.mcp_config, environ=variables).servers
    except McpConfigError as error:
        log.error("mcp_config_broken", problem=str(error))
        return {}


class RunContexts:
    """Makes the context of each run."""

    def __init__(
        self,
        *,
        model: Model,
        window: WindowOnDemand,
        images: DataUrls,
        prompts: Prompts,
        tools: ToolSupply,
        journal: Journal,
        rules: Rules,
        rates: CallRates,
        step_limit: int,
        redact: Redactor,
    ) -> None:
        self._model = model
        self._window = window
        self._images = images
        self._prompts = prompts
        self._tools = tools
        self._journal = journal
        self._rules = rules
        self._rates = rates
        self._step_limit = step_limit
        self._redact = redact

    async def context(self, turn: Turn, thread_id: str, closing: Closing | None) -> ConversationContext:
        """The context of one run of a turn."""
        guild_id = turn.conversation.guild_id
        toolbox = JournaledToolbox(
            await self._tools.catalog(),
            self._tools.policy,
            self._journal.tool_runs,
            thread_id=thread_id,
            turn_key=turn.key,
            origin=Origin(guild_id, turn.channel_id, turn.user_id),
            granted=Granted(await self._journal.grants.of(turn.conversation), self._journal.now, self._rules),
            rates=self._rates,
            redact=self._redact,
        )
        return ConversationContext(
            turn_key=turn.key,
            prompt=(await self._prompts.resolve(guild_id, turn.channel_id)).text,
            model=self._model,
            window=self._window,
            images=self._images,
            toolbox=toolbox,
            step_limit=self._step_limit,
            closing=closing,
        )
