"""Who may decide what: strangers, former approvers, bots, self-approval under the two-person rule, two at once."""

import asyncio

import pytest

from playground.permissions import Permission
from tests.end_to_end.deciders import Deciders


@pytest.fixture
def people(bot, discord_, script):
    return Deciders(bot, discord_, script)


async def test_only_those_decide_who_may_at_that_moment(bot, discord_, people):
    """The table of who may decide what, cell by cell, by reaction and by button."""
    general, lab = discord_.channel("general"), discord_.channel("lab")
    alice, bob, carol, dave, erin = (discord_.user(name) for name in ("alice", "bob", "carol", "dave", "erin"))
    await bot.start()

    # The requester alone: a stranger's and a bot's reactions are taken off, an unknown one is left.
    (bot.notes / "todo.txt").write_text("milk")
    card = await people.card(general, "delete_note", name="todo")
    for person in (bob, people.robot):
        for emoji in ("✅", "❌"):
            await people.reaction_goes(person, card, emoji)
    await discord_.react(bob, card, "👍")
    await discord_.react(alice, card, "👀")
    for label in ("Run once", "Refuse", "Explain", "Edit"):
        await people.told(bob, card, label, f"<@{alice.id}> decides")
    assert "May I run" in card.content
    assert [one.user_ids for one in (card.reactions["✅"], card.reactions["❌"])] == [[discord_.bot.id]] * 2
    await discord_.react(alice, card, "✅")
    await people.answered(general)
    await people.shows(card, f"Decided by <@{alice.id}> <t:")
    assert "Approved" in card.content
    assert card.components == []
    assert {"👍", "👀"} <= set(card.reactions)
    assert bot.runs("delete_note") == 1

    # Two people other than the requester; one who takes it back does not count, one who says it twice counts once.
    card = await people.card(general, "write_note", name="a", text="x")
    await people.shows(card, "0 of 2 approvals")
    await people.reaction_goes(alice, card, "✅")
    await people.told(alice, card, "Run once", f"anyone but <@{alice.id}>")
    await discord_.react(bob, card, "✅")
    await people.shows(card, f"1 of 2 approvals: <@{bob.id}>")
    await discord_.unreact(bob, card, "✅")
    await people.shows(card, "0 of 2 approvals")
    await people.told(carol, card, "Run once", "1 more approval is needed")
    await people.told(carol, card, "Run once", "1 more approval is needed")
    await people.reaction_goes(people.robot, card, "✅")
    assert bot.runs("write_note") == 0
    # Three at once: the second one needed decides, the third is too late.
    await asyncio.gather(*(discord_.react(person, card, "✅") for person in (bob, dave, erin)))
    await people.answered(general)
    assert bot.runs("write_note") == 1
    await people.shows(card, f"Decided by <@{carol.id}>, <@")
    assert card.content.count("<@") == 2

    # One refusal is enough, and it stands against approvals that come later.
    card = await people.card(general, "write_note", name="b", text="x")
    await discord_.react(bob, card, "✅")
    await people.shows(card, "1 of 2 approvals")
    await discord_.react(carol, card, "❌")
    await people.answered(general)
    for person in (dave, erin):
        await discord_.react(person, card, "✅")
    await people.shows(card, "Refused: `write_note`")
    assert f"Decided by <@{carol.id}>" in card.content
    assert bot.runs("write_note") == 1

    # A role: who had it yesterday may not, who has it now may; the requester has no say of their own.
    discord_.give_role(people.guild, bob, people.crew)
    card = await people.card(lab, "slow_note", name="c", seconds=0)
    await people.shows(card, f"<@&{people.crew.id}> decides")
    discord_.take_role(people.guild, bob, people.crew)
    for person in (bob, alice):
        await people.reaction_goes(person, card, "✅")
        await people.told(person, card, "Run once", "You may not decide this")
    assert bot.runs("slow_note") == 0
    discord_.give_role(people.guild, bob, people.crew)
    await discord_.react(bob, card, "✅")
    await people.answered(lab)
    assert bot.runs("slow_note") == 1

    # Two who may, at once and against each other: one decision, and what runs is what it says.
    card = await people.card(lab, "delete_note", name="a")
    await asyncio.gather(discord_.react(alice, card, "✅"), discord_.press(alice, card, "Refuse"))
    await people.answered(lab)
    await people.shows(card, "Decided by")
    assert bot.runs("delete_note") == 1 + ("Approved: `delete_note`" in card.content)
    assert ("Approved" in card.content) != ("Refused" in card.content)


