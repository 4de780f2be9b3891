"""How long nobody is answered because the connection was lost often."""

import statistics

import discord

import discord_adapter.client  # noqa: F401 - bounds what discord.py takes from there


def test_pauses_before_a_new_connection_grow_up_to_a_bound():
    backoff = discord.client.ExponentialBackoff()
    pauses = [backoff.delay() for _ in range(2000)]

    assert max(pauses[:3]) <= 8
    assert max(pauses) == 100
    # Discord allows 1,000 new sessions a day, and a token that begins more of them is reset.
    assert 24 * 3600 / statistics.mean(pauses[10:]) < 1000
