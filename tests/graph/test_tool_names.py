"""Names that a model endpoint does not take: the tool works under another one, or the model is told plainly."""

import re

import pytest

from playground.model import call, say
from tools.catalog import Catalog
from tools.tool import Hints, Tool

ALLOWED = re.compile(r"[a-zA-Z0-9_-]{1,64}")
ODD = ["\N{FIRE}", "\N{FIRE}\N{COLLISION SYMBOL}", "files.read", "read file", "\u8aad\u3080", "x" * 100]


@pytest.fixture
def odd(stand):
    """A tool with an odd name among the stand's; gives a function that puts it there."""
    ran = []

    async def run(arguments, _origin):
        ran.append(arguments)
        return "it burns"

    def offer(name):
        tool = Tool(name, "does it", {"type": "object"}, "server", Hints(read_only=True, open_world=False), run)
        stand.tools.catalog = lambda: Catalog(lambda: [tool])
        return ran

    return offer


@pytest.mark.parametrize("name", ODD)
async def test_tool_with_an_odd_name_works_under_the_name_it_is_offered_by(stand, clew, odd, name):
    ran = odd(name)
    stand.script.then(lambda request: call(request.tool_names[0], x=1))
    stand.script.then(say("done"))
    await clew.ask(1)

    assert await clew.answered(1, 1) == "done"
    assert ran == [{"x": 1}]
    assert ALLOWED.fullmatch(stand.server.requests[0].tool_names[0])


@pytest.mark.parametrize("name", ODD)
async def test_tool_works_when_the_model_calls_it_by_its_own_odd_name(stand, clew, odd, name):
    ran = odd(name)
    stand.script.then(call(name, x=1))
    stand.script.then(say("done"))
    await clew.ask(1)

    assert await clew.answered(1, 1) == "done"
    assert ran == [{"x": 1}]


@pytest.mark.parametrize("name", [*ODD, "", " ", "\n"])
async def test_odd_name_of_no_tool_is_told_to_the_model_and_goes_back_in_a_form_that_is_taken(stand, clew, name):
    stand.script.then(call(name, x=1))
    stand.script.then(say("I see"))
    await clew.ask(1)
    assert await clew.answered(1, 1) == "I see"
    (made,) = stand.server.requests[1].messages[2]["tool_calls"]

    assert ALLOWED.fullmatch(made["function"]["name"])
    assert "There is no tool named" in stand.sent()[-1][1]
    assert stand.tools.ran == []
