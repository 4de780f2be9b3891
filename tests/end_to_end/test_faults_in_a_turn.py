"""Each fault of Discord and of the model, switched on while a turn runs: one answer, or one sentence that says why."""

import pytest

from playground import LocalDiscord
from playground.model import Fault, say
from playground.sessions import GatewaySettings

POST = ("POST", "/channels/{channel_id}/messages")
PATCH = ("PATCH", "/channels/{channel_id}/messages/{message_id}")

TEXT = "The first half of it is here, and the second half of it comes later."


@pytest.fixture
async def discord_():
    # A heartbeat every other second, so that a connection that has died is noticed.
    async with LocalDiscord(gateway=GatewaySettings(heartbeat_interval=2.0)) as local:
        yield local


async def _reconnected(discord_, before):
    await discord_.wait_until(lambda: discord_.connected and discord_.resumes + discord_.identifies > before, 20)


async def _dropped(discord_):
    await discord_.drop_gateway()


async def _dropped_for_good(discord_):
    await discord_.drop_gateway(resumable=False)


async def _cut(discord_):
    discord_.cut_gateway()


async def _told_to_reconnect(discord_):
    discord_.reconnect_gateway()


async def _invalid_but_resumable(discord_):
    discord_.invalidate_session(resumable=True)


async def _invalid(discord_):
    discord_.invalidate_session(resumable=False)


async def _frozen(discord_):
    """Nothing comes any more, and after a while the network says so (discord.py itself waits a minute)."""
    discord_.freeze_gateway()
    discord_.cut_gateway()


GATEWAY = [_dropped, _dropped_for_good, _cut, _told_to_reconnect, _invalid_but_resumable, _invalid, _frozen]


def _answers(discord_, channel):
    return [m.content for m in discord_.messages(channel) if m.author.id == discord_.bot.id]


async def _new_channel(discord_, name):
    return discord_.add_channel(discord_.guild("Harbour"), name)


@pytest.mark.parametrize("fault", GATEWAY)
async def test_gateway_that_breaks_in_a_turn_costs_nothing(bot, discord_, script, fault):
    await bot.start()
    alice, general = discord_.user("alice"), discord_.channel("general")
    script.default = lambda request: say(f"Heard: {request.last_user_text.splitlines()[-1]}.")
    script.then(say(TEXT))
    gate = script.hold()
    asked = await discord_.send(alice, general, bot.mention("go"))
    await bot.said(general, "first half")
    connections = discord_.resumes + discord_.identifies
    await fault(discord_)
    await _reconnected(discord_, connections)
    # What the gateway may bring again after a RESUME.
    discord_.redeliver(asked)
    gate.release()
    await bot.said(general, TEXT)
    await discord_.send(alice, general, bot.mention("still there?"))
    await bot.said(general, "Heard: still there?.")
    assert _answers(discord_, general) == [TEXT, "Heard: still there?."]


async def test_messages_that_come_twice_or_in_another_order_are_each_answered_once(bot, discord_, script):
    await bot.start()
    alice, general, lab = discord_.user("alice"), discord_.channel("general"), discord_.channel("lab")
    script.default = lambda request: say(f"Heard: {request.last_user_text.splitlines()[-1]}.")
    discord_.repeat_next(times=2)
    await discord_.send(alice, general, bot.mention("twice"))
    await bot.said(general, "Heard: twice.")
    discord_.swap_next(general, lab)
    await discord_.send(alice, general, bot.mention("one"))
    await discord_.send(alice, lab, bot.mention("two"))
    await bot.said(general, "Heard: one.")
    await bot.said(lab, "Heard: two.")
    assert _answers(discord_, general) == ["Heard: twice.", "Heard: one."]
    assert _answers(discord_, lab) == ["Heard: two."]


async def test_requests_that_fail_are_made_again_and_show_everything_once(bot, discord_, script):
    """Discord fails, answers late, or does what it is asked and loses the answer; the global limit closes."""
    await bot.start()
    alice = discord_.user("alice")
    script.default = lambda _request: say(TEXT, delay=0.05)
    faults = {
        "refused": lambda: discord_.fail(*POST, status=500),
        "away": lambda: discord_.fail(*POST, status=503),
        "lost": lambda: discord_.fail(*POST, status=0, done=True),
        "cut": lambda: discord_.fail(*POST, status=0),
        "edit-lost": lambda: discord_.fail(*PATCH, status=0, done=True),
        "edit-refused": lambda: discord_.fail(*PATCH, status=502),
        "edit-cut": lambda: discord_.fail(*PATCH, status=0),
    }
    channels = {name: await _new_channel(discord_, name) for name in [*faults, "slow", "limited"]}
    for name, order in faults.items():
        order()
        await discord_.send(alice, channels[name], bot.mention("go"))
        await bot.said(channels[name], TEXT, timeout=20)
    discord_.slow(1.5, *POST)
    await discord_.send(alice, channels["slow"], bot.mention("go"))
    await bot.said(channels["slow"], TEXT)
    assert discord_.rate_limited == 0
    discord_.limit_globally(2.0)
    await discord_.send(alice, channels["limited"], bot.mention("go"))
    await bot.said(channels["limited"], TEXT, timeout=20)
    assert {name: _answers(discord_, channel) for name, channel in channels.items()} == {
        name: [TEXT] for name in channels
    }


async def test_ban_by_the_network_is_outlived(bot, discord_, script):
    """Cloudflare's 429: nothing is asked for a while, and nothing is lost."""
    await bot.start()
    alice, general = discord_.user("alice"), discord_.channel("general")
    script.then(say(TEXT))
    gate = script.hold()
    await discord_.send(alice, general, bot.mention("go"))
    await bot.said(general, "first half")
    discord_.ban(3.0)
    gate.release()
    await bot.said(general, TEXT, timeout=40)
    assert _answers(discord_, general) == [TEXT]
    assert discord_.invalid_requests < 30


MODEL = {
    "busy": (Fault(status=429, headers={"Retry-After": "1"}), True),
    "failing": (Fault(status=500), True),
    "cut": (Fault(cut_after=3), True),
    "silent": (Fault(hang=True), True),
    "a page of HTML": (Fault(status=200, html=True), False),
    "refusing": (Fault(status=400), False),
}


async def test_model_that_fails_once_costs_an_answer_only_where_asking_again_is_of_no_use(bot, discord_, script):
    bot.configure("[model]\ntimeout = 2\n")
    await bot.start()
    alice = discord_.user("alice")
    script.default = lambda _request: say(TEXT)
    shown = {}
    for name, (fault, _) in MODEL.items():
        channel = await _new_channel(discord_, name.replace(" ", "-"))
        script.then(fault)
        await discord_.send(alice, channel, bot.mention("go"))
        await discord_.wait_for_message(
            channel, lambda m: m.author.id == discord_.bot.id and m.content.endswith((".", "later.")), timeout=20
        )
        shown[name] = channel
    for name, (_, passes) in MODEL.items():
        answers = _answers(discord_, shown[name])
        assert len(answers) == 1
        assert (answers == [TEXT]) is passes, (name, answers)
