"""`clew run` with a slow saver in which each of many turns dies at its own moment, and then the process, all at once.

The file that KILLS names is JSON: a channel's id to the moment at which its turn dies, "before:recorded.card" or
"after:checkpoint:2" (the second one of that turn in this process). From that moment on the turn does nothing durable
any more: no row, no checkpoint, no request to Discord, exactly as if the process had ended there. When every turn has
come to its moment, the process ends itself with SIGKILL. So one start shows many rows of the kill table.

The file `steps` gets a line for each step: its channel, and the step with its number. Without KILLS nobody dies.
"""

import asyncio
import inspect
import json
import os
import signal
import time
from collections import Counter, defaultdict
from contextlib import asynccontextmanager
from functools import partial
from itertools import product
from pathlib import Path

from discord.http import HTTPClient

from checkpoints.approvals import Approvals
from checkpoints.claims import Claims
from checkpoints.deliveries import Deliveries
from checkpoints.inbox import Inbox
from checkpoints.keys import parse_thread_id
from checkpoints.postgres_saver import PostgresThreadSaver
from checkpoints.saver import ThreadSaver
from checkpoints.tool_runs import ToolRuns
from checkpoints.turns import Turns
from clew.cli import main
from discord_adapter.budget import Budget
from graph.rates import CallRates

# How long the saver takes for each write (seconds), half of it before and half behind: that is how lost steps were
# found.
SLOWNESS = 0.3

plan = json.loads(Path(os.environ["KILLS"]).read_text()) if "KILLS" in os.environ else {}
dead = set()
numbers = Counter()
held = defaultdict(set)
never = asyncio.Event()

# The channel of what a step's arguments name.
channel_of_turn = {}
channel_of_card = {}


def kind_of(part):
    """`text`, `activity`, `card`, ...: what a delivery shows."""
    return part.partition(":")[0]


def thread(config):
    return parse_thread_id(config["configurable"]["thread_id"])[0].channel_id


def asked(arguments):
    cards = arguments["cards"]
    channel_of_card.update((card.id, card.channel_id) for card in cards)
    return cards[0].channel_id, "card_row"


def claimed(arguments):
    channel = arguments["conversation"].channel_id
    channel_of_turn[arguments["key"]] = channel
    return channel, "claim"


def of_row(step):
    return lambda arguments: (arguments["row"].conversation.channel_id, step)


def of_turn(step):
    return lambda arguments: (channel_of_turn.get(arguments["key"]), step)


def of_conversation(step):
    return lambda arguments: (arguments["conversation"].channel_id, step)


def of_thread(step):
    return lambda arguments: (thread(arguments["config"]), step)


def recorded(arguments):
    part = kind_of(arguments["part"])
    return channel_of_turn.get(arguments["turn_key"]), f"final.{part}" if arguments["final"] else f"recorded.{part}"


def sent(step):
    return lambda arguments: (int(arguments["channel_id"]), step)


# What is durable, or seen by people: the method, and which channel's step it is.
STEPS = {
    (Inbox, "claim"): claimed,
    (Claims, "take"): of_conversation("held"),
    (Claims, "release"): of_conversation("released"),
    (Inbox, "dispatch"): of_row("attempt"),
    (Inbox, "rest"): of_row("rest"),
    (Inbox, "count"): of_row("showing"),
    (Inbox, "close"): of_row("close"),
    (Turns, "enter"): of_turn("entered"),
    (Turns, "end"): of_turn("ended"),
    (ThreadSaver, "aput"): of_thread("checkpoint"),
    (ThreadSaver, "aput_writes"): of_thread("writes"),
    (PostgresThreadSaver, "aput"): of_thread("checkpoint"),
    (PostgresThreadSaver, "aput_writes"): of_thread("writes"),
    (Deliveries, "plan"): lambda arguments: (
        channel_of_turn.get(arguments["turn_key"]),
        f"planned.{kind_of(arguments['part'])}",
    ),
    (Deliveries, "posted"): recorded,
    (Approvals, "ask"): asked,
    (Approvals, "decide"): lambda arguments: (channel_of_card.get(arguments["approval_id"]), "decision"),
    (Approvals, "approve"): lambda arguments: (channel_of_card.get(arguments["approval_id"]), "decision"),
    (Approvals, "settled"): lambda arguments: (arguments["approval"].channel_id, "settled"),
    (ToolRuns, "start"): lambda arguments: (channel_of_turn.get(arguments["turn_key"]), "tool_start"),
    (ToolRuns, "finish"): lambda arguments: (parse_thread_id(arguments["key"].thread_id)[0].channel_id, "tool_end"),
    (HTTPClient, "send_message"): sent("post"),
    (HTTPClient, "edit_message"): sent("edit"),
    (HTTPClient, "add_reaction"): sent("react"),
}


def note(file, line):
    with Path(file).open("a") as opened:
        opened.write(f"{line}\n")


async def for_ever():
    # One event, kept here: a task that waits for what nobody else holds is taken away by the garbage collector.
    await never.wait()


async def die(channel):
    """Let the turn of a channel do nothing more; the last one takes the process with it."""
    dead.add(str(channel))
    for give_back in list(held[channel]):
        give_back()
    note("dead", channel)
    if dead >= set(plan):
        os.kill(os.getpid(), signal.SIGKILL)
    await for_ever()


def living_place(place):
    """The places of the budget; a request of a dead turn, which will never be answered, holds none of the token's."""

    @asynccontextmanager
    async def living(self, channel_id, kind, rank):
        if str(channel_id) in dead:
            await for_ever()
        async with place(self, channel_id, kind, rank):
            if str(channel_id) in dead:
                give_back(self)
                await for_ever()
            one = partial(give_back, self)
            held[channel_id].add(one)
            try:
                yield
            finally:
                held[channel_id].discard(one)

    return living


@asynccontextmanager
async def every_room(_self, *_arguments, **_named):
    """Room for a tool call, without the lock behind which a dead turn would keep all others waiting."""
    yield


def give_back(room):
    room._token.answer(time.monotonic())
    room.look_again()


def dying(method, step_of):
    signature = inspect.signature(method)

    async def step(*arguments, **named):
        bound = signature.bind(*arguments, **named)
        channel, name = step_of(bound.arguments)
        if channel is None:
            return await method(*arguments, **named)
        if str(channel) in dead:
            return await rest(name)
        numbers[channel, name] += 1
        number = numbers[channel, name]
        note("steps", f"{channel} {name}:{number}")
        moment = plan.get(str(channel))
        if moment == f"before:{name}:{number}":
            await die(channel)
        done = await method(*arguments, **named)
        if moment == f"after:{name}:{number}":
            await die(channel)
        if str(channel) in dead:
            return await rest(name)
        return done

    return step


async def rest(name):
    """What becomes of a dead turn's further steps: nothing.

    A message that was found and came too is claimed twice. Others wait behind the second time, which changes nothing.
    """
    if name != "claim":
        await for_ever()
    return False


def slowed(write):
    async def slow(*arguments, **named):
        await asyncio.sleep(SLOWNESS / 2)
        written = await write(*arguments, **named)
        await asyncio.sleep(SLOWNESS / 2)
        return written

    # `dying` reads from this which argument is which.
    slow.__signature__ = inspect.signature(write)
    return slow


Budget.place = living_place(Budget.place)
CallRates.room = every_room
for saver, name in product((ThreadSaver, PostgresThreadSaver), ("aput", "aput_writes")):
    setattr(saver, name, slowed(getattr(saver, name)))
for (owner, name), step_of in STEPS.items():
    setattr(owner, name, dying(getattr(owner, name), step_of))

main()
