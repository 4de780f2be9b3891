"""How long nobody is answered because the connection was lost often."""

import statistics

import discord

from discord_adapter.reconnecting import Pauses


def test_pauses_before_a_new_connection_grow_up_to_a_bound():
    pauses = Pauses()
    taken = [pauses.delay() for _ in range(2000)]

    assert max(taken[:3]) <= 8
    assert max(taken) == 100
    # Discord allows 1,000 new sessions a day, and a token that begins more of them is reset.
    assert 24 * 3600 / statistics.mean(taken[10:]) < 1000


def test_session_that_went_on_makes_the_next_pause_short():
    pauses = Pauses()
    for _ in range(100):
        for _ in range(10):
            pauses.delay()
        pauses.went_on()
        assert pauses.delay() <= 2


async def test_session_that_goes_on_is_noticed_and_a_new_one_changes_nothing(local, turns):
    await turns.client.wait_until_ready()
    pauses = discord.client.ExponentialBackoff()  # those that the client took
    for _ in range(12):
        pauses.delay()
    local.invalidate_session(resumable=False)
    await turns.client.wait_for("ready", timeout=10)
    assert max(pauses.delay() for _ in range(12)) > 2
    local.reconnect_gateway()
    await turns.client.wait_for("resumed", timeout=10)
    assert pauses.delay() <= 2
