"""The tool that tells the time."""

from __future__ import annotations

from collections import defaultdict
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, available_timezones

from tools.tool import OURS, BadArguments, Hints, Origin, Tool

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

# Areas of the IANA database whose last part is a place. "Etc" is not among them: Etc/GMT+2 is two hours
# behind UTC (POSIX signs), and whoever writes "GMT+2" means the opposite.
_AREAS = frozenset(
    "Africa America Antarctica Arctic Asia Atlantic Australia Europe Indian Pacific".split()  # noqa: SIM905 - reads better
)
_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "zone": {
            "type": "string",
            "description": "IANA time zone or its city, such as Europe/Berlin or Tokyo",
            "default": "UTC",
        }
    },
    "additionalProperties": False,
}


def clock_tool(now: Callable[[], datetime]) -> Tool:
    """Make the tool ``current_time``.

    Args:
        now: The clock; gives an aware time.
    """

    async def run(arguments: dict[str, Any], _origin: Origin) -> str:
        moment = now()
        zone = find_zone(str(arguments.get("zone", "UTC")), moment)
        local = moment.astimezone(zone)
        offset = local.strftime("%z")
        return f"{local.isoformat(timespec='seconds')}, {local:%A}, {zone.key}, UTC{offset[:3]}:{offset[3:5]}"

    return Tool(
        name="current_time",
        description="The present date, time, weekday and UTC offset in a time zone.",
        schema=_SCHEMA,
        server=OURS,
        hints=Hints(read_only=True, destructive=False, idempotent=True, open_world=False),
        run=run,
    )


def find_zone(name: str, at: datetime) -> ZoneInfo:
    """Find a time zone by its IANA name or its city, in any case.

    Args:
        name: What the model wrote.
        at: An aware time; a city known under several names is found where all show the same time then.

    Raises:
        BadArguments: There is none, or several differ; the text names those that come close.
    """
    wanted = _normal(name)
    found = _zones().get(wanted, [])
    if len({at.astimezone(ZoneInfo(zone)).utcoffset() for zone in found}) == 1:
        return ZoneInfo(found[0])
    likely = [known for known in _zones() if not known.startswith("etc/")]
    close = found or [_zones()[match][0] for match in get_close_matches(wanted, likely, n=4, cutoff=0.6)]
    advice = f"did you mean {' or '.join(dict.fromkeys(close))}?" if close else "use an IANA name like Europe/Berlin."
    raise BadArguments(f"There is no single time zone {name[:60]!r}: {advice}")


def _normal(name: str) -> str:
    return name.strip().casefold().replace(" ", "_")


@cache
def _zones() -> dict[str, list[str]]:
    """Map what a zone may be called to the zones it may mean; a full name means itself alone."""
    names = sorted(available_timezones())
    cities: dict[str, list[str]] = defaultdict(list)
    for name in names:
        area, _, place = name.partition("/")
        if area in _AREAS and place:
            cities[_normal(place.rpartition("/")[2])].append(name)
    return dict(cities) | {_normal(name): [name] for name in names}
