"""Which values in the file of the MCP servers, and in addresses, are secret: what no log, answer or result may show."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote, unquote_plus, urlsplit

from tools.mcp_config import DEFAULT_PATH

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")

# What is called like this is secret, whatever it looks like; an author is none.
_TELLING_NAME = re.compile(
    r"KEY|TOKEN|SECRET|PASSW|PASSPHRASE|CREDENTIAL|AUTH(?!OR(?!I))|COOKIE|\bPAT\b|_PAT$|DSN", re.IGNORECASE
)
# But not the place of a secret (KEY_FILE), nor a number of something (max-tokens, AUTH_TIMEOUT).
_PLACE_NAME = re.compile(r"(FILE|PATH|DIR|FOLDER)$", re.IGNORECASE)
_COUNT_NAME = re.compile(r"TOKENS$|([_-]|^)(MAX|MIN|LIMIT|LENGTH|SIZE|SECONDS|TIMEOUT|TTL|AGE)([_-]|$)", re.IGNORECASE)

# Letters and digits in one long word: a key, and no word of a language. With a slash it would be a path.
_KEY = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[\w.+=~-]{20,}")

# What is no secret although a variable gives it: paths, addresses without a password, numbers, switches.
_PLAIN = re.compile(r"[/~.].*|[A-Za-z]:\\.*|\w+://[^@?]*|[\d.]+|true|false|yes|no|on|off", re.IGNORECASE | re.DOTALL)

# What stands behind its name in one text: "--key=abc", "--key abc", "X-Key: abc", '{"Authorization": "Bearer abc"}'.
_SCHEME = r"(?:(?:bearer|basic|token|digest)\s+)?"
_NAMED = re.compile(rf"""(?:(--?\w[\w-]*)\s+|([\w-]+)["']?\s*[=:]\s*)(?=["']?{_SCHEME}([^\s"']+))""", re.IGNORECASE)
_OPTION = re.compile(r"--?[A-Za-z][\w-]*")
_ADDRESS = re.compile(r"""\w[\w+.-]*://[^\s"']+""")


def secrets_in(path: Path | None, environ: Mapping[str, str]) -> set[str]:
    """The secrets that MCP servers are given; none where the file cannot be read, which others report.

    Args:
        path: The file; None for mcp.json in the working directory.
        environ: What `${VAR}` stands for.
    """
    try:
        content: Any = json.loads((path or DEFAULT_PATH).read_text("utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return set()
    servers = cast("dict[str, Any]", content).get("mcpServers") if isinstance(content, dict) else None
    found: set[str] = set()
    for entry in cast("dict[str, Any]", servers).values() if isinstance(servers, dict) else ():
        for name, text in _texts("", entry):
            found |= _secrets(name, text, environ)
    return found


def secrets_in_address(text: str) -> set[str]:
    """The password of an address, and the values in its query that look like keys or are called so.

    Each is there as it is written in the address, and as it is.
    """
    try:
        address = urlsplit(text)
        password = address.password or ""
    except ValueError:
        return set()
    found = {password, unquote(password)}
    for name, _, value in (one.partition("=") for one in address.query.split("&")):
        forms = {value, unquote(value), unquote_plus(value)}
        if _is_telling(unquote_plus(name), value) or any(map(_KEY.fullmatch, forms)):
            found |= forms
    return found - {""}


def _texts(name: str, value: object) -> Iterator[tuple[str, str]]:
    """Every text and number of an entry, with the key or the option that it stands under."""
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield name, str(value)  # as the server is given it
    elif isinstance(value, list):
        for before, item in pairwise(["", *cast("list[object]", value)]):
            named = isinstance(before, str) and _OPTION.fullmatch(before) and not _is_option(item)
            yield from _texts(cast("str", before) if named else name, item)
    elif isinstance(value, dict):
        for key, item in cast("dict[str, object]", value).items():
            yield from _texts(key, item)


def _is_option(item: object) -> bool:
    return isinstance(item, str) and item.startswith("--")


def _secrets(name: str, text: str, environ: Mapping[str, str]) -> set[str]:
    given = [(found[1], environ.get(found[1]) or found[2] or "") for found in _VARIABLE.finditer(text)]
    found = {value for variable, value in given if not _PLAIN.fullmatch(value) or _is_telling(variable, value)}
    whole = _VARIABLE.sub(lambda match: environ.get(match[1]) or match[2] or "", text)
    found |= {word for word in re.split(r"""[\s=:,;"'{}]+""", whole) if _KEY.fullmatch(word)}
    for one, value in [(name, re.sub(f"^{_SCHEME}", "", whole, flags=re.IGNORECASE)), *_named(whole)]:
        if _is_telling(one, value):
            found |= _parts(value)
    for address in _ADDRESS.findall(whole):
        found |= secrets_in_address(address)
    return found - {""}


def _named(text: str) -> Iterator[tuple[str, str]]:
    """What stands in a text behind a name of its own, with that name."""
    for found in _NAMED.finditer(text):
        yield found[1] or found[2], found[3]


def _is_telling(name: str, value: str) -> bool:
    """Whether what something is called says that it is secret."""
    if not _TELLING_NAME.search(name) or _PLACE_NAME.search(name):
        return False
    return not (value.isdecimal() and _COUNT_NAME.search(name))


def _parts(value: str) -> set[str]:
    """A secret value and each word of it, as in a cookie: `session=abc; other=def`."""
    words = [word.rstrip(";,") for word in value.split()]
    return {value.strip(), *words, *(word.partition("=")[2] for word in words)} - {""}
