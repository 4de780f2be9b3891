"""What a real LiteLLM proxy tells of its models and hands on of its provider's faults, and what becomes of each."""

import asyncio
import json
import urllib.request
from contextlib import AsyncExitStack

import pytest
from langchain_core.messages import HumanMessage
from structlog.testing import capture_logs

from graph.draft import Draft
from graph.errors import ModelError, ModelFault
from graph.events import TextDelta, TextRestarted
from graph.limits import Offer
from graph.llm import Model
from graph.model_settings import ModelSettings
from graph.retrying import Retrying
from playground.model import Fault, Gate, ModelServer, call, say
from tests.end_to_end.litellm_proxy import UPSTREAM_KEY, needs_litellm, running_proxy

pytestmark = needs_litellm


def configuration(proxy):
    def entry(name, model=None, information=None, **parameters):
        # Each with a provider's model of its own: LiteLLM keeps lengths by that (seen), so one would have the other's.
        parameters = proxy.upstream(model or f"scripted-{name}", **parameters)
        return {"model_name": name, "litellm_params": parameters, "model_info": information or {}}

    return {
        "model_list": [
            entry("small", information={"max_input_tokens": 2000, "max_output_tokens": 400}),
            entry("large", information={"max_input_tokens": 100_000}),
            entry("plain"),
            entry("known", "gpt-4o"),  # LiteLLM's own list of models knows it
            entry("stubborn", num_retries=2),
            entry("any/*", "*"),
        ],
        # A fault of the provider is handed on as it is, and the next request tries again.
        "router_settings": {"num_retries": 0, "disable_cooldowns": True},
    }


@pytest.fixture(scope="module")
def proxy(tmp_path_factory):
    with running_proxy(tmp_path_factory.mktemp("litellm"), configuration) as found:
        yield found


@pytest.fixture
async def model(script, proxy):
    """The proxy's provider, where the proxy looks for it."""
    async with ModelServer(script, port=proxy.upstream_port, api_key=UPSTREAM_KEY) as server:
        yield server


class Asking:
    """clew's side of the proxy, without Discord; what it would wait passes at once and is noted."""

    def __init__(self, proxy, name="plain", key=None, retries=1):
        settings = ModelSettings(api_base=proxy.url, api_key=key or proxy.key, name=name, timeout=20)
        self.waits = []
        self.told = []
        self.heard = asyncio.Event()
        self.model = Model(settings, retrying=Retrying(retries, 180, clock=lambda: 0, sleep=self._note))

    async def _note(self, seconds):
        self.waits.append(seconds)

    async def ask(self):
        async with asyncio.timeout(40):
            return await self.model.ask([HumanMessage("hi")], [], Draft(0, self._hear))

    def _hear(self, event):
        self.told.append(event)
        self.heard.set()

    async def until(self, event):
        """Wait until the draft has told of this."""
        async with asyncio.timeout(20):
            while event not in self.told:
                self.heard.clear()
                await self.heard.wait()

    async def fault(self):
        """The error that asking ends in."""
        with pytest.raises(ModelError) as failed:
            await self.ask()
        return failed.value


@pytest.fixture
async def asks(proxy):
    """Makes clew's side; gone with its connections after the test."""
    async with AsyncExitStack() as stack:

        def make(*arguments, **settings):
            asking = Asking(proxy, *arguments, **settings)
            stack.push_async_callback(asking.model.aclose)
            return asking

        yield make


