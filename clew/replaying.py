"""`clew replay`: a recorded thread through the present graph, old and new side by side in the terminal."""

from __future__ import annotations

import json
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Any

from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from checkpoints.history import turns_of
from checkpoints.keys import parse_thread_id
from checkpoints.place import place_of
from checkpoints.saver import open_saver
from clew.past import open_journal
from clew.terminal import told
from graph.build import build
from graph.images import DataUrls
from graph.llm import Model
from graph.redacting import Redactor
from graph.replay import RecordedTurn, recorded_turns, replay
from graph.running import config_of
from graph.tokens import counter_for
from graph.window import WindowOnDemand
from prompts.resolve import Prompts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checkpoints.journal import Journal
    from clew.settings import Settings
    from graph.replay import ReplayedTurn, Side, ToolCallLine


async def show_replay(
    settings: Settings, thread_id: str, console: Console, *, prompt: str | None, model_name: str | None
) -> bool:
    """Replay a thread and show old and new side by side; False when it had to stop.

    Raises:
        UnknownThread: There is no such thread.
    """
    async with open_journal(settings) as journal:
        record = await _record(settings, journal, thread_id)
        conversation, _ = parse_thread_id(thread_id)
        prompts = Prompts(settings.prompts, journal.prompts)
        held = await prompts.resolve(conversation.guild_id, conversation.channel_id)
        model_settings = settings.model
        if model_name:
            model_settings = model_settings.model_copy(update={"name": model_name})
        async with aclosing(Model(model_settings, redact=Redactor(settings.secrets()))) as model:
            turns = await replay(
                record,
                prompt=prompt or held.text,
                model=model,
                window=WindowOnDemand(partial(counter_for, model.name)),
                images=DataUrls(journal.blobs),
                step_limit=model_settings.step_limit,
            )
    for number, turn in enumerate(turns, 1):
        console.print(_turn_panel(number, turn))
    stopped = any(turn.stopped for turn in turns)
    same = sum(turn.same for turn in turns)
    recorded = sum(turn.recorded for turn in turns)
    console.print(f"{recorded} of {len(record)} turns replayed, {same} the same, {len(turns) - same} different.")
    return not stopped


async def _record(settings: Settings, journal: Journal, thread_id: str) -> list[RecordedTurn]:
    """The turns of a thread, each with the tools that were offered in it."""
    records = await turns_of(journal, thread_id)
    async with open_saver(place_of(settings.database_url)) as saver:
        state = await build(saver).aget_state(config_of(thread_id))
    by_key = {record.key: record for record in records}
    turns: list[RecordedTurn] = []
    for messages in recorded_turns(state.values.get("messages", [])):
        record = by_key.get(messages[0].id or "")
        definitions = await journal.turns.toolset(record.toolset) if record and record.toolset else []
        turns.append(RecordedTurn(messages, definitions))
    return turns


def _turn_panel(number: int, turn: ReplayedTurn) -> Panel:
    sides = Table("Old", "New", box=None, expand=True)
    sides.columns[0].ratio = sides.columns[1].ratio = 1
    sides.add_row(_side_text(turn.old), _side_text(turn.new))
    changes = [
        *(told(f"+ added: {_line(call)}") for call in turn.changes.added),
        *(told(f"- dropped: {_line(call)}") for call in turn.changes.dropped),
        *(told(f"~ changed: {_line(before)} -> {_line(after)}") for before, after in turn.changes.changed),
    ]
    parts: list[Any] = [told(f"> {turn.asked}"), sides, *changes]
    if turn.stopped:
        parts.append(Text(f"Stopped here: {turn.stopped}", style="bold red"))
    verdict = "stopped" if turn.stopped else "same" if turn.same else "different"
    return Panel(Group(*parts), title=f"Turn {number}: {verdict}", title_align="left")


def _side_text(side: Side) -> Text:
    return told("\n".join([*_lines(side.calls), side.text]))


def _lines(calls: Sequence[ToolCallLine]) -> list[str]:
    return [f"[{_line(call)}]" for call in calls]


def _line(call: ToolCallLine) -> str:
    return f"{call.name} {json.dumps(call.arguments, ensure_ascii=False)}"
