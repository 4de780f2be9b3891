"""What discord.py says in the log while Discord is away, as the operator reads it."""

import logging

import pytest

from discord_adapter.client import ClewClient
from discord_adapter.settings import DiscordSettings

LOGGER = logging.getLogger("discord.client")


@pytest.fixture(autouse=True)
def client():
    return ClewClient(DiscordSettings(token="local.discord.token"))


def fail():
    raise ConnectionRefusedError("nobody listens")


def test_attempt_to_reconnect_is_one_line_that_names_the_cause(caplog):
    try:
        fail()
    except ConnectionRefusedError:
        LOGGER.exception("Attempting a reconnect in %.2fs", 1.5)

    (record,) = caplog.records
    assert record.getMessage() == "Attempting a reconnect in 1.50s: ConnectionRefusedError('nobody listens')"
    assert (record.exc_info, record.levelname) == (None, "WARNING")


def test_everything_else_keeps_its_stack(caplog):
    try:
        fail()
    except ConnectionRefusedError:
        LOGGER.exception("Ignoring exception in %s", "on_ready")

    (record,) = caplog.records
    assert record.exc_info[0] is ConnectionRefusedError
    assert record.levelname == "ERROR"
