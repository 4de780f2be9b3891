"""Outbox, replies and surface over the wire: each part is one message, whatever happens to the program."""

import asyncio
import json
from dataclasses import replace

import discord
import pytest

from checkpoints.cards import Approval, Decision, Kind, Terms
from discord_adapter.card_messages import CardMessages
from discord_adapter.content import Content
from discord_adapter.outbox import Outbox
from discord_adapter.parts import card_of
from discord_adapter.replies import GrowingText
from discord_adapter.sending import _meaning
from discord_adapter.surface import DiscordSurfaces
from graph.approval_settings import ApprovalSettings, ToolApprovals
from graph.deciding import Person, Rules, Said
from graph.errors import SurfaceError, SurfaceUnreachable
from playground.permissions import Permission

SUPPRESS_EMBEDS = 4


def says(text):
    """What a part shows, where it is always the same."""
    return lambda: Content(text)


async def test_part_shown_again_by_a_program_that_forgot_is_the_same_message(client, outbox, journal, turn, shown):
    """The old program died between the POST and the note of it: Discord's nonce gives the message back."""
    planned = await outbox.plan(turn.key, "text:0:0", turn.channel_id)
    first, _ = await outbox.show(planned, says("old words"), final=False)
    again, _ = await Outbox(client, journal.deliveries).show(planned, says("new words"), final=True)

    assert first.message_id == again.message_id
    assert [message.content for message in shown()] == ["new words"]
    assert (await journal.deliveries.of(turn.key)) == [again]
    assert again.final


async def test_known_message_is_edited(outbox, turn, shown):
    delivery = await outbox.plan(turn.key, "text:0:0", turn.channel_id)
    delivery, _ = await outbox.show(delivery, says("one"), final=False)
    await outbox.show(delivery, says("two"), final=True)

    assert [[version.content for version in message.history] for message in shown()] == [["one", "two"]]


async def test_links_stay_without_previews_after_an_edit(outbox, turn, shown):
    delivery, _ = await outbox.show(
        await outbox.plan(turn.key, "text:0:0", turn.channel_id), says("https://a.example"), final=False
    )
    assert shown()[0].flags & SUPPRESS_EMBEDS
    await outbox.edit(delivery, says("https://b.example"))

    assert shown()[0].content == "https://b.example"
    assert shown()[0].flags & SUPPRESS_EMBEDS


async def test_message_that_somebody_deleted_is_left_alone(local, outbox, turn, shown):
    delivery, _ = await outbox.show(await outbox.plan(turn.key, "text:0:0", turn.channel_id), says("one"), final=False)
    await local.delete(local.bot, shown()[0])

    await outbox.edit(delivery, says("two"))
    assert await outbox.reacting.offer(delivery, "✅")
    await outbox.delete(delivery)
    assert shown() == []


async def test_nothing_that_is_sent_pings(outbox, turn, shown, alice):
    words = f"@everyone @here {alice.mention}"
    delivery, _ = await outbox.show(await outbox.plan(turn.key, "text:0:0", turn.channel_id), says(words), final=False)
    await outbox.edit(delivery, says(f"{words}!"))

    (message,) = shown()
    assert message.content == f"{words}!"
    assert not message.pinged
    assert not message.pinged_everyone


async def test_channel_where_we_may_not_write_is_a_surface_error(local, outbox, turn, general, surface):
    local.overwrite(general, local.everyone(local.guild_of(general)), deny=Permission.SEND_MESSAGES)
    with pytest.raises(SurfaceError):
        await outbox.show(await outbox.plan(turn.key, "text:0:0", turn.channel_id), says("one"), final=True)
    with pytest.raises(SurfaceError):
        await surface.say("closing", "a sentence")
    surface.finish_text(0, "an answer")
    with pytest.raises(SurfaceError):
        await surface.flush()
    await surface.close()


async def test_where_history_may_not_be_read_an_answer_is_posted_and_answers_nothing(local, surface, general, shown):
    """A reply takes READ_MESSAGE_HISTORY (Discord's documentation, "Create Message")."""
    local.deny(general, local.bot, Permission.READ_MESSAGE_HISTORY)
    surface.finish_text(0, "an answer")
    await surface.flush()
    await surface.say("notice", "a sentence")
    assert [(message.content, message.reference) for message in shown()] == [("an answer", None), ("a sentence", None)]


