import asyncio

import pytest

from checkpoints.database import open_database
from checkpoints.inbox import COLLECTED, STEERED, InboxState
from checkpoints.journal import Journal
from checkpoints.keys import TERMINAL, Conversation
from checkpoints.tables import inbox

pytestmark = pytest.mark.parametrize("url", ["sqlite", "postgres"], indirect=True)


async def test_second_claim_of_a_key_changes_nothing(journal, here):
    assert await journal.inbox.claim("k", here, {"text": "first"})
    assert not await journal.inbox.claim("k", Conversation(9, 9, 9), {"text": "second"})

    row = await journal.inbox.get("k")
    assert (row.conversation, row.payload, row.state, row.dispatches, row.closing) == (
        here,
        {"text": "first"},
        InboxState.WAITING,
        0,
        None,
    )


async def test_one_of_fifty_claims_at_once_wins(journal, here):
    won = await asyncio.gather(*(journal.inbox.claim("k", here, {"by": number}) for number in range(50)))

    assert won.count(True) == 1
    assert (await journal.inbox.get("k")).payload == {"by": won.index(True)}


async def test_one_of_many_claims_from_two_programs_wins(journal, url, here):
    other = open_database(url)
    theirs = Journal(other)
    won = await asyncio.gather(*((journal, theirs)[n % 2].inbox.claim(f"k{n // 10}", here, {}) for n in range(50)))
    await other.close()

    assert [sum(won[start : start + 10]) for start in range(0, 50, 10)] == [1, 1, 1, 1, 1]


async def test_fifty_different_claims_all_win(journal, here):
    assert all(await asyncio.gather(*(journal.inbox.claim(f"k{number}", here, {}) for number in range(50))))


async def test_payload_comes_back_as_it_went_in(journal, here):
    payload = {"text": 'a "quote", \n\u200b, 🦊 and \u0000', "id": 2**63 - 1, "none": None, "list": [1, {"a": []}]}
    await journal.inbox.claim("k", here, payload)

    assert (await journal.inbox.get("k")).payload == payload


async def test_head_is_the_oldest_that_is_not_closed(journal, here):
    for key in ("z", "a", "m"):
        await journal.inbox.claim(key, here, {})
    await journal.inbox.claim("elsewhere", Conversation(1, 2, 4), {})

    heads = []
    while row := await journal.inbox.head(here):
        heads.append(row.key)
        await journal.inbox.close(row)

    assert heads == ["z", "a", "m"]
    assert (await journal.inbox.get("z")).state == InboxState.CLOSED
    assert (await journal.inbox.head(Conversation(1, 2, 4))).key == "elsewhere"


async def test_running_and_asking_rows_stay_at_the_head(journal, here):
    await journal.inbox.claim("first", here, {})
    await journal.inbox.claim("second", here, {})

    await journal.inbox.dispatch(await journal.inbox.get("first"))
    assert (await journal.inbox.head(here)).key == "first"
    await journal.inbox.rest(await journal.inbox.get("first"), InboxState.ASKING)
    assert (await journal.inbox.head(here)).key == "first"


async def test_behind_gives_those_who_wait_in_order_without_the_row_itself(journal, here):
    for key in ("first", "second", "third", "fourth"):
        await journal.inbox.claim(key, here, {})
    await journal.inbox.close(await journal.inbox.get("third"))
    await journal.inbox.claim("elsewhere", Conversation(None, 2, 3), {})

    assert [row.key for row in await journal.inbox.behind("first", here)] == ["second", "fourth"]


async def test_starts_are_counted_until_the_row_rests(journal, here):
    await journal.inbox.claim("k", here, {})
    for _ in range(3):
        await journal.inbox.dispatch(await journal.inbox.get("k"))
    row = await journal.inbox.get("k")
    assert (row.state, row.dispatches) == (InboxState.RUNNING, 3)

    await journal.inbox.rest(await journal.inbox.get("k"), InboxState.ASKING)
    row = await journal.inbox.get("k")
    assert (row.state, row.dispatches) == (InboxState.ASKING, 0)


async def test_starts_at_once_are_each_counted(journal, here):
    await journal.inbox.claim("k", here, {})
    row = await journal.inbox.get("k")
    await asyncio.gather(*(journal.inbox.dispatch(row) for _ in range(20)))

    assert (await journal.inbox.get("k")).dispatches == 20


async def test_first_reason_to_close_stands(journal, here):
    await journal.inbox.claim("k", here, {})
    await journal.inbox.request_close("k", "stopped: first")
    await journal.inbox.request_close("k", "failed: second")

    row = await journal.inbox.get("k")
    assert (row.closing, row.state) == ("stopped: first", InboxState.WAITING)


async def test_unfinished_names_each_conversation_once_oldest_first(journal, here):
    late, early = Conversation(1, 1, 1), Conversation(9, 9, 9)
    for key, conversation in (("a", here), ("b", early), ("c", late), ("d", early), ("e", late)):
        await journal.inbox.claim(key, conversation, {})
    await journal.inbox.close(await journal.inbox.get("a"))
    await journal.inbox.rest(await journal.inbox.get("c"), InboxState.ASKING)

    assert await journal.inbox.unfinished() == [early, late]


async def test_unknown_key_has_no_row(journal, here):
    assert await journal.inbox.get("nobody") is None
    assert await journal.inbox.head(here) is None
    assert await journal.inbox.unfinished() == []


