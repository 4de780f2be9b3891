"""What goes wrong around the bot while people talk with it: the gateway, REST, and the database."""

import asyncio
import signal
from contextlib import suppress
from functools import partial

import psutil

MESSAGES = "/channels/{channel_id}/messages"
MESSAGE = MESSAGES + "/{message_id}"
OWN_REACTION = MESSAGE + "/reactions/{emoji}/@me"

# Seconds that a database stays away.
AWAY = 20

TROUBLES = {
    "cut": lambda local: local.cut_gateway(),
    "session over": lambda local: local.drop_gateway(resumable=False),
    "closed": lambda local: local.drop_gateway(),
    "told to reconnect": lambda local: local.reconnect_gateway(),
    "session invalid": lambda local: local.invalidate_session(resumable=False),
    "session invalid for a moment": lambda local: local.invalidate_session(resumable=True),
    "events twice": lambda local: [
        local.repeat_next(name, times=3) for name in ("MESSAGE_CREATE", "MESSAGE_REACTION_ADD")
    ],
    "answer to a POST lost": lambda local: local.fail("POST", MESSAGES, status=0, done=True),
    "answer to a POST lost to a 500": lambda local: local.fail("POST", MESSAGES, status=500, done=True),
    "answer to a PATCH lost": lambda local: local.fail("PATCH", MESSAGE, status=503, done=True),
    "reaction refused": lambda local: local.fail("PUT", OWN_REACTION, status=503),
    "5xx": lambda local: local.fail(status=502, times=6),
    "global limit": lambda local: local.limit_globally(1),
}


async def gateway_and_rest(harness):
    """One trouble after another, by chance, and events of two channels that change places."""
    while True:
        await asyncio.sleep(harness.chance.uniform(0.5, 3.0))
        name = harness.chance.choice([*TROUBLES, "swapped"])
        if name == "5xx" and not harness.discord.connected:
            # It is counted in answers and no time: burst upon burst would wait for a bot that is only starting.
            continue
        harness.met[name] += 1
        if name == "swapped":
            first, second = harness.chance.sample(harness.channels, 2)
            harness.discord.swap_next(first, second)
            # The first one is held back until the second one comes.
            await harness.ask(first)
            await harness.ask(second)
        elif (done := TROUBLES[name](harness.discord)) is not None and asyncio.iscoroutine(done):
            await done


def database_away(pause, go_on):
    """The database is away for a while in the middle of it, once.

    Args:
        pause: Takes it away.
        go_on: Brings it back.
    """

    async def trouble(harness):
        await asyncio.sleep(5)
        harness.away = True
        pause()
        harness.met["database away"] += 1
        try:
            await asyncio.sleep(AWAY)
        finally:
            go_on()
            harness.away = False
        await asyncio.Event().wait()

    return trouble


def postgres_stopped(server):
    """A server that is stopped, and started again."""
    return server.stop, server.ensure_postgres_running


def postgres_frozen(server):
    """A server all of whose processes stand still."""

    def everywhere(number):
        first = server.get_postmaster_info().process
        # The first one starts the others, so none comes between; one that had ended meanwhile is waited for by it.
        for process in (first, *first.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)

    return partial(everywhere, signal.SIGSTOP), partial(everywhere, signal.SIGCONT)
