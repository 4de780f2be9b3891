"""What was said before a mention: fetched once for each channel, kept up by the gateway, never what was said to us."""

from playground.permissions import Permission

HISTORY = "/channels/{channel_id}/messages"


def _fetched(local):
    return sum((request.method, request.route) == ("GET", HISTORY) for request in local.requests)


async def _called(local, turns, general, alice, words="well?"):
    await local.send(alice, general, f"{local.bot.mention} {words}")
    return await turns.get()


async def test_what_was_said_before_we_came_and_since_is_told_in_order(local, turns, general, alice):
    bob = local.user("bob")
    await local.send(bob, general, "one")
    await local.send(alice, general, "two\nlines")
    turn = await _called(local, turns, general, alice)
    assert await turns.context(turn) == "Said in #general before, not to you:\n> Bob: one\n> Alice: two\n> lines"

    await local.send(bob, general, "three")
    later = await _called(local, turns, general, alice)
    assert await turns.context(later, after=turn.message_id) == "Said in #general before, not to you:\n> Bob: three"
    assert _fetched(local) == 1


async def test_no_more_than_the_limit_and_nothing_that_was_said_to_us(local, turns, general, alice):
    bob = local.user("bob")
    for number in range(15):
        await local.send(bob, general, f"number {number}")
        await local.send(bob, general, f"{local.bot.mention} not this")
        await turns.get()
    ours = await local.send(local.bot, general, "nor this")
    await local.send(bob, general, "nor that", reply_to=ours)
    await turns.get()
    turn = await _called(local, turns, general, alice)
    lines = (await turns.context(turn)).splitlines()

    assert lines[1:] == [f"> Bob: number {number}" for number in range(5, 15)]


async def test_what_denied_people_say_is_not_told_whether_it_was_fetched_or_heard(local, turns, general, alice):
    """Who is only in no allow list is read; of the denied not even so many that they fill the limit count."""
    guild, bob = local.guild_of(general), local.user("bob")
    muted = local.add_role(guild, "muted")
    mallory, carol = local.add_user("mallory"), local.add_user("carol")
    local.add_member(guild, mallory)
    local.add_member(guild, carol, roles=[muted])
    turns.denies(users=[mallory.id], roles=[muted.id])
    await local.send(bob, general, "read")
    for _ in range(6):
        await local.send(mallory, general, "not read")
        await local.send(carol, general, "nor this")
    turn = await _called(local, turns, general, alice)
    assert (await turns.context(turn)).splitlines()[1:] == ["> Bob: read"]

    for person, words in ((mallory, "not heard"), (carol, "nor this"), (bob, "heard")):
        await local.send(person, general, words)
    later = await _called(local, turns, general, alice)
    assert (await turns.context(later, after=turn.message_id)).splitlines()[1:] == ["> Bob: heard"]


async def test_what_people_bots_and_webhooks_say_who_are_only_not_allowed_is_told(local, turns, general, alice):
    robot = local.add_user("robot", bot=True)
    local.add_member(local.guild_of(general), robot)
    turns.denies(users=[1 << 62], roles=[1 << 62])
    await local.send(local.user("bob"), general, "of bob")
    await local.send(robot, general, "of a bot")
    await local.send_by_webhook(await local.webhook(alice, general, "hook"), "of a webhook")
    turn = await _called(local, turns, general, alice)

    assert [line.partition(": ")[2] for line in (await turns.context(turn)).splitlines()[1:]] == [
        "of bob",
        "of a bot",
        "of a webhook",
    ]


async def test_what_a_denied_person_began_a_thread_with_is_not_told(local, turns, general, alice):
    mallory = local.add_user("mallory")
    local.add_member(local.guild_of(general), mallory)
    first = await local.send(mallory, general, "not read")
    thread = await local.thread(alice, first, "talk")
    turn = await _called(local, turns, thread, alice)
    assert "not read" in await turns.context(turn)

    turns.denies(users=[mallory.id])
    assert await turns.context(turn) == ""


async def test_edits_and_deletions_are_followed(local, turns, general, alice):
    bob = local.user("bob")
    await turns.context(await _called(local, turns, general, alice))
    wrong = await local.send(bob, general, "wrnog")
    gone = await local.send(bob, general, "gone")
    await local.edit(bob, wrong, "right")
    await local.delete(bob, gone)
    turn = await _called(local, turns, general, alice)

    assert (await turns.context(turn)).splitlines()[1:] == ["> Bob: right"]


async def test_new_session_asks_again(local, turns, general, alice):
    turn = await _called(local, turns, general, alice)
    await turns.context(turn)
    turns.overheard.forget()
    await turns.context(turn)

    assert _fetched(local) == 2


async def test_channel_that_may_not_be_read_is_done_without(local, turns, general, alice):
    turn = await _called(local, turns, general, alice)
    local.fail("GET", HISTORY, status=403)
    assert await turns.context(turn) == ""
    await local.send(alice, general, "x")

    assert (await turns.context(await _called(local, turns, general, alice))).endswith("> Alice: x")


async def test_missing_permission_to_read_is_told_once_in_each_channel(local, turns, general, alice):
    lab = local.channel("lab")
    for channel in (general, lab):
        before = await _called(local, turns, channel, alice)
        assert turns.overheard.notice(before) is None
        local.deny(channel, local.bot, Permission.READ_MESSAGE_HISTORY)
        turn = await _called(local, turns, channel, alice)
        assert "Read Message History" in turns.overheard.notice(turn)
        assert turns.overheard.notice(turn) is None


async def test_files_are_named(local, turns, general, alice):
    await local.send(alice, general, "here", attachments=[("a.pdf", b"x", None)])
    turn = await _called(local, turns, general, alice)

    assert (await turns.context(turn)).endswith("> Alice: here\n> [attached: a.pdf]")
