"""Time zones of cities that people name when they try a bot."""

import re
from functools import cache
from zoneinfo import available_timezones

CITIES = {
    "abu dhabi": "Asia/Dubai",
    "accra": "Africa/Accra",
    "addis ababa": "Africa/Addis_Ababa",
    "amsterdam": "Europe/Amsterdam",
    "athens": "Europe/Athens",
    "auckland": "Pacific/Auckland",
    "bangkok": "Asia/Bangkok",
    "barcelona": "Europe/Madrid",
    "beijing": "Asia/Shanghai",
    "berlin": "Europe/Berlin",
    "bogota": "America/Bogota",
    "boston": "America/New_York",
    "brussels": "Europe/Brussels",
    "bucharest": "Europe/Bucharest",
    "budapest": "Europe/Budapest",
    "buenos aires": "America/Argentina/Buenos_Aires",
    "cairo": "Africa/Cairo",
    "cape town": "Africa/Johannesburg",
    "chicago": "America/Chicago",
    "copenhagen": "Europe/Copenhagen",
    "delhi": "Asia/Kolkata",
    "denver": "America/Denver",
    "dubai": "Asia/Dubai",
    "dublin": "Europe/Dublin",
    "geneva": "Europe/Zurich",
    "hamburg": "Europe/Berlin",
    "hanoi": "Asia/Bangkok",
    "havana": "America/Havana",
    "helsinki": "Europe/Helsinki",
    "hong kong": "Asia/Hong_Kong",
    "honolulu": "Pacific/Honolulu",
    "istanbul": "Europe/Istanbul",
    "jakarta": "Asia/Jakarta",
    "jerusalem": "Asia/Jerusalem",
    "johannesburg": "Africa/Johannesburg",
    "karachi": "Asia/Karachi",
    "kathmandu": "Asia/Kathmandu",
    "kyiv": "Europe/Kyiv",
    "lagos": "Africa/Lagos",
    "lima": "America/Lima",
    "lisbon": "Europe/Lisbon",
    "london": "Europe/London",
    "los angeles": "America/Los_Angeles",
    "madrid": "Europe/Madrid",
    "manila": "Asia/Manila",
    "melbourne": "Australia/Melbourne",
    "mexico city": "America/Mexico_City",
    "miami": "America/New_York",
    "milan": "Europe/Rome",
    "montreal": "America/Toronto",
    "mumbai": "Asia/Kolkata",
    "munich": "Europe/Berlin",
    "nairobi": "Africa/Nairobi",
    "new york": "America/New_York",
    "oslo": "Europe/Oslo",
    "paris": "Europe/Paris",
    "prague": "Europe/Prague",
    "reykjavik": "Atlantic/Reykjavik",
    "rio de janeiro": "America/Sao_Paulo",
    "rome": "Europe/Rome",
    "san francisco": "America/Los_Angeles",
    "santiago": "America/Santiago",
    "sao paulo": "America/Sao_Paulo",
    "seattle": "America/Los_Angeles",
    "seoul": "Asia/Seoul",
    "shanghai": "Asia/Shanghai",
    "singapore": "Asia/Singapore",
    "stockholm": "Europe/Stockholm",
    "sydney": "Australia/Sydney",
    "taipei": "Asia/Taipei",
    "tehran": "Asia/Tehran",
    "tokyo": "Asia/Tokyo",
    "toronto": "America/Toronto",
    "utc": "UTC",
    "gmt": "UTC",
    "vancouver": "America/Vancouver",
    "vienna": "Europe/Vienna",
    "warsaw": "Europe/Warsaw",
    "zurich": "Europe/Zurich",
}

_CITY = re.compile(r"\b(" + "|".join(sorted(CITIES, key=len, reverse=True)) + r")\b", re.IGNORECASE)
_IANA = re.compile(r"\b[A-Za-z]+(?:/[A-Za-z_+-]+[0-9]*){1,2}")


def zones_in(text: str) -> list[tuple[int, int, str]]:
    """Find time zones named by their IANA name or by a city.

    Args:
        text: Plain words.

    Returns:
        Where each begins and ends in the text, and its IANA name.
    """
    names = _names()
    exact = [(m.start(), m.end(), names[m[0].lower()]) for m in _IANA.finditer(text) if m[0].lower() in names]
    taken = [(start, end) for start, end, _ in exact]
    cities = [
        (m.start(), m.end(), CITIES[m[0].lower()])
        for m in _CITY.finditer(text)
        if not any(start <= m.start() < end for start, end in taken)
    ]
    return sorted(exact + cities)


@cache
def _names() -> dict[str, str]:
    return {name.lower(): name for name in available_timezones()}