async def test_what_was_said_while_the_bot_was_away_counts_by_the_same_rules(bot, discord_, people):
    """Strangers, former approvers and bots do not count, a refusal wins, what was taken back is forgotten."""
    general, lab, third = (
        discord_.channel("general"),
        discord_.channel("lab"),
        discord_.add_channel(people.guild, "third"),
    )
    alice, bob, carol, dave = (discord_.user(name) for name in ("alice", "bob", "carol", "dave"))
    discord_.give_role(people.guild, bob, people.crew)
    discord_.give_role(people.guild, carol, people.crew)
    await bot.start()
    (bot.notes / "todo.txt").write_text("milk")
    requester = await people.card(general, "delete_note", name="todo")
    two = await people.card(lab, "write_note", name="a", text="x")
    role = await people.card(third, "slow_note", name="c", seconds=0)
    await discord_.react(bob, two, "✅")
    await people.shows(two, "1 of 2 approvals")
    await bot.kill()

    await discord_.react(bob, requester, "✅")
    await discord_.react(people.robot, requester, "✅")
    await discord_.unreact(bob, two, "✅")
    await discord_.react(carol, two, "✅")
    await discord_.react(alice, two, "✅")
    await discord_.react(bob, role, "✅")
    await discord_.react(carol, role, "❌")
    discord_.take_role(people.guild, bob, people.crew)
    await bot.start()

    await bot.said(third, "answer 3")
    await people.shows(role, f"Decided by <@{carol.id}>")
    assert "Refused" in role.content
    await people.shows(two, f"1 of 2 approvals: <@{carol.id}>")
    assert "May I run" in requester.content
    await discord_.wait_until(lambda: bob.id not in requester.reactions["✅"].user_ids)
    assert [bot.runs(tool) for tool in ("delete_note", "write_note", "slow_note")] == [0, 0, 0]
    # A button leaves no reaction, and is not taken back for the want of one.
    await discord_.unreact(carol, two, "✅")
    await people.shows(two, "0 of 2 approvals")
    await people.told(dave, two, "Run once", "1 more approval is needed")
    await bot.restart()
    await discord_.react(bob, two, "✅")
    await bot.said(lab, "answer 2")
    await people.shows(two, f"Decided by <@{dave.id}>, <@{bob.id}>")
    await discord_.react(alice, requester, "✅")
    await bot.said(general, "answer 1")
    assert [bot.runs(tool) for tool in ("delete_note", "write_note", "slow_note")] == [1, 1, 0]


async def test_reply_written_while_the_bot_was_away_refuses_by_the_roles_of_now_and_before_any_approval(
    bot, discord_, people, model
):
    lab = discord_.channel("lab")
    bob, carol, dave, erin = (discord_.user(name) for name in ("bob", "carol", "dave", "erin"))
    for person in (bob, carol, dave, erin):
        discord_.give_role(people.guild, person, people.crew)
    await bot.start()
    card = await people.card(lab, "slow_note", name="c", seconds=0)
    await bot.kill()
    await discord_.send(dave, lab, "I may not say this", reply_to=card)
    await discord_.send(erin, lab, "nor may I", reply_to=card)
    await discord_.send(carol, lab, "never do this", reply_to=card)
    await discord_.react(bob, card, "✅")
    discord_.take_role(people.guild, dave, people.crew)
    discord_.remove_member(people.guild, erin)
    await bot.start()

    await people.answered(lab)
    await people.shows(card, f"Decided by <@{carol.id}>")
    assert "Refused" in card.content
    assert "never do this" in card.content
    assert bot.runs("slow_note") == 0
    await bot.closed(3)
    assert not any(request.last_user_text.endswith("never do this") for request in model.requests)


