"""Each fault of the gateway once, in the middle of an answer and while a card waits, in one process."""

import pytest
import pytest_asyncio

from playground.model import say
from tests.end_to_end.surviving import ANSWER, DONE, surviving

pytestmark = pytest.mark.asyncio(loop_scope="module")

# How a connection is lost, and whether what happens until the next one is replayed there.
LOST = {
    "closed": (lambda local: local.drop_gateway(), True),
    "closed, session over": (lambda local: local.drop_gateway(resumable=False), False),
    "cut": (lambda local: local.cut_gateway(), True),
    "told to reconnect": (lambda local: local.reconnect_gateway(), True),
    "session invalid": (lambda local: local.invalidate_session(resumable=False), False),
    "session invalid for a moment": (lambda local: local.invalidate_session(resumable=True), True),
    "heartbeats not acknowledged": (lambda local: local.stop_heartbeat_acks(), True),
    "frozen": (lambda local: local.freeze_gateway(), True),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def survivor(tmp_path_factory):
    async with surviving(tmp_path_factory.mktemp("gateway")) as survivor:
        yield survivor


@pytest.fixture
def local(survivor):
    return survivor.discord


@pytest.fixture
def place(survivor):
    return survivor.place()


class Loss:
    """A connection that is lost once, until the bot is back on another one."""

    def __init__(self, local, name):
        self.local = local
        self.begin, self.resumable = LOST[name]
        self.before = self.sessions

    @property
    def sessions(self):
        return self.local.resumes if self.resumable else self.local.identifies

    async def strike(self):
        if (done := self.begin(self.local)) is not None:
            await done

    async def overcome(self):
        await self.local.wait_until(lambda: self.sessions > self.before and self.local.connected, timeout=20)
        self.local.start_heartbeat_acks()


@pytest.mark.parametrize("name", LOST)
async def test_answer_goes_on_over_a_lost_connection_and_what_was_asked_meanwhile_is_answered(local, place, name):
    loss = Loss(local, name)
    gate = await place.ask_and_hold()
    await loss.strike()
    if loss.resumable:
        await place.ask("and meanwhile", say("Meanwhile."))
    await loss.overcome()
    if not loss.resumable:
        await place.ask("and meanwhile", say("Meanwhile."))
    gate.release()
    await place.ends_with(ANSWER, "Meanwhile.")


@pytest.mark.parametrize("name", LOST)
async def test_answer_ends_while_the_connection_is_lost(local, place, name):
    loss = Loss(local, name)
    gate = await place.ask_and_hold()
    await loss.strike()
    gate.release()
    await place.said(ANSWER)
    await loss.overcome()
    await place.ends_with(ANSWER)


@pytest.mark.parametrize("name", LOST)
async def test_card_is_approved_while_the_connection_is_lost(local, place, name):
    loss = Loss(local, name)
    card = await place.ask_for_a_note()
    await loss.strike()
    await local.react(place.alice, card, "✅")
    await loss.overcome()
    await place.ends_with_the_note(card)


async def test_message_that_comes_again_is_answered_once(local, place):
    local.repeat_next("MESSAGE_CREATE")
    gate = await place.ask_and_hold()
    asked = local.messages(place.channel)[0]
    local.redeliver(asked)
    gate.release()
    await place.said(ANSWER)
    local.redeliver(asked)
    await place.ends_with(ANSWER)


async def test_messages_of_two_channels_that_change_places_are_answered_each_in_its_own(local, place, survivor):
    other = survivor.place()
    local.swap_next(place.channel, other.channel)
    await place.ask("first", say("One."))
    assert place.texts() == []
    gate = await other.ask_and_hold()
    await place.said("One.")
    local.swap_next(other.channel, place.channel)
    await other.ask("third", say("Three."))
    await place.ask("fourth", say("Four."))
    gate.release()
    await other.ends_with(ANSWER, "Three.")
    await place.ends_with("One.", "Four.")


async def test_everything_that_comes_twice_happens_once(local, place):
    for name in ("MESSAGE_CREATE", "MESSAGE_REACTION_ADD", "MESSAGE_UPDATE"):
        local.repeat_next(name, times=8)
    card = await place.ask_for_a_note()
    with local.subscribe() as events:
        await local.react(place.alice, card, "✅")
        reaction = await events.get()
    await place.said(DONE)
    local.redeliver(reaction)
    await place.ends_with_the_note(card)
