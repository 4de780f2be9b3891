"""Nonces: short enough for Discord, and one for each part of each turn."""

import random

from checkpoints.deliveries import nonce_of


def test_nonce_fits_discord_and_never_changes():
    rng = random.Random(1)  # noqa: S311 - the same ones every time
    keys = [(f"message:{rng.getrandbits(63)}:{n}", "card:" + "x" * rng.randrange(200)) for n in range(500)]
    nonces = [nonce_of(*key) for key in keys]

    assert all(1 <= len(nonce) <= 25 for nonce in nonces)
    assert nonces == [nonce_of(*key) for key in keys]
    assert len(set(nonces)) == 500
    # a nonce that changed with a release would post everything unfinished twice
    assert nonce_of("message:1:0", "text:0:0") == "5e52ca9936eb671d6defa398a"