@pytest.mark.parametrize("grows", [True, False])
@pytest.mark.parametrize("fence", ["```py\n{}\n```\n", "{}"])
async def test_answer_whose_file_is_refused_comes_in_messages(local, surface, general, shown, fence, grows):
    local.deny(general, local.bot, Permission.ATTACH_FILES)
    lines = [f"print({number}, 'of many lines')" for number in range(500)]
    text = f"Here it is.\n\n{fence.format(chr(10).join(lines))}\nThat was all."
    if grows:
        surface.text(0, text[:13_000])
        await local.wait_until(lambda: bool(shown()))
    surface.finish_text(0, text)
    await surface.flush()
    messages = [message.content for message in shown()]
    assert not any(message.attachments for message in shown())
    seen = [line for content in messages for line in content.splitlines() if line and not line.startswith("```")]
    assert seen == ["Here it is.", *lines, "That was all."]
    assert not any("below" in content for content in messages)


async def test_channel_that_is_gone_is_a_surface_error(local, outbox, turn, general):
    local.delete_channel(general)
    with pytest.raises(SurfaceError):
        await outbox.show(await outbox.plan(turn.key, "text:0:0", turn.channel_id), says("one"), final=True)


async def test_long_answer_ends_as_exactly_what_it_is(surface, shown, journal, turn):
    text = "Look:\n```python\n" + "".join(f"line_{n} = {n}\n" for n in range(200)) + "```\nThat is all."
    for start in range(0, 600, 200):
        surface.text(0, text[start : start + 200])
    surface.finish_text(0, text)
    await surface.flush()
    await surface.close()

    parts = [message.content for message in shown()]
    assert len(parts) == 2
    assert parts[0].endswith("\n```")
    assert parts[1].startswith("```python\n")
    code = parts[0].removesuffix("```") + parts[1].removeprefix("```python\n")
    assert code == text
    assert [delivery.final for delivery in await journal.deliveries.of(turn.key)] == [True, True]
    assert shown()[0].reference.message_id == turn.message_id
    assert shown()[1].reference is None


async def test_text_that_became_shorter_takes_its_second_message_away(outbox, turn, shown):
    text = GrowingText(outbox, turn.key, "text:0", turn.channel_id)
    text.add("word " * 700)
    await text.show()
    assert len(shown()) == 2
    text.finish("short")
    await text.show(settled=True)

    assert [message.content for message in shown()] == ["short"]


async def test_answer_of_a_former_program_is_continued_in_its_message(outbox, surface, turn, shown):
    delivery = await outbox.plan(turn.key, "text:0:0", turn.channel_id)
    await outbox.show(delivery, says("an answ"), final=False)
    surface.finish_text(0, "an answer")
    await surface.flush()
    await surface.close()

    assert [message.content for message in shown()] == ["an answer"]


async def test_sentence_said_again_is_said_once(outbox, surface, turn, shown):
    await surface.say("closing", "stopped")
    await DiscordSurfaces(outbox).open(turn).say("closing", "stopped")

    assert [message.content for message in shown()] == ["stopped"]


@pytest.fixture
async def approval(journal, turn):
    approval = Approval("i", "c", turn.key, "wipe", {"x": 1}, "f", turn.user_id, turn.channel_id)
    await journal.approvals.ask(approval)
    return approval


async def test_card_has_the_two_reactions_and_is_posted_once(outbox, surface, approval, turn, shown):
    assert await surface.ask(approval) == []
    assert await DiscordSurfaces(outbox).open(turn).ask(approval) == []

    (message,) = shown()
    assert list(message.reactions) == ["✅", "❌"]
    assert '"x": 1' in message.content


async def test_super_reaction_made_while_nobody_listened_counts_beside_the_others(
    local, outbox, journal, approval, turn, shown, alice
):
    approval = replace(approval, number=1, terms=Terms(("others", "requester")))
    await journal.approvals.ask(approval)
    rules = Rules(ApprovalSettings(deciders=["others", "requester"]))
    surface = DiscordSurfaces(outbox, cards=CardMessages(outbox, rules=rules)).open(turn)
    await surface.ask(approval)
    (card,), bob, carol = shown(), local.user("bob"), local.user("carol")
    await local.react(bob, card, "❌", burst=True)
    await local.react(carol, card, "❌")
    await local.react(alice, card, "✅", burst=True)

    said = [(one.person.user_id, one.decision) for one in await surface.ask(approval)]
    refused = [(one, Decision.REFUSED) for one in sorted((bob.id, carol.id))]
    assert said == [*refused, (alice.id, Decision.APPROVED)]


