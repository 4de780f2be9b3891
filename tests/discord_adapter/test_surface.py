"""The surface over the wire, where things go wrong or happen twice: outages, cards that are gone, ids used again."""

import asyncio
from dataclasses import replace

import pytest

from checkpoints.cards import Approval, Decision
from checkpoints.keys import Conversation
from discord_adapter.content import Content
from discord_adapter.outbox import Outbox
from discord_adapter.replies import GrowingText
from discord_adapter.surface import DiscordSurfaces
from graph.errors import SurfaceError, SurfaceUnreachable
from graph.turn import Turn
from playground.permissions import Permission

MESSAGES = "/channels/{channel_id}/messages"
MESSAGE = "/channels/{channel_id}/messages/{message_id}"
OWN_REACTION = "/channels/{channel_id}/messages/{message_id}/reactions/{emoji}/@me"


def says(text):
    """What a part shows, where it is always the same."""
    return lambda: Content(text)


@pytest.fixture
async def approval(journal, turn):
    approval = Approval("i", "c", turn.key, "wipe", {"x": 1}, "f", turn.user_id, turn.channel_id)
    await journal.approvals.ask(approval)
    return approval


@pytest.fixture
async def behind(journal, turn):
    """A turn of the same person that waits for the first one's card."""
    here = Conversation(turn.conversation.guild_id, turn.channel_id, turn.user_id)
    behind = Turn("message:2:0", here, turn.user_id, turn.channel_id, "and now?")
    await journal.inbox.claim(behind.key, here, behind.payload())
    return behind


@pytest.fixture
def hasty(client, journal):
    """An outbox that makes three attempts, without pauses."""
    return Outbox(client, journal.deliveries, pauses=(0, 0))


def _asked(local, method, route):
    return [request for request in local.requests if (request.method, request.route) == (method, route)]


@pytest.mark.parametrize(("status", "attempts"), [(0, 3), (503, 3), (429, 1)])
async def test_discord_out_of_reach_is_told_from_a_refusal(local, hasty, turn, shown, status, attempts):
    local.fail("POST", MESSAGES, times=attempts, status=status)
    planned = await hasty.plan(turn.key, "closing", turn.channel_id)
    with pytest.raises(SurfaceUnreachable):
        await hasty.show(planned, says("hello"), final=True)
    assert len(_asked(local, "POST", MESSAGES)) == attempts

    await hasty.show(planned, says("hello"), final=True)
    assert [message.content for message in shown()] == ["hello"]


async def test_refusal_is_not_an_outage(local, hasty, turn):
    local.fail("POST", MESSAGES, status=400)
    with pytest.raises(SurfaceError) as refusal:
        await hasty.show(await hasty.plan(turn.key, "closing", turn.channel_id), says("hello"), final=True)
    assert not isinstance(refusal.value, SurfaceUnreachable)
    assert len(_asked(local, "POST", MESSAGES)) == 1


async def test_wait_that_is_too_long_for_discord_py_is_an_outage(client, hasty, turn):
    client.http.max_ratelimit_timeout = 0.001  # seconds; its own setting starts at 30
    with pytest.raises(SurfaceUnreachable):
        await asyncio.gather(*(hasty.typing(turn.channel_id) for _ in range(40)))


async def test_card_without_its_reactions_gets_them_after_the_outage(local, hasty, turn, approval, shown):
    local.fail("PUT", OWN_REACTION, times=3, status=503)
    with pytest.raises(SurfaceUnreachable):
        await DiscordSurfaces(hasty).open(turn).ask(approval)
    assert [list(message.reactions) for message in shown()] == [[]]

    await DiscordSurfaces(hasty).open(turn).ask(approval)
    assert [list(message.reactions) for message in shown()] == [["✅", "❌"]]


async def test_missing_permission_to_react_is_told_once_in_a_channel_and_the_buttons_are_there(
    local, outbox, journal, turn, approval, shown, general
):
    local.deny(general, local.bot, Permission.ADD_REACTIONS)
    second = replace(approval, call_id="d")
    await journal.approvals.ask(second)
    surfaces = DiscordSurfaces(outbox)
    for asked in (approval, second, approval):
        await surfaces.open(turn).ask(asked)

    card, told, other = shown()
    assert "Add Reactions" in told.content
    assert (card.reactions, other.reactions) == ({}, {})
    assert all(one.components for one in (card, other))


async def test_decision_that_could_not_be_read_is_read_after_the_outage(local, hasty, turn, approval, shown, alice):
    surface = DiscordSurfaces(hasty).open(turn)
    await surface.ask(approval)
    await local.react(alice, shown()[0], "✅")
    local.fail("GET", MESSAGE, times=3, status=503)
    with pytest.raises(SurfaceUnreachable):
        await surface.ask(approval)

    (said,) = await surface.ask(approval)
    assert (said.person, said.decision) == (
        await hasty.people.find(turn.conversation.guild_id, alice.id),
        Decision.APPROVED,
    )


