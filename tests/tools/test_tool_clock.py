from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tools import BadArguments, check_arguments
from tools.builtin import builtin_tools


@pytest.fixture
def clock():
    return builtin_tools(now=lambda: datetime(2026, 11, 23, 20, 15, 5, tzinfo=UTC))[0]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({}, "2026-11-23T20:15:05+00:00, Monday, UTC, UTC+00:00"),
        ({"zone": "Europe/Berlin"}, "2026-11-23T21:15:05+01:00, Monday, Europe/Berlin, UTC+01:00"),
        ({"zone": "europe/berlin"}, "2026-11-23T21:15:05+01:00, Monday, Europe/Berlin, UTC+01:00"),
        ({"zone": " new york "}, "2026-11-23T15:15:05-05:00, Monday, America/New_York, UTC-05:00"),
        ({"zone": "TOKYO"}, "2026-11-24T05:15:05+09:00, Tuesday, Asia/Tokyo, UTC+09:00"),
        ({"zone": "Kolkata"}, "2026-11-24T01:45:05+05:30, Tuesday, Asia/Kolkata, UTC+05:30"),
        ({"zone": "Buenos Aires"}, "2026-11-23T17:15:05-03:00, Monday, America/Argentina/Buenos_Aires, UTC-03:00"),
    ],
)
async def test_it_tells_time_weekday_and_offset(clock, origin, arguments, told):
    check_arguments(clock, arguments)
    assert await clock.run(arguments, origin) == told


@pytest.mark.parametrize(
    ("zone", "told"),
    [
        ("Berlni", "did you mean Europe/Berlin"),
        ("Atlantis-upon-Nowhere", "use an IANA name"),
        ("../../etc/passwd", "no single time zone"),
        ("", "no single time zone"),
    ],
)
async def test_an_unknown_zone_names_those_that_come_close(clock, origin, zone, told):
    with pytest.raises(BadArguments, match=told):
        await clock.run({"zone": zone}, origin)


async def test_an_offset_is_not_mistaken_for_its_opposite(clock, origin):
    with pytest.raises(BadArguments) as error:
        await clock.run({"zone": "GMT+2"}, origin)
    assert "Etc/GMT+2" not in str(error.value)


def test_arguments_of_another_kind_are_refused(clock):
    with pytest.raises(BadArguments):
        check_arguments(clock, {"zone": 3})