async def test_what_was_said_while_nobody_listened_is_read_with_the_roles_of_now_and_refusals_first(
    local, general, outbox, journal, turn, approval, shown, alice
):
    everybody = ("requester", "others")
    approval = replace(approval, number=1, terms=Terms(everybody))
    await journal.approvals.ask(approval)
    cards = CardMessages(outbox, rules=Rules(ApprovalSettings(deciders=list(everybody))))
    surface = DiscordSurfaces(outbox, cards=cards).open(turn)
    await surface.ask(approval)
    guild, (card,) = local.guild_of(general), shown()
    bob, carol, robot = local.user("bob"), local.user("carol"), local.add_user("robot", bot=True)
    local.add_member(guild, robot)
    former, crew = local.add_role(guild, "former"), local.add_role(guild, "crew")
    local.give_role(guild, bob, former)
    for person, emoji in ((alice, "✅"), (robot, "✅"), (carol, "✅"), (bob, "❌"), (alice, "👍")):
        await local.react(person, card, emoji)
    local.take_role(guild, bob, former)
    local.give_role(guild, bob, crew)
    local.remove_member(guild, carol)

    assert await surface.ask(approval) == [
        Said(Person(bob.id, frozenset({guild.id, crew.id})), Decision.REFUSED),
        Said(Person(alice.id, frozenset({guild.id, *guild.members[alice.id].role_ids})), Decision.APPROVED),
    ]


async def test_card_in_doubt_offers_its_three_choices_and_reads_them(
    local, journal, turn, surface, approval, shown, alice
):
    doubt = replace(approval, kind=Kind.DOUBT, number=1)
    await journal.approvals.ask(doubt)
    await surface.ask(doubt)
    (card,) = shown()
    await local.react(alice, card, "🔁")
    await local.react(alice, card, "✅")

    assert list(card.reactions) == ["🔁", "✅", "❌"]
    assert "In doubt" in card.content
    assert [said.decision for said in await surface.ask(doubt)] == [Decision.TAKEN_AS_DONE, Decision.RUN_AGAIN]


async def test_card_that_was_deleted_is_posted_anew_and_found_by_either_part(
    local, journal, outbox, turn, surface, approval, shown
):
    await surface.ask(approval)
    await local.delete(local.bot, shown()[0])
    await surface.ask(approval)
    await surface.ask(approval)

    (card,) = shown()
    delivery = await journal.deliveries.by_message(card.id)
    assert delivery.part == f"card:{approval.id}:2"
    assert card_of(delivery.part) == card_of(f"card:{approval.id}") == approval.id
    assert list(card.reactions) == ["✅", "❌"]
    await surface.settle(replace(approval, decision=Decision.REFUSED, decided_by=turn.user_id))
    assert "Refused" in card.content
    assert card.components == []


async def test_card_in_a_channel_that_is_gone_cannot_be_shown(local, general, surface, approval):
    await surface.ask(approval)
    local.delete_channel(general)

    with pytest.raises(SurfaceError, match="Unknown Channel"):
        await surface.ask(approval)


async def test_those_who_have_to_decide_are_pinged_once(local, outbox, turn, journal, approval, shown, alice):
    guild, bob = local.guild_of(local.channel("general")), local.user("bob")
    carol, crew = local.user("carol"), local.add_role(guild, "crew", mentionable=True)
    local.give_role(guild, carol, crew)
    terms = Terms(("requester", f"user:{bob.id}", f"role:{crew.id}"))
    asked = replace(approval, call_id="d", terms=terms, arguments={"x": f"@everyone {alice.mention}"})
    await journal.approvals.ask(asked)
    rules = Rules(ApprovalSettings(tools={"wipe": ToolApprovals(ping=True)}))
    cards = CardMessages(outbox, journal.approvals, rules=rules)
    surface = DiscordSurfaces(outbox, cards=cards).open(turn)
    await surface.ask(asked)

    (card,) = shown()
    assert (card.pinged, card.pinged_everyone) == ({bob.id, carol.id}, False)
    await local.delete(local.bot, card)
    await surface.ask(asked)
    (again,) = shown()
    assert again.pinged == set()
    edited = replace(asked, number=1, arguments={"x": 2})
    await journal.approvals.ask(edited)
    await surface.ask(edited)
    assert shown()[-1].pinged == set()


