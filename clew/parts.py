"""What every way of talking with clew is made of, Discord or a terminal: database, graph, model, prompts, tools."""

from __future__ import annotations

from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from checkpoints.claims import Claims
from checkpoints.database import open_database
from checkpoints.journal import Journal
from checkpoints.keys import TERMINAL
from checkpoints.saver import open_saver
from clew.alone import alone
from clew.contexts import RunContexts, ToolSupply
from graph.branching import Branching
from graph.build import build
from graph.deciding import Rules
from graph.images import DataUrls
from graph.llm import Model
from graph.rates import CallRates, Rates
from graph.redacting import Redactor
from graph.tokens import counter_for
from graph.turns import TurnEngine
from graph.window import WindowOnDemand
from prompts.resolve import Prompts

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from langgraph.checkpoint.base import BaseCheckpointSaver

    from clew.settings import Settings
    from graph.build import Conversations
    from graph.conversation_settings import ConversationSettings
    from graph.inputs import Inputs
    from graph.surface import Surfaces
    from tools.tool import Tool


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts that know nothing of the place where a conversation is shown."""

    journal: Journal
    saver: BaseCheckpointSaver[str]
    graph: Conversations
    model: Model
    prompts: Prompts
    contexts: RunContexts
    claims: Claims
    rules: Rules
    conversations: ConversationSettings
    rates: Rates
    redact: Redactor

    def engine(self, surfaces: Surfaces, inputs: Inputs | None = None, *, terminal: bool = False) -> TurnEngine:
        """The engine that shows its turns on these surfaces; it is entered by whoever runs it.

        Args:
            surfaces: Where turns are shown.
            inputs: Reads what the model is given of a turn; without it, its words alone.
            terminal: Whether that is the terminal. What Discord's conversations left unfinished is not taken up there,
                and not the other way round: a turn that ended in the wrong place would never be seen.
        """
        return TurnEngine(
            self.graph,
            self.journal,
            self.contexts,
            surfaces,
            inputs,
            claims=self.claims,
            conversations=self.conversations,
            rates=self.rates,
            ours=lambda conversation: (conversation == TERMINAL) == terminal,
            rules=self.rules,
        )

    def branching(self, engine: TurnEngine) -> Branching:
        """The ways back in the conversations of an engine."""
        return Branching(engine, self.graph, self.journal, self.saver)


@asynccontextmanager
async def open_parts(
    settings: Settings, more_tools: Sequence[Tool] = (), *, patience: float, suffix: str = ""
) -> AsyncGenerator[Parts]:
    """The parts, put together; taken apart in the opposite order. A SQLite database is this process's own.

    Args:
        settings: What is set; `settings.model` must be there.
        more_tools: Tools beside the built-in ones and those of the MCP servers.
        patience: Seconds to wait for a former process that still holds the database.
        suffix: Of this process's name, where another one of the same machine works beside it.

    Raises:
        SettingsError: The model is not set.
        DatabaseHeld: Another clew has the database.
        StartError: It cannot be held.
        DatabaseError: The database cannot be used.
    """
    chosen = settings.model  # first: what is not set is told before any file is made
    redact = Redactor(settings.secrets())
    async with AsyncExitStack() as stack:
        database = open_database(settings.database_url)
        stack.push_async_callback(database.close)
        if database.path:
            stack.enter_context(alone(database.path, patience=patience))
        await database.upgrade()
        claims = await stack.enter_async_context(Claims(database, f"{settings.owner}{suffix}"))
        journal = Journal(database, claims=claims)
        saver = await stack.enter_async_context(open_saver(database.place, claims))
        model = await stack.enter_async_context(aclosing(Model(chosen, redact=redact)))
        tools = await stack.enter_async_context(ToolSupply(settings.tools, more_tools, settings.variables, redact))
        prompts = Prompts(settings.prompts, journal.prompts)
        rules = Rules(settings.approvals)
        contexts = RunContexts(
            model=model,
            window=WindowOnDemand(partial(counter_for, model.name)),
            images=DataUrls(journal.blobs),
            prompts=prompts,
            tools=tools,
            journal=journal,
            rules=rules,
            rates=CallRates(journal.counts, settings.limits),
            step_limit=chosen.step_limit,
            redact=redact,
        )
        yield Parts(
            journal,
            saver,
            build(saver),
            model,
            prompts,
            contexts,
            claims,
            rules,
            settings.conversations,
            Rates(journal.counts, settings.limits),
            redact,
        )
