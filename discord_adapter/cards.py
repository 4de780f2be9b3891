"""How an approval card reads: the tool, exactly what it would be given, and who decides."""

from __future__ import annotations

import json
import unicodedata
from typing import TYPE_CHECKING

from checkpoints.approvals import Decision
from discord_adapter.outbox import Content
from discord_adapter.text.splitting import MESSAGE_LIMIT

if TYPE_CHECKING:
    from checkpoints.approvals import Approval

APPROVE = "✅"
REFUSE = "❌"
GO_ON = "⏭️"

DECISIONS = {APPROVE: Decision.APPROVED, REFUSE: Decision.REFUSED}

# What is left for the arguments when tool, people and outcome are said.
_ARGUMENTS_ROOM = MESSAGE_LIMIT - 500


def card(approval: Approval) -> Content:
    """A card; arguments that are too long for a message are a file."""
    arguments = exact(approval.arguments)
    files = (("arguments.json", arguments.encode()),) if len(arguments) > _ARGUMENTS_ROOM else ()
    return Content("\n".join([f"**{_heading(approval)}**", _body(arguments), f"-# {_footer(approval)}"]), files)


def exact(arguments: object) -> str:
    """Arguments as JSON in which nothing is disguised.

    Characters that cannot be seen, that look like a space or that turn the text around are written as escapes, and so
    are backticks in threes, which would end the code block; it stays the same JSON.
    """
    text = json.dumps(arguments, indent=2, ensure_ascii=False)
    return "".join(_escaped(character) if _hidden(character) else character for character in text).replace(
        "```", "\\u0060\\u0060\\u0060"
    )


def _body(arguments: str) -> str:
    if len(arguments) > _ARGUMENTS_ROOM:
        return f"The arguments are in the attached file ({len(arguments):,} characters)."
    return f"```json\n{arguments}\n```"


def _heading(approval: Approval) -> str:
    name = approval.tool.replace("`", "'")
    match approval.decision:
        case Decision.APPROVED:
            return f"{APPROVE} Approved: `{name}`"
        case Decision.REFUSED:
            return f"{REFUSE} Refused: `{name}`"
        case Decision.WITHDRAWN:
            return f"Not run: `{name}`"
        case None:
            return f"May I run `{name}`?"


def _footer(approval: Approval) -> str:
    if approval.decision is None:
        return f"{APPROVE} runs it, {REFUSE} refuses it; <@{approval.requester_id}> decides."
    if approval.decided_by is None:
        return "Nobody decided; the turn was closed."
    when = f" <t:{int(approval.decided_at.timestamp())}:f>" if approval.decided_at else ""
    return f"Decided by <@{approval.decided_by}>{when}."


# Letters and marks that show nothing: grapheme joiner, Hangul fillers, Mongolian and other variation selectors, Braille
# blank.
_BLANK = frozenset(
    map(chr, (0x34F, 0x115F, 0x1160, 0x2800, 0x3164, 0xFFA0, *range(0x180B, 0x1810), *range(0xFE00, 0xFE10)))
) | frozenset(map(chr, range(0xE0100, 0xE01F0)))


def _hidden(character: str) -> bool:
    category = unicodedata.category(character)
    return character not in "\n " and (category[0] in "CZ" or character in _BLANK)


def _escaped(character: str) -> str:
    return json.dumps(character)[1:-1]
