"""How far channels were looked at: never back, and a whole start's worth in one go."""

from checkpoints.seen import Sight


async def test_watermark_comes_back_and_never_goes_back(journal):
    await journal.seen.note([Sight(1, 10, 100), Sight(2, None, 200)])
    await journal.seen.note([Sight(1, 10, 90), Sight(2, None, 201), Sight(3, 10, 1)])

    assert sorted(await journal.seen.all(), key=lambda one: one.channel_id) == [
        Sight(1, 10, 100),
        Sight(2, None, 201),
        Sight(3, 10, 1),
    ]


async def test_thousands_of_channels_are_written_at_once(journal):
    await journal.seen.note([Sight(number, 10, number) for number in range(1, 5001)])

    assert len(await journal.seen.all()) == 5000


async def test_nothing_seen_is_nothing_written(journal):
    await journal.seen.note([])

    assert await journal.seen.all() == []