async def test_what_a_killed_program_had_shown_too_much_of_a_text_goes(client, outbox, journal, turn, shown):
    killed = GrowingText(outbox, turn.key, "text:0", turn.channel_id)
    killed.add("old " * 1200)
    await killed.show()
    assert len(shown()) == 3
    again = GrowingText(Outbox(client, journal.deliveries), turn.key, "text:0", turn.channel_id)
    again.finish("short answer")
    await again.show(settled=True)
    assert [message.content for message in shown()] == ["short answer"]


async def test_request_that_is_cancelled_under_a_global_limit_lets_others_leave_after_it(local, outbox, turn):
    local.limit_globally(2)
    typing = asyncio.create_task(outbox.typing(turn.channel_id))
    await local.wait_until(lambda: [one for one in local.requests if one.status == 429])
    await asyncio.sleep(0.2)  # until the answer has been read
    typing.cancel()
    async with asyncio.timeout(10):
        with pytest.raises(asyncio.CancelledError):
            await typing
        await outbox.typing(turn.channel_id)


async def test_outage_is_told_as_one_that_passes(local, client, journal, turn, shown):
    outbox = Outbox(client, journal.deliveries, pauses=())
    local.fail("POST", "/channels/{channel_id}/messages", times=9, status=0)
    delivery = await outbox.plan(turn.key, "part", turn.channel_id)
    with pytest.raises(SurfaceUnreachable):
        await outbox.show(delivery, says("hello"), final=True)
    assert shown() == []


async def test_end_of_the_program_is_told_as_an_outage(client, outbox, turn, shown):
    delivery = await outbox.plan(turn.key, "part", turn.channel_id)
    await client.close()
    with pytest.raises(SurfaceUnreachable):
        await outbox.show(delivery, says("hello"), final=True)
    assert shown() == []


async def test_file_is_whole_also_when_the_first_attempt_broke(local, client, journal, turn, approval, shown):
    outbox = Outbox(client, journal.deliveries, pauses=(0.01, 0.01))
    local.fail("POST", "/channels/{channel_id}/messages", times=2, status=0, done=False)
    surface = DiscordSurfaces(outbox).open(turn)
    await surface.ask(replace(approval, arguments={"x": "y" * 3000}))
    (card,) = shown()
    (file,) = card.attachments
    assert json.loads(file.content) == {"x": "y" * 3000}


async def test_calls_of_one_name_and_id_have_an_entry_each(surface, shown):
    for name in ("look", "wipe"):
        surface.tool("call_0", name, failed=None)
        surface.tool("call_0", name, failed=False)
    await surface.flush()
    assert [message.content for message in shown()] == ["-# 🔧 `look` ✓ · `wipe` ✓"]


class Refused:
    """The answer that discord.py gives up at, after it has waited and asked again five times, which takes half a
    minute: made here, since only its meaning is looked at."""

    status = 429
    reason = "Too Many Requests"


@pytest.mark.parametrize("code", [0, 30046])
def test_what_discord_lets_nobody_do_for_now_can_be_done_later(code):
    error = discord.HTTPException(Refused(), {"code": code, "message": "Try again later"})
    assert isinstance(_meaning(error), SurfaceUnreachable)


async def test_token_that_is_refused_for_a_moment_is_no_refusal_for_good(local, outbox, turn, shown):
    delivery = await outbox.plan(turn.key, "text:0:0", turn.channel_id)
    local.fail("POST", "/channels/{channel_id}/messages", status=401)
    with pytest.raises(SurfaceUnreachable):
        await outbox.show(delivery, says("one"), final=True)
    await outbox.show(delivery, says("one"), final=True)
    assert [message.content for message in shown()] == ["one"]