async def test_settling_once_more_changes_nothing(outbox, surface, turn, approval, shown):
    await surface.ask(approval)
    refused = replace(approval, decision=Decision.REFUSED, decided_by=turn.user_id)
    await surface.settle(refused)
    once = shown()[0].content
    await DiscordSurfaces(outbox).open(turn).settle(refused)

    assert once.startswith("### ❌ Refused")
    assert [message.content for message in shown()] == [once]


async def test_card_that_is_gone_or_was_never_posted_is_settled_in_silence(local, surface, turn, approval, shown):
    withdrawn = replace(approval, decision=Decision.WITHDRAWN)
    await surface.settle(withdrawn)
    assert _asked(local, "PATCH", MESSAGE) == []

    await surface.ask(approval)
    await local.delete(local.bot, shown()[0])
    await surface.settle(withdrawn)
    assert shown() == []


async def test_turn_behind_a_card_that_was_never_posted_is_not_sent_there(outbox, approval, behind, shown):
    await DiscordSurfaces(outbox).open(behind).behind_card(approval)

    assert shown() == []


async def test_turn_behind_a_card_is_sent_there_once(outbox, surface, approval, behind, general, shown):
    await surface.ask(approval)
    for _ in range(2):
        await DiscordSurfaces(outbox).open(behind).behind_card(approval)

    card, told = shown()
    assert f"https://discord.com/channels/{general.guild_id}/{general.id}/{card.id}" in told.content
    assert list(told.reactions) == ["⏭️"]


async def test_typing_goes_on_after_a_notice(local, surface):
    surface.working()
    await local.wait_until(lambda: len(local.typing) == 1)
    await surface.say("notice", "the prompt is gone")
    surface.working()
    await local.wait_until(lambda: len(local.typing) == 2)
    await surface.close()


async def test_call_that_is_told_again_keeps_its_entry(surface, shown):
    surface.tool("call_0", "look", failed=None)
    surface.tool("call_0", "look", failed=False)
    surface.tool("call_0", "look", failed=False)
    surface.tool("call_0", "look", failed=None)
    surface.tool("call_0", "look", failed=None)
    surface.tool("call_0", "look", failed=True)
    surface.tool("call_0", "wipe", failed=None)
    await surface.flush()

    assert [message.content for message in shown()] == ["-# 🔧 `look` ✓ · `look` ✗ · `wipe` …"]


async def test_surplus_of_a_killed_program_is_deleted_once_and_nothing_else(
    client, local, outbox, journal, turn, shown
):
    for name, words in [("text:0", "old " * 800), ("text:1", "other " * 600)]:
        killed = GrowingText(outbox, turn.key, name, turn.channel_id)
        killed.add(words)
        await killed.show()
    other = [message.content for message in shown()][2:]
    for _ in range(2):
        again = GrowingText(Outbox(client, journal.deliveries), turn.key, "text:0", turn.channel_id)
        again.finish("short")
        await again.show(settled=True)
        await again.show(settled=True)

    assert [message.content for message in shown()] == ["short", *other]
    assert len(_asked(local, "DELETE", MESSAGE)) == 1


async def test_longer_text_of_a_later_run_is_whole_after_a_shorter_one_that_was_not_kept(
    client, outbox, journal, turn, shown
):
    """Two programs died with the text not in a checkpoint yet: the third needs the first one's second message."""
    for text in ("old " * 800, "short"):
        killed = GrowingText(Outbox(client, journal.deliveries), turn.key, "text:0", turn.channel_id)
        killed.add(text)
        await killed.show()
        killed.finish("short")
        await killed.show()
    last = GrowingText(Outbox(client, journal.deliveries), turn.key, "text:0", turn.channel_id)
    last.finish("new " * 800)
    await last.show(settled=True)

    assert "".join(message.content for message in shown()).count("new") == 800
    assert len(shown()) == 2


async def test_surface_whose_closing_is_cut_off_shows_nothing_more(local, outbox, turn, shown, monkeypatch):
    """The typing indicator is on its way for a while, and whoever waits for it is cancelled once more."""
    surface = DiscordSurfaces(outbox).open(turn)
    hold, begun = asyncio.Event(), asyncio.Event()

    async def typing(channel_id):
        begun.set()
        try:
            await hold.wait()
        except asyncio.CancelledError:
            await hold.wait()

    monkeypatch.setattr(outbox, "typing", typing)
    monkeypatch.setattr("discord_adapter.surface._TYPING_AFTER", 0)
    surface.working()
    surface.text(0, "one")
    await begun.wait()
    await local.wait_until(shown)
    closing = asyncio.create_task(surface.close())
    await asyncio.sleep(0.01)
    closing.cancel()
    await asyncio.wait({closing})
    surface._texts["text:0"].add(" two")
    surface._changed.set()
    hold.set()
    await asyncio.sleep(2)
    assert [message.content for message in shown()] == ["one"]