async def test_card_of_a_place_that_somebody_cannot_see_is_neither_listed_nor_decided_from_elsewhere(
    bot, discord_, people
):
    lab, secret = discord_.channel("lab"), discord_.add_channel(people.guild, "secret")
    alice, bob, carol = (discord_.user(name) for name in ("alice", "bob", "carol"))
    await bot.start()
    await people.card(secret, "write_note", name="a", text="payroll")
    listed = await discord_.slash(bob, lab, "pending")
    assert "payroll" in listed.content

    discord_.deny(secret, bob, Permission.VIEW_CHANNEL)
    await people.told(bob, listed.message, "Run once 1", "You cannot see the channel")
    await people.told(bob, listed.message, "Show 1", "You cannot see the channel")
    assert (await discord_.slash(bob, lab, "pending")).content == "Nothing waits for your decision here."
    assert (await discord_.slash(bob, discord_.dm(bob), "pending")).content == "Nothing waits for your decision here."
    assert "payroll" in (await discord_.slash(carol, lab, "pending")).content
    await discord_.slash(alice, secret, "stop")
    code, decisions = await bot.command("history", "approvals")
    assert code == 0
    assert "withdrawn" in decisions
    assert str(alice.id) in decisions
    assert str(bob.id) not in decisions


async def test_approval_counts_on_when_its_giver_may_not_decide_any_more(bot, discord_, people):
    lab = discord_.channel("lab")
    givers = bob, dave, erin = [discord_.user(name) for name in ("bob", "dave", "erin")]
    carol = discord_.user("carol")
    settings = f'[approvals.tools."write_note"]\ndeciders = ["role:{people.crew.id}"]\napprovals = 4\n'
    bot.configure(settings)
    for person in (*givers, carol):
        discord_.give_role(people.guild, person, people.crew)
    await bot.start()
    card = await people.card(lab, "write_note", name="a", text="x")
    for person in (bob, erin):
        await discord_.react(person, card, "✅")
    await people.shows(card, "2 of 4 approvals")
    await people.told(dave, card, "Run once", "1 more approval is needed")

    discord_.take_role(people.guild, bob, people.crew)
    discord_.take_role(people.guild, dave, people.crew)
    await discord_.react(dave, card, "✅")
    await people.reaction_goes(dave, card, "❌")
    discord_.remove_member(people.guild, erin)
    await bot.restart()
    await discord_.react(carol, card, "✅")
    await people.answered(lab)
    assert bot.runs("write_note") == 1
    await people.shows(card, "Decided by <@")
    assert all(f"<@{person.id}>" in card.content for person in (*givers, carol))
    assert {person.id for person in givers} <= set(card.reactions["✅"].user_ids)


async def test_settings_that_became_stricter_are_shown_and_a_button_keeps_its_vote(bot, discord_, people):
    lab = discord_.channel("lab")
    bob, carol = discord_.user("bob"), discord_.user("carol")
    strict = (bot.home / "clew.toml").read_text()
    bot.configure(strict.replace("approvals = 2", "approvals = 1"))
    await bot.start()
    card = await people.card(lab, "write_note", name="a", text="x")
    await bot.kill()
    bot.configure(strict)
    await bot.start()
    await people.told(bob, card, "Run once", "1 more approval is needed")
    await people.shows(card, f"1 of 2 approvals: <@{bob.id}>")
    await bot.restart()
    await discord_.react(carol, card, "✅")
    await people.answered(lab)
    await people.shows(card, f"Decided by <@{bob.id}>, <@{carol.id}>")
