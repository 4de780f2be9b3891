"""What is tried again, when, and for how long: time and chance are held, nothing is waited for."""

import asyncio
from email.utils import formatdate

import pytest
from structlog.testing import capture_logs

from graph.errors import ModelError, ModelFault
from graph.model_faults import named_limit, retry_after
from graph.model_settings import ModelSettings
from graph.retrying import Retrying
from playground.model import Fault, say

NOW = 1_800_000_000.0


class Attempts:
    """Fails with each of some faults in turn, then gives an answer; every attempt takes some seconds."""

    def __init__(self, *faults, takes=0.0):
        self.faults = list(faults)
        self.takes = takes
        self.count = 0
        self.again = 0
        self.waits = []
        self.time = 0.0

    async def attempt(self):
        self.count += 1
        self.time += self.takes
        if self.faults:
            fault = self.faults.pop(0)
            raise fault if isinstance(fault, ModelError) else ModelError(fault, "detail")
        return "the answer"

    async def sleep(self, seconds):
        self.waits.append(seconds)
        self.time += seconds

    def note(self):
        self.again += 1

    async def run(self, retries=5, seconds=180.0, chance=1.0):
        retrying = Retrying(
            retries,
            seconds,
            clock=lambda: self.time,
            sleep=self.sleep,
            uniform=lambda low, high: low + chance * (high - low),
        )
        return await retrying.call(self.attempt, self.note)


@pytest.mark.parametrize("fault", [fault for fault in ModelFault if fault.transient])
async def test_fault_that_passes_is_tried_again(fault):
    attempts = Attempts(fault, fault)

    assert await attempts.run() == "the answer"
    assert (attempts.count, attempts.again) == (3, 2)


@pytest.mark.parametrize("fault", [fault for fault in ModelFault if not fault.transient])
async def test_fault_that_stays_is_not_tried_again(fault):
    attempts = Attempts(fault)
    with pytest.raises(ModelError) as failed:
        await attempts.run()

    assert failed.value.fault == fault
    assert (attempts.count, attempts.again, attempts.waits) == (1, 0, [])


def test_what_passes_is_what_another_attempt_may_mend():
    assert {fault for fault in ModelFault if fault.transient} == {
        ModelFault.UNREACHABLE,
        ModelFault.TIMEOUT,
        ModelFault.RATE_LIMITED,
        ModelFault.SERVER,
        ModelFault.INTERRUPTED,
    }


@pytest.mark.parametrize(("chance", "waits"), [(1, [1, 2, 4, 8, 16, 30, 30]), (0, [0.5, 1, 2, 4, 8, 15, 15])])
async def test_waits_double_up_to_a_bound_and_half_of_each_is_left_to_chance(chance, waits):
    attempts = Attempts(*[ModelFault.SERVER] * 7)
    await attempts.run(retries=7, chance=chance)

    assert attempts.waits == waits


async def test_last_fault_is_told_when_the_attempts_are_used_up():
    attempts = Attempts(ModelFault.SERVER, ModelFault.SERVER, ModelFault.UNREACHABLE)
    with pytest.raises(ModelError) as failed:
        await attempts.run(retries=2)

    assert failed.value.fault == ModelFault.UNREACHABLE
    assert attempts.count == 3


async def test_no_attempt_begins_after_the_time_is_over():
    attempts = Attempts(*[ModelFault.TIMEOUT] * 9, takes=120)
    with pytest.raises(ModelError):
        await attempts.run(seconds=180)

    assert attempts.count == 2
    assert attempts.time == 241


async def test_time_that_the_endpoint_names_is_waited_for():
    attempts = Attempts(ModelError(ModelFault.RATE_LIMITED, "", retry_after=20))

    assert await attempts.run(seconds=20, chance=0) == "the answer"
    assert attempts.waits == [20]


async def test_time_that_the_endpoint_names_is_not_waited_for_in_vain():
    attempts = Attempts(ModelError(ModelFault.RATE_LIMITED, "", retry_after=20))
    with pytest.raises(ModelError) as failed:
        await attempts.run(seconds=19, chance=0)

    assert failed.value.retry_after == 20
    assert (attempts.count, attempts.waits) == (1, [])


