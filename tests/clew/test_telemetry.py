"""What the operator reads holds no secret, wherever in an event it stood."""

import io
import json
import logging
import sys

import pytest
import structlog

from clew.telemetry import configure_logging

SECRET = "sk-Secret.of_the-tests"


class _Terminal(io.StringIO):
    def isatty(self):
        return True


class _Log:
    def __init__(self, stream, monkeypatch):
        self._stream = stream
        self._monkeypatch = monkeypatch

    def configure(self, secrets=()):
        # not in the fixture: pytest puts its own stream there before each phase of a test
        self._monkeypatch.setattr(sys, "stderr", self._stream)
        configure_logging(secrets)

    @property
    def text(self):
        return self._stream.getvalue()


@pytest.fixture(params=[io.StringIO, _Terminal], ids=["pipe", "terminal"])
def log(request, monkeypatch):
    """Standard error, as a pipe and as a terminal."""
    before = logging.getLogger().handlers[:], structlog.get_config()
    stream = request.param()
    log = _Log(stream, monkeypatch)
    yield log
    logging.getLogger().handlers[:] = before[0]
    structlog.configure(**before[1])


def _fail(token):
    raise RuntimeError(f"refused {token}")


SPEAKING = {
    "value": lambda secret: structlog.get_logger().error("event", value=secret),
    "event": lambda secret: structlog.get_logger().error(f"tried {secret}"),
    "deep": lambda secret: structlog.get_logger().error("event", value={"a": [f"Bearer {secret}"]}),
    "object": lambda secret: structlog.get_logger().error("event", value=ValueError(secret)),
    "library": lambda secret: logging.getLogger("discord.http").error("sent %s", {"Authorization": secret}),
}


@pytest.mark.parametrize("way", SPEAKING)
@pytest.mark.parametrize("secret", [SECRET, "with\"quotes'and\\slash", "line\nbreak-inside"])
def test_secret_is_taken_out_of_an_event(log, way, secret):
    log.configure([secret])
    SPEAKING[way](secret)

    line = log.text
    assert "[redacted]" in line
    assert secret not in line
    assert json.dumps(secret)[1:-1] not in line
    assert repr(secret)[1:-1] not in line


@pytest.mark.parametrize("ours", [True, False])
def test_secret_is_taken_out_of_a_traceback(log, ours):
    log.configure([SECRET])
    try:
        _fail(SECRET)
    except RuntimeError:
        (structlog.get_logger() if ours else logging.getLogger("asyncio")).exception("failed")

    line = log.text
    assert "RuntimeError" in line
    assert SECRET not in line


def test_long_secret_in_a_local_variable_does_not_show_in_a_traceback(log):
    """A renderer that shows variables would break it over two lines, where it is not found."""
    secret = "MTIzNDU2Nzg5MDEyMzQ1Njc4.GhIjKl." + "a1B2c3D4e5" * 6
    log.configure([secret])
    try:
        _fail(secret)
    except RuntimeError:
        structlog.get_logger().exception("failed")

    assert "RuntimeError" in log.text
    assert "MTIzNDU2" not in log.text
    assert "a1B2c3D4e5a1B2" not in log.text


def test_short_value_is_no_secret(log):
    log.configure(["", "none"])
    structlog.get_logger().error("nonesuch")

    assert "nonesuch" in log.text


def test_libraries_speak_from_warning_on_and_we_from_info(log):
    log.configure()
    logging.getLogger("discord").info("chatter")
    logging.getLogger("discord").warning("trouble")
    structlog.get_logger().debug("detail")
    structlog.get_logger().info("news")

    assert "chatter" not in log.text
    assert "detail" not in log.text
    assert "trouble" in log.text
    assert "news" in log.text
