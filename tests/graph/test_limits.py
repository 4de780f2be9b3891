"""How much a request may hold: what the proxy tells, what the operator says, and what is done where neither does."""

import asyncio
import socket
from contextlib import AsyncExitStack, aclosing

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from graph.errors import ModelError, ModelFault
from graph.limits import Limits, Offer, room, smaller_room
from graph.llm import Model
from graph.model_settings import ModelSettings
from playground.model import ModelServer


class List:
    """A proxy's list of models that can fail; counts how often it is asked for."""

    def __init__(self, **offers):
        self.offers = offers
        self.fault = None
        self.asked = 0
        self.time = 0.0

    async def give(self):
        self.asked += 1
        if self.fault:
            raise ModelError(self.fault, "detail")
        return self.offers

    def limits(self, cap=None):
        settings = ModelSettings(api_base="http://proxy", name="m", window_tokens=cap)
        return Limits(settings, self.give, clock=lambda: self.time)


@pytest.mark.parametrize(
    ("max_input", "max_output", "cap", "expected"),
    [
        (None, None, None, 12_000),  # 16,000, and a quarter of it for the answer
        (8000, None, None, 6000),
        (128_000, 16_384, None, 111_616),
        (8000, 8000, None, 6000),  # the model may answer more than a quarter; a quarter is kept
        (8000, 500, None, 7500),
        (128_000, None, 20_000, 15_000),
        (8000, None, 20_000, 6000),  # the operator's figure caps, it does not raise
        (None, None, 20_000, 15_000),
        (None, 1000, 20_000, 19_000),
    ],
)
async def test_room_is_the_smaller_figure_without_the_answers_part(max_input, max_output, cap, expected):
    assert await List(m=Offer(max_input, max_output)).limits(cap).room() == expected


@pytest.mark.parametrize(
    "figure", [None, 0, -1, 255, "8000", True, [], {}, float("nan"), float("inf"), "unlimited"], ids=repr
)
def test_figure_that_cannot_be_meant_is_none(figure):
    assert Offer.of(figure, None) == Offer(None, None)


def test_figures_of_the_list_may_be_floats():
    assert Offer.of(16_385.0, 4096.0) == Offer(16_385, 4096)


@pytest.mark.parametrize(
    ("sent", "limit", "expected"),
    [
        (10_000, None, 5000),
        (10_000, 8000, 6000),
        (10_000, 13_000, 9750),
        (10_000, 16_000, 5000),  # they count more tokens than we do: their figure says nothing in ours
        (1, None, 0),
    ],
)
def test_second_try_is_smaller_than_the_first(sent, limit, expected):
    assert smaller_room(sent, limit) == expected < sent
    assert room(4 * expected) == 3 * expected


async def test_list_is_asked_for_once():
    models = List(m=Offer(8000))
    limits = models.limits()
    await asyncio.gather(*(limits.room() for _ in range(10)))
    models.time = 1e6
    await limits.room()

    assert models.asked == 1


async def test_list_that_could_not_be_had_is_asked_for_again_after_a_minute():
    models = List(m=Offer(8000))
    limits = models.limits()
    models.fault = ModelFault.UNREACHABLE
    with capture_logs() as logs:
        assert await limits.room() == 12_000
        models.time = 59
        assert await limits.room() == 12_000
        assert models.asked == 1
        models.time = 60
        assert await limits.room() == 12_000
        models.fault = None
        assert await limits.room() == 12_000
        models.time = 120
        assert await limits.room() == 6000
        assert await limits.room() == 6000

    assert models.asked == 3
    assert [one["event"] for one in logs] == ["model_endpoint_not_usable"] * 2


@pytest.mark.parametrize("fault", [ModelFault.UNREADABLE, ModelFault.UNKNOWN_MODEL, ModelFault.REFUSED])
async def test_list_that_is_not_there_is_told_once_and_not_asked_for_again(fault):
    models = List()
    models.fault = fault
    limits = models.limits()
    with capture_logs() as logs:
        for models.time in (0, 100, 200):
            assert await limits.room() == 12_000

    assert models.asked == 1
    assert [one["event"] for one in logs] == ["model_endpoint_not_usable"]


@pytest.mark.parametrize(
    ("offers", "event"),
    [
        ({"other": Offer()}, "model_not_offered"),
        ({"m": Offer()}, "context_length_not_told"),
        ({"m": Offer(8000)}, None),
    ],
)
async def test_operator_is_told_what_the_list_does_not_say(offers, event):
    with capture_logs() as logs:
        await List(**offers).limits().room()

    assert [one["event"] for one in logs] == ([event] if event else [])


async def test_empty_list_says_nothing_against_the_model():
    with capture_logs() as logs:
        assert await List().limits().room() == 12_000

    assert [one["event"] for one in logs] == ["context_length_not_told"]


async def test_context_length_comes_over_the_wire(script):
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(ModelServer(script, max_input_tokens=4000))
        settings = ModelSettings(api_base=server.base_url, name="scripted")
        model = await stack.enter_async_context(aclosing(Model(settings)))

        assert await model.offers() == {"scripted": Offer(4000)}
        assert await model.room() == 3000


async def test_asking_for_models_where_nobody_listens_is_a_model_error():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but not listening
        settings = ModelSettings(api_base=f"http://127.0.0.1:{taken.getsockname()[1]}", name="m")
        async with aclosing(Model(settings)) as model:
            with pytest.raises(ModelError) as failed:
                await model.offers()

    assert failed.value.fault == ModelFault.UNREACHABLE
    assert "Connect" in failed.value.detail


@pytest.fixture
async def answering():
    """Starts a server that answers everything with one response; gives its address."""
    runners = []

    async def start(text, content_type, status=200):
        async def page(_request):
            return web.Response(text=text, content_type=content_type, status=status)

        app = web.Application()
        app.router.add_route("*", "/{path:.*}", page)
        runner = web.AppRunner(app)
        await runner.setup()
        runners.append(runner)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{runner.addresses[0][1]}"

    yield start
    for runner in runners:
        await runner.cleanup()


@pytest.mark.parametrize(
    ("text", "content_type", "status", "fault"),
    [
        ("<html><body>log in</body></html>", "text/html", 200, ModelFault.UNREADABLE),
        ("<html><body>log in</body></html>", "application/json", 200, ModelFault.UNREADABLE),
        ("[]", "application/json", 200, ModelFault.UNREADABLE),
        ('{"data": null}', "application/json", 200, None),
        ('{"data": [{"name": "m"}]}', "application/json", 200, None),
        ('{"data": [7]}', "application/json", 200, ModelFault.UNREADABLE),
        ('{"data": [{"id": "m", "max_input_tokens": "many"}]}', "application/json", 200, None),
        ("", "text/plain", 404, ModelFault.UNKNOWN_MODEL),
        ("<html>502</html>", "text/html", 502, ModelFault.SERVER),
    ],
)
async def test_list_that_is_none_is_a_model_error_and_the_room_is_the_usual_one(
    answering, text, content_type, status, fault
):
    settings = ModelSettings(api_base=await answering(text, content_type, status), name="m")
    async with aclosing(Model(settings)) as model:
        with capture_logs() as logs:
            assert await model.room() == 12_000

    assert [one.get("fault") for one in logs] == [fault]
