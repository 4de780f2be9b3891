"""How long nobody is answered because the connection was lost often."""

from itertools import pairwise

import discord

from discord_adapter.reconnecting import NewSessions, Pauses


def test_pauses_before_a_new_connection_grow_up_to_a_bound():
    pauses = Pauses()
    taken = [pauses.delay() for _ in range(2000)]

    assert max(taken[:3]) <= 8
    assert max(taken) == 30


def test_new_sessions_keep_within_what_discord_allows_a_day():
    now = [0.0]
    sessions = NewSessions(lambda: now[0])
    begun = []
    while now[0] < 3 * 24 * 3600:
        now[0] += max(0.0, sessions.wait())
        assert sessions.wait() <= 0
        sessions.begin()
        begun.append(now[0])
    assert max(sum(start <= one < start + 24 * 3600 for one in begun) for start in begun) < 1000
    # As fast as Discord takes them, as long as it is no habit.
    assert [after - before for before, after in pairwise(begun[:100])] == [5.5] * 99
    now[0] += 24 * 3600
    assert sessions.wait() <= 0


def test_session_that_went_on_makes_the_next_pause_short():
    pauses = Pauses()
    for _ in range(100):
        for _ in range(10):
            pauses.delay()
        pauses.went_on()
        assert pauses.delay() <= 2


async def test_new_sessions_in_a_row_are_each_taken_by_discord(local, turns):
    await turns.client.wait_until_ready()
    for identifies in (2, 3):
        local.invalidate_session(resumable=False)
        await local.wait_until(lambda n=identifies: local.identifies == n, timeout=20)
    limit = local.session_starts.shape()["session_start_limit"]
    assert limit["total"] - limit["remaining"] == 3


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
