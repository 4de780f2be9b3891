"""Which values in the file of the MCP servers are secret: what must show in no log, answer or result."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl, urlsplit

from tools.mcp_config import DEFAULT_PATH

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")

# What is called like this is secret, whatever it looks like.
_TELLING_NAME = re.compile(r"KEY|TOKEN|SECRET|PASSW|PASSPHRASE|CREDENTIAL|AUTH|COOKIE|\bPAT\b|_PAT$|DSN", re.IGNORECASE)

# Letters and digits in one long word: a key, and no word of a language. With a slash it would be a path.
_KEY = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[\w.+=~-]{20,}")

# What is no secret although a variable gives it: paths, addresses without a password, numbers, switches.
_PLAIN = re.compile(r"[/~.].*|[A-Za-z]:\\.*|\w+://[^@?]*|[\d.]+|true|false|yes|no|on|off", re.IGNORECASE | re.DOTALL)


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


def _texts(name: str, value: object) -> Iterator[tuple[str, str]]:
    """Every text of an entry, with the key that it stands under."""
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, list):
        for item in cast("list[object]", value):
            yield from _texts(name, item)
    elif isinstance(value, dict):
        for key, item in cast("dict[str, object]", value).items():
            yield from _texts(key, item)


def _secrets(name: str, text: str, environ: Mapping[str, str]) -> set[str]:
    telling = bool(_TELLING_NAME.search(name))
    given = [(found[1], environ.get(found[1]) or found[2] or "") for found in _VARIABLE.finditer(text)]
    found = {value for _, value in given if not _PLAIN.fullmatch(value)}
    found |= {value for variable, value in given if telling or _TELLING_NAME.search(variable)}
    literal = _VARIABLE.sub(" ", text)
    # "Bearer abc", "--key=abc"
    words = [word for word in re.split(r"[\s=]+", literal) if word]
    found |= {word for word in words if _KEY.fullmatch(word) or (telling and word.lower() not in _SCHEMES)}
    return found | _in_address(_VARIABLE.sub(lambda match: environ.get(match[1]) or match[2] or "", text))


_SCHEMES = {"bearer", "basic", "token", "digest"}


def _in_address(text: str) -> set[str]:
    """The password of an address, and the values in its query that look like keys or are called so."""
    try:
        address = urlsplit(text)
        password = address.password
    except ValueError:
        return set()
    if not address.netloc:
        return set()
    asked = {value for key, value in parse_qsl(address.query) if _TELLING_NAME.search(key) or _KEY.fullmatch(value)}
    return asked | ({password} if password else set())