async def test_nobody_asks_again_before_the_time_that_the_endpoint_named():
    attempts = Attempts(ModelError(ModelFault.RATE_LIMITED, "", retry_after=7))
    await attempts.run(chance=1)

    assert attempts.waits == [7.5]


async def test_each_repetition_is_one_event_for_the_operator():
    attempts = Attempts(ModelFault.SERVER, ModelFault.UNREACHABLE)
    with capture_logs() as logs:
        await attempts.run()

    told = [(one["attempt"], one["fault"], one["wait"], one["detail"]) for one in logs if one["event"] == "model_retry"]
    assert told == [(1, "server", 1, "detail"), (2, "unreachable", 2, "detail")]


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": formatdate(NOW + 30, usegmt=True)}, 30),
        ({"retry-after": formatdate(NOW - 30, usegmt=True)}, 0),
        ({"retry-after-ms": "250"}, 0.25),
        ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
        ({"llm_provider-retry-after": "9"}, 9),
        ({"llm_provider-retry-after": "9", "retry-after": "60"}, 60),
        ({"retry-after": "-5"}, 0),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "1e999"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "soon", "llm_provider-retry-after": "3"}, 3),
    ],
)
def test_time_to_wait_is_read_from_every_form_of_the_header(headers, seconds):
    assert retry_after(headers, NOW) == (None if seconds is None else pytest.approx(seconds))


@pytest.mark.parametrize(
    ("words", "limit"),
    [
        ("This model's maximum context length is 8192 tokens. However, you requested 9000 tokens", 8192),
        ("the request exceeds the available context size (4096 tokens), try increasing it", 4096),
        ("prompt is too long: 210000 tokens > 200000 maximum", 200_000),
        ("The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).", 1_048_576),
        ("maximum context length is 128,000 tokens", 128_000),
        ("maximum context length is exceeded", None),
        ("no", None),
    ],
)
def test_context_length_is_read_from_what_endpoints_say(words, limit):
    assert named_limit(words) == limit


async def test_fault_that_passes_by_itself_is_not_noticed(stand, clew):
    stand.script.then(Fault(503))
    stand.script.then(say("fine"))
    await clew.ask(1)

    assert await clew.answered(1) == "fine"
    assert clew.surface.said == {}


@pytest.mark.parametrize("wait", ["7", formatdate(NOW + 7, usegmt=True)])
async def test_wait_that_the_endpoint_names_is_kept_over_the_wire(stand, clew, wait):
    await stand.prepare(now=lambda: NOW)
    stand.script.then(Fault(429, headers={"Retry-After": wait}))
    stand.script.then(say("fine"))
    await clew.ask(1)

    assert await clew.answered(1) == "fine"
    assert len(stand.waits) == 1
    assert 7 <= stand.waits[0] <= 7.5


async def test_user_is_told_when_to_ask_again_where_the_wait_is_too_long(stand, clew):
    stand.script.then(Fault(429, headers={"Retry-After": "600"}))
    await clew.ask(1)

    assert "try again in 10 minutes" in await clew.told(1)
    assert (len(stand.server.requests), stand.waits) == (1, [])


async def test_client_does_not_try_again_by_itself(stand, clew):
    await stand.prepare(retries=0)
    stand.script.default = lambda _: Fault(500)
    await clew.ask(1)
    await clew.told(1)

    assert len(stand.server.requests) == 1


async def test_endpoint_that_comes_back_is_asked_again(stand, clew):
    await stand.server.stop()
    begun = stand.server.start

    async def wait(_seconds):
        await begun()

    stand.on_wait = wait
    stand.script.then(say("there again"))
    await clew.ask(1)

    assert await clew.answered(1) == "there again"
    assert len(stand.waits) == 1


async def test_waiting_for_another_attempt_can_be_cancelled():
    async def attempt():
        raise ModelError(ModelFault.SERVER, "")

    waiting = asyncio.Event()

    async def sleep(_seconds):
        waiting.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(Retrying(5, 180, sleep=sleep).call(attempt, lambda: None))
    await asyncio.wait_for(waiting.wait(), 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 5)


def test_defaults_outlast_the_start_of_a_proxy():
    settings = ModelSettings(api_base="http://proxy", name="m")
    waits = sum(min(30, 2**number) / 2 for number in range(settings.retries))

    assert 10 < waits < settings.retry_seconds
