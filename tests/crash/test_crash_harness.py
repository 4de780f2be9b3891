"""The bot is killed at random moments while ten people talk with it: nothing is lost, and nothing happens twice.

CLEW_CRASH_TURNS says how many turns (`make crash-test`: 200), CLEW_CRASH_SEED which run it is.
"""

import pytest

from tests.crash.harness import KILLS

# The long version takes as long as its turns.
pytestmark = pytest.mark.timeout(3600)


async def test_every_turn_has_one_answer_and_every_tool_ran_once_however_often_the_bot_is_killed(crash):
    harness = await crash()
    assert harness.deaths >= KILLS