async def outcome_of(journal, key):
    async with journal.inbox._database.read() as connection:
        row = (await connection.execute(inbox.select().where(inbox.c.key == key))).one()
    return row.state, row.outcome, row.taken_by


async def started(journal, key):
    """Start a row that takes what waits behind it; the row, and the keys of what it has taken."""
    row = await journal.inbox.get(key)
    begun = await journal.inbox.dispatch(row, gathering=lambda payload, taken: payload | {"taken": len(taken)})
    return begun, [one.key for one in await journal.inbox.taken_by(key)]


async def test_gathered_rows_are_no_turns_of_their_own_any_more(journal, here):
    for key in ("a", "b", "c"):
        await journal.inbox.claim(key, here, {"text": key})
    await journal.inbox.claim("elsewhere", Conversation(1, 2, 4), {})

    begun, taken = await started(journal, "a")
    assert (begun.payload, begun.state, taken) == ({"text": "a", "taken": 2}, InboxState.RUNNING, ["b", "c"])
    await journal.inbox.claim("d", here, {})

    assert (await journal.inbox.head(here)).key == "a"
    assert [row.key for row in await journal.inbox.behind("a", here)] == ["d"]
    assert not await journal.inbox.amend("b", {"text": "edited"})
    assert not await journal.inbox.withdraw("b")
    begun, taken = await started(journal, "a")
    assert (begun.payload, taken) == ({"text": "a", "taken": 2}, ["b", "c"])


async def test_gathered_rows_close_with_the_turn_that_took_them(journal, here):
    for key in ("a", "b", "c"):
        await journal.inbox.claim(key, here, {})
    await started(journal, "a")
    await journal.inbox.claim("d", here, {})
    await journal.inbox.close(await journal.inbox.get("a"))

    assert await outcome_of(journal, "a") == (InboxState.CLOSED, None, None)
    assert await outcome_of(journal, "b") == (InboxState.CLOSED, COLLECTED, "a")
    assert await outcome_of(journal, "c") == (InboxState.CLOSED, COLLECTED, "a")
    assert (await journal.inbox.head(here)).key == "d"


async def test_row_that_was_started_is_not_gathered(journal, here):
    for key in ("a", "b"):
        await journal.inbox.claim(key, here, {})
    await journal.inbox.dispatch(await journal.inbox.get("a"))

    assert (await started(journal, "b"))[1] == []


async def test_rows_handed_to_a_turn_are_closed_once(journal, here):
    for key in ("a", "b", "c"):
        await journal.inbox.claim(key, here, {})

    assert [row.key for row in await journal.inbox.close_steered(["b"], "a")] == ["b"]
    assert await journal.inbox.close_steered(["b"], "other") == []
    assert await outcome_of(journal, "b") == (InboxState.CLOSED, STEERED, "a")
    assert [row.key for row in await journal.inbox.behind("a", here)] == ["c"]


async def test_row_whose_message_was_deleted_is_closed_unless_it_has_begun(journal, here):
    for key in ("begun", "waiting"):
        await journal.inbox.claim(key, here, {})
    assert await journal.inbox.dispatch(await journal.inbox.get("begun"))

    assert [await journal.inbox.withdraw(key) for key in ("begun", "waiting", "waiting", "unknown")] == [
        False, True, False, False,
    ]  # fmt: skip
    assert (await journal.inbox.get("waiting")).state == InboxState.CLOSED
    assert not await journal.inbox.dispatch(await journal.inbox.get("waiting"))
    assert (await journal.inbox.get("waiting")).dispatches == 0
    assert not await journal.inbox.claim("waiting", here, {})
    assert await journal.inbox.waiting() == []


async def test_direct_message_channels_are_known_by_what_was_asked_there(journal, here):
    for number, channel in enumerate((5, 6, 5, 7, 5)):
        await journal.inbox.claim(f"k{number}", Conversation(None, channel, 1), {})
    await journal.inbox.claim("elsewhere", here, {})
    await journal.inbox.claim("terminal", TERMINAL, {})

    assert await journal.inbox.direct_channels(10) == [5, 7, 6]
    assert await journal.inbox.direct_channels(1) == [5]


async def test_row_that_was_withdrawn_gathers_nothing(journal, here):
    for number in (1, 2):
        await journal.inbox.claim(f"m:{number}:0", here, {})
    await journal.inbox.withdraw("m:1:0")
    assert await started(journal, "m:1:0") == (None, [])
    assert (await journal.inbox.head(here)).key == "m:2:0"


async def test_place_that_is_gone_takes_what_is_open_in_it_and_below_it_along(journal):
    thread, channel, guild = 1 << 61, 1 << 60, 1
    claimed = {
        "in-it": (Conversation(guild, channel, 3), {"parent_id": None}),
        "below-it": (Conversation(guild, thread, 3), {"parent_id": channel}),
        "beside-it": (Conversation(guild, thread + 1, 3), {"parent_id": channel + 1}),
        "alone": (Conversation(guild, 5, 3), {}),
    }
    for key, (conversation, payload) in claimed.items():
        await journal.inbox.claim(key, conversation, payload)

    closed = await journal.inbox.close_place("gone: it is", "deleted", channel_id=channel)
    assert {row.key for row in closed} == {"in-it", "below-it"}
    closed = await journal.inbox.close_place("gone: it is", "left", guild_id=guild)
    assert {row.key for row in closed} == {"beside-it", "alone"}
