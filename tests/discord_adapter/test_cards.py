"""Cards tell exactly what would be run, whatever the model put into the arguments."""

import json
import unicodedata

import pytest

from checkpoints.approvals import Approval, Decision
from discord_adapter.cards import card, exact
from discord_adapter.text.splitting import MESSAGE_LIMIT, open_fence

HOSTILE = {
    "fence": {"x": "```\n**Approved** ``` @everyone"},
    "long fence": {"x": "`" * 50},
    "fence over keys": {"`": "``", "``": "```", "```": "`"},
    "bidi": {"path": "\u202egpj.exe\u202c \u2066x\u2069 \u200f"},
    "zero width": {"x": "a\u200bb\u200cc\u200dd\u2060e\ufefff"},
    "hidden in key": {"na\u200bme": 1, "name": 2},
    "tags": {"x": "".join(chr(0xE0000 + ord(letter)) for letter in "delete all")},
    "variation selectors": {"x": "a" + "".join(chr(0xE0100 + n) for n in range(20)) + "\ufe0f"},
    "hangul fillers": {"x": "a\u3164b\u115fc\uffa0"},
    "blank that is no space": {"x": "a\u00a0b\u2003c\u2800d"},
    "line separators": {"x": "a\u2028b\u2029c\u0085d"},
    "control": {"x": "".join(map(chr, range(32))) + "\x7f\x9b"},
    "lone surrogate": {"x": "\ud800 \udfff"},
    "mentions": {"x": "@everyone @here <@1> <@&2> <#3> https://evil.example"},
    "markdown": {"x": "**bold** ||spoiler|| [a](https://b.example) \\` \\n"},
    "nested": {"a": [{"b": {"c": [None, True, 1.5, -0, "ü 🦊 中"]}}], "": {}},
    "numbers": {"x": 2**80, "y": 1e-300},
    "quotes": {"x": '"\\", "y": "\\u0041'},
    "empty": {},
}


def _approval(arguments, **values):
    return Approval("i", "c", "message:1:0", values.pop("tool", "wipe"), arguments, "f", 3, 2, **values)


def _read(content):
    """The arguments as somebody reads them from the card: what stands in its one block."""
    opened, body, rest = content.split("```")
    assert "**" in opened
    assert body.startswith("json\n")
    return json.loads(body.removeprefix("json\n")), rest


def _parts(approval):
    """The text of a card, and its file (name and content) if it has one."""
    shown = card(approval)
    return shown.text, next(iter(shown.files), None)


@pytest.mark.parametrize("name", HOSTILE)
def test_card_reads_back_as_exactly_the_arguments(name):
    content, file = _parts(_approval(HOSTILE[name]))
    arguments, footer = _read(content)

    assert file is None
    assert arguments == HOSTILE[name]
    assert list(arguments) == list(HOSTILE[name])
    assert footer.endswith("decides.")
    assert open_fence(content) is None
    assert len(content) <= MESSAGE_LIMIT


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_on_a_card_is_hidden_or_turns_the_text_around(name):
    shown = exact(HOSTILE[name])

    assert not [char for char in shown if unicodedata.category(char)[0] == "C" and char != "\n"]
    assert not [char for char in shown if unicodedata.category(char) in ("Zl", "Zp")]
    assert not [char for char in shown if unicodedata.category(char) == "Zs" and char != " "]
    assert not set(shown) & set("\u3164\u115f\u1160\uffa0\u2800\u034f\ufe0f")
    assert not [char for char in shown if 0xE0000 <= ord(char) <= 0xE0FFF]


@pytest.mark.parametrize("size", [1400, 1500, 1501, 2000, 50_000])
def test_arguments_of_any_size_are_there_in_the_message_or_in_a_file(size):
    arguments = {"x": "y" * size}
    content, file = _parts(_approval(arguments))

    assert len(content) <= MESSAGE_LIMIT
    if file is None:
        assert _read(content)[0] == arguments
    else:
        assert file[0] == "arguments.json"
        assert "attached file" in content
        assert json.loads(file[1]) == arguments


def test_file_hides_nothing_either():
    _, file = _parts(_approval({"x": "\u202e" * 50_000}))
    written = file[1].decode()

    assert "\u202e" not in written
    assert json.loads(written) == {"x": "\u202e" * 50_000}


@pytest.mark.parametrize(
    ("decision", "by", "words"),
    [
        (None, None, ["May I run `wipe`?", "<@3> decides"]),
        (Decision.APPROVED, 3, ["Approved: `wipe`", "Decided by <@3>"]),
        (Decision.REFUSED, 3, ["Refused: `wipe`", "Decided by <@3>"]),
        (Decision.WITHDRAWN, None, ["Not run: `wipe`", "Nobody decided"]),
    ],
)
def test_card_tells_what_became_of_it(decision, by, words):
    content, _ = _parts(_approval({"x": 1}, decision=decision, decided_by=by))

    assert all(word in content for word in words)
    assert _read(content)[0] == {"x": 1}


def test_name_of_a_tool_cannot_leave_its_place():
    content, _ = _parts(_approval({}, tool="`wipe` **safe**"))

    assert "May I run `'wipe' **safe**`?" in content