def error(message, code=None):
    return {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": code}}


async def test_lengths_of_all_models_are_read_from_the_list(asks, model):
    offers = await asks().model.offers()

    assert {name: offer for name, offer in offers.items() if "/" not in name} == {
        "small": Offer(2000, 400),
        "large": Offer(100_000),
        "plain": Offer(),
        "known": Offer(128_000, 16_384),
        "stubborn": Offer(),
    }


def test_model_info_says_no_more_than_the_list(proxy):
    """So it is not asked. Unlike the list it tells the provider's address, which not every key may read."""
    headers = {"Authorization": f"Bearer {proxy.key}"}
    with urllib.request.urlopen(urllib.request.Request(f"{proxy.url}/model/info", headers=headers), timeout=20) as body:
        told = {one["model_name"]: one["model_info"] for one in json.load(body)["data"]}

    assert (told["small"]["max_input_tokens"], told["small"]["max_output_tokens"]) == (2000, 400)
    assert (told["plain"].get("max_input_tokens"), told["known"]["max_input_tokens"]) == (None, 128_000)


@pytest.mark.parametrize(
    ("name", "room"), [("small", 1600), ("large", 75_000), ("plain", 12_000), ("known", 111_616), ("absent", 12_000)]
)
async def test_room_for_a_request_follows_the_list(asks, name, room):
    assert await asks(name).model.room() == room


LENGTH = "This model's maximum context length is 1000 tokens. However, your messages resulted in 2345 tokens."

FAULTS = {
    "fails": (Fault(500), ModelFault.SERVER),
    "away": (Fault(503), ModelFault.SERVER),
    "page": (Fault(502, html=True), ModelFault.SERVER),
    "page with 200": (Fault(200, html=True), ModelFault.UNREADABLE),
    "hurries": (Fault(429), ModelFault.RATE_LIMITED),
    "wrong key of the proxy": (Fault(401), ModelFault.UNAUTHORIZED),
    "unknown to the provider": (Fault(404, body=error("no such model", "model_not_found")), ModelFault.UNKNOWN_MODEL),
    "too long": (Fault(400, body=error(LENGTH, "context_length_exceeded")), ModelFault.TOO_LONG),
    "too long for llama.cpp": (
        Fault(400, body=error("the request exceeds the available context size (1000 tokens)", 400)),
        ModelFault.TOO_LONG,
    ),
    "policy": (
        Fault(400, body=error("Your request was rejected by our safety system.", "content_policy_violation")),
        ModelFault.REFUSED,
    ),
    "bad request": (Fault(400, body=error("no")), ModelFault.REFUSED),
    "filtered": (say("", finish="content_filter"), ModelFault.REFUSED),
}


@pytest.mark.parametrize("name", FAULTS)
async def test_fault_of_the_provider_has_its_kind_and_is_repeated_only_where_it_may_pass(asks, script, model, name):
    answer, fault = FAULTS[name]
    script.default = lambda _: answer
    asking = asks()
    failed = await asking.fault()

    assert failed.fault == fault, failed.detail
    assert len(model.requests) == (2 if fault.transient else 1)
    assert failed.limit == (1000 if fault == ModelFault.TOO_LONG else None)
    script.default = lambda _: say("Now it works.")
    assert (await asking.ask()).text == "Now it works."


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"key": "sk-wrong-0123456789"}, ModelFault.UNAUTHORIZED),
        ({"name": "absent"}, ModelFault.UNKNOWN_MODEL),
    ],
    ids=["key", "model"],
)
async def test_wrong_key_or_name_never_comes_to_the_provider(asks, model, settings, fault):
    failed = await asks(**settings).fault()

    assert failed.fault == fault, failed.detail
    assert model.requests == []


async def test_wait_that_the_provider_asks_for_is_kept(asks, script, model):
    script.then(Fault(429, headers={"Retry-After": "7"}))
    script.then(say("fine"))
    asking = asks()

    assert (await asking.ask()).text == "fine"
    assert len(asking.waits) == 1
    assert 7 <= asking.waits[0] <= 7.5


async def test_provider_that_is_gone_is_a_fault_that_may_pass(asks, script, model):
    await model.stop()
    asking = asks()
    assert (await asking.fault()).fault == ModelFault.SERVER
    await model.start()
    script.then(say("there again"))

    assert len(asking.waits) == 1
    assert (await asking.ask()).text == "there again"


@pytest.mark.parametrize("body", [None, error("overloaded")], ids=["cut", "error in the stream"])
async def test_answer_that_breaks_off_begins_anew(asks, script, model, body):
    gate = Gate()
    script.then(Fault(cut_after=2, text="one two three", gate=gate, body=body))
    script.then(say("one two three four"))
    asking = asks()
    reading = asyncio.create_task(asking.ask())
    await asking.until(TextDelta(0, "two "))
    gate.release()
    answer = await reading

    assert answer.text == "one two three four"
    assert [event for event in asking.told if isinstance(event, TextRestarted)] == [TextRestarted(0)]
    assert "".join(e.text for e in asking.told[asking.told.index(TextRestarted(0)) + 1 :]) == answer.text


async def test_text_that_ends_early_in_good_order_looks_whole_behind_the_proxy(asks, script, model):
    """The proxy makes a finish reason up; this is known, and the test says when it changes."""
    script.default = lambda _: Fault(cut_after=2, text="one two three", unnamed=True)
    answer = await asks().ask()

    assert answer.text == "one two "
    assert len(model.requests) == 1


