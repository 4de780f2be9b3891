"""Links that look like one address and lead to another show where they lead."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

# In code nothing is a link; the rest is `[label](address "title")` (Discord's documentation, "Markdown Text 101").
_CODE_OR_LINK = re.compile(
    r"(?P<code>```.*?(?:```|\Z)|``.*?``|`[^`\n]*`)"
    r"|\[(?P<label>(?:[^\[\]\n]|\[[^\[\]\n]*\])+)\]\(\s*<?(?P<address>https?://[^\s<>)]+)>?(?:\s+\"[^\"\n]*\")?\s*\)",
    re.DOTALL | re.IGNORECASE,
)

# A host name, or what passes for one.
_HOST = re.compile(r"(?:[\w-]+\.)+[^\W\d_]{2,}")


def with_true_hosts(text: str) -> str:
    """The text, with the real host behind each masked link whose words look like another address.

    Discord itself shows the address when the link is clicked; who only reads must not be misled either. Previews,
    which would fetch what a link names, are off in our messages.
    """
    return _CODE_OR_LINK.sub(_with_host, text) if "](" in text else text


def _with_host(match: re.Match[str]) -> str:
    if match["code"] is not None:
        return match[0]
    try:
        host = (urlsplit(match["address"]).hostname or "").lower()
    except ValueError:
        host = "an unreadable address"
    named = {name.lower() for name in _HOST.findall(match["label"])}
    if all(name == host or host.endswith(f".{name}") for name in named):
        return match[0]
    return f"{match[0]} (leads to `{host.replace('`', '')}`)"
