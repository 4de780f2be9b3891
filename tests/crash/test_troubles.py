"""The same people and the same promises while everything around the bot fails, with kills and without.

CLEW_CRASH_TURNS and CLEW_CRASH_SEED are those of `test_crash_harness`. The suite has each trouble once.
"""

from pathlib import Path

import pytest

from tests.crash.long import LONG
from tests.crash.troubles import database_away, gateway_and_rest, postgres_frozen, postgres_stopped
from tests.databases import new_database, postgres_server, sqlite_locked, sqlite_url

pytestmark = pytest.mark.timeout(3600)


@pytest.mark.parametrize("kills", [False, pytest.param(True, marks=LONG)], ids=["running", "killed"])
@pytest.mark.parametrize("url", ["sqlite", pytest.param("postgresql", marks=LONG)], indirect=True)
async def test_gateway_and_rest_fail_in_every_way_and_each_turn_has_one_answer(crash, kills):
    harness = await crash(trouble=gateway_and_rest, kills=kills)
    assert harness.met


AWAY = {
    "sqlite locked": lambda url, _: sqlite_locked(Path(url.removeprefix("sqlite:///"))),
    "postgresql stopped": lambda _, server: postgres_stopped(server),
    "postgresql frozen": lambda _, server: postgres_frozen(server),
}


@pytest.fixture(params=AWAY)
def away(request, tmp_path):
    """A database, and how it is taken away and brought back; PostgreSQL is a server that nobody else uses."""
    if request.param.startswith("sqlite"):
        url = sqlite_url(tmp_path)
        yield url, lambda: AWAY[request.param](url, None)
    else:
        with postgres_server() as server:
            yield new_database(server), lambda: AWAY[request.param](None, server)


@pytest.mark.parametrize("kills", [False, pytest.param(True, marks=LONG)], ids=["running", "killed"])
async def test_database_is_away_for_twenty_seconds_and_each_turn_has_one_answer(crash_on, away, kills):
    url, taken = away

    async def trouble(harness):
        pause, go_on = taken()
        await database_away(pause, go_on)(harness)

    harness = await crash_on(url, trouble=trouble, kills=kills)
    assert harness.met["database away"]


@pytest.mark.parametrize("kills", [False, pytest.param(True, marks=LONG)], ids=["running", "killed"])
@pytest.mark.parametrize("url", ["sqlite", pytest.param("postgresql", marks=LONG)], indirect=True)
async def test_database_fails_at_one_statement_in_thirty_and_each_turn_has_one_answer(crash, kills):
    harness = await crash(shaky=1 / 30, kills=kills)
    assert "gone behind it" in harness.bot.log