@pytest.mark.parametrize("pieces", [1, 2])
async def test_call_that_ends_early_in_good_order_is_not_made(asks, script, model, pieces):
    calls = (call("delete_all", folder="one/of/some/length"),)
    script.default = lambda _: Fault(cut_after=pieces, text="", calls=calls, unnamed=True)
    answer = await asks().ask()

    assert answer.tool_calls == []
    assert [one["name"] for one in answer.invalid_tool_calls] == ["delete_all"]


async def test_proxy_that_tries_again_by_itself_is_not_asked_twice(asks, script, model):
    script.then(Fault(500))
    script.then(say("fine"))
    with capture_logs() as logs:
        answer = await asks("stubborn").ask()

    assert answer.text == "fine"
    assert len(model.requests) == 2
    assert [one for one in logs if one["event"] == "model_retry"] == []


async def test_tries_of_the_proxy_and_ours_multiply(asks, script, model):
    script.default = lambda _: Fault(500)
    assert (await asks("stubborn").fault()).fault == ModelFault.SERVER

    assert len(model.requests) == 6


@pytest.fixture
def bot(bot, proxy):
    bot.configure_mcp()
    bot.environment |= {"LITELLM_API_BASE": proxy.url, "LITELLM_API_KEY": proxy.key, "MODEL_NAME": "small"}
    return bot


def answers_in(discord_, channel):
    return [message.content for message in discord_.messages(channel) if message.author.id == discord_.bot.id]


async def test_answer_that_breaks_off_is_shown_once_and_whole(bot, discord_, script, model):
    await bot.start()
    alice, general = discord_.user("alice"), discord_.channel("general")
    gate = Gate()
    script.then(Fault(cut_after=4, text="Half of it is here.", gate=gate))
    script.then(say("Half of it is here, and the other half as well."))
    await discord_.send(alice, general, bot.mention("hello"))
    begun = await bot.said(general, "Half of it")
    gate.release()
    await bot.said(general, "the other half as well.")

    assert answers_in(discord_, general) == ["Half of it is here, and the other half as well."]
    assert begun.content == "Half of it is here, and the other half as well."
    assert bot.log.count("model_retry") == 1


async def test_every_fault_is_told_in_one_sentence_and_the_next_question_is_answered(bot, discord_, script, model):
    bot.configure("[model]\nretries = 0\n")
    await bot.start()
    alice, general = discord_.user("alice"), discord_.channel("general")
    long = Fault(400, body=error(LENGTH, "context_length_exceeded"))
    faults = {
        "fails": (Fault(500), "The model endpoint failed; please try again."),
        "hurries": (Fault(429, headers={"Retry-After": "1800"}), "please try again in 30 minutes."),
        "overflows": (long, "This conversation has become too long for the model; /reset starts a new one."),
        "shocks": (FAULTS["policy"][0], "The model endpoint would not take this request, so I have no answer."),
    }
    script.when(lambda request: "again" in request.last_user_text, say("Now it works."))
    for word, (fault, sentence) in faults.items():
        script.when(lambda request, word=word: word in request.last_user_text, fault)
        await discord_.send(alice, general, bot.mention(word))
        await bot.said(general, sentence)
        assert len(bot.shown(general, sentence)) == 1
    await discord_.send(alice, general, bot.mention("again"))
    await bot.said(general, "Now it works.")
    assert bot.process.returncode is None


async def test_conversation_within_the_models_length_is_shown_and_the_rest_is_told(bot, discord_, script, model):
    """The length is the proxy's: 2,000 tokens, of which 400 are the answer's."""
    script.default = lambda request: say(f"I read {request.last_user_text[:10]}.")
    await bot.start()
    alice = discord_.user("alice")
    dm = discord_.dm(alice)
    for number in range(5):
        await discord_.send(alice, dm, f"question {number} " + "word " * 380)
        await bot.said(dm, f"I read question {number}.")
    told = await bot.said(dm, "The 2 oldest turns of this conversation no longer fit and were left out.")
    shown = [message["content"][:10] for message in model.requests[-1].messages if message["role"] == "user"]

    assert shown == ["question 2", "question 3", "question 4"]
    assert told.content.startswith("I read question 4.\n")
    assert told.content.count("-# ") == 1
    assert answers_in(discord_, dm)[0] == "I read question 0."
