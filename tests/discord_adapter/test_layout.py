"""Answers laid out: what is too long for a chat is a file, exactly as it was written, and the rest reads well."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from discord_adapter.settings import LayoutSettings
from discord_adapter.text.layout import File, lay_out
from discord_adapter.text.splitting import split
from discord_adapter.text.tables import rendered
from tests.discord_adapter.discord_reading import code_blocks, length
from tests.discord_adapter.markdown_texts import ANYTHING, MARKDOWN

_FEW = settings(max_examples=60, deadline=None, derandomize=True, database=None)
_DEFAULT = LayoutSettings()
_NEVER = LayoutSettings(file_over=None, code_file_over=0)

LONG_CODE = "".join(f"line_{number} = {number}\n" for number in range(300))
TABLE = "| a | b |\n|---|---|\n| 1 | 2 |\n"


def _long_answer(paragraphs=40):
    return "\n\n".join(f"Paragraph {number}: {'word ' * 80}".strip() for number in range(paragraphs))


@_FEW
@given(text=MARKDOWN)
def test_answer_that_fits_a_chat_is_split_and_nothing_else(text):
    for complete in (True, False):
        layout = lay_out(f"{text}\n\n{TABLE}", LayoutSettings(file_over=50_000), complete=complete)

        assert layout.parts == split(rendered(f"{text}\n\n{TABLE}"))
        assert layout.files == []


def test_long_code_becomes_a_file_and_one_line():
    text = f"This is it:\n\n```python\n{LONG_CODE}```\n\nand that was it."

    layout = lay_out(text, _DEFAULT, complete=True)

    assert layout.parts == ["This is it:\n\n(see code-1.py below)\n\nand that was it."]
    assert layout.files == [File("code-1.py", LONG_CODE.encode())]


def test_code_files_are_numbered_and_named_by_their_language():
    languages = ["python", "C++", "", "brainfuck", "../../etc/passwd", "JavaScript title=x", "{.yaml}"]
    text = "\n\n".join(f"```{language}\n{LONG_CODE}```" for language in languages)

    names = [file.name for file in lay_out(text, _DEFAULT, complete=True).files]

    assert names == ["code-1.py", "code-2.cpp", "code-3.txt", "code-4.txt", "code-5.txt", "code-6.js", "code-7.yaml"]


def test_code_in_a_quote_or_list_is_a_file_without_what_stands_before_its_lines():
    quoted = "".join(f"> {line}\n" for line in ["```sh", *LONG_CODE.splitlines(), "```"])
    listed = "".join(f"   {line}\n" for line in ["```sh", *LONG_CODE.splitlines(), "```"])

    layout = lay_out(f"{quoted}\n1. do\n{listed}", _DEFAULT, complete=True)

    assert layout.parts == ["> (see code-1.sh below)\n\n1. do\n   (see code-2.sh below)"]
    assert [file.content for file in layout.files] == [LONG_CODE.encode()] * 2


def test_code_with_fences_inside_is_shown_and_a_file_beside():
    readme = "# Title\n\n```sh\nmake\n```\n"
    layout = lay_out(f"````markdown\n{readme}````\nafter", _DEFAULT, complete=True)

    assert layout.files == [File("code-1.md", readme.encode())]
    assert "code-1.md below" in layout.parts[0]
    assert [(language, code.replace("\u200b", "")) for language, code in code_blocks(layout.parts[0])[0]] == [
        ("markdown", readme.strip())
    ]


def test_long_answer_is_shown_in_part_and_whole_in_a_file():
    text = _long_answer()
    layout = lay_out(text, _DEFAULT, complete=True)

    assert [file.name for file in layout.files] == ["answer.md"]
    assert layout.files[0].content == text.encode()
    assert layout.parts[-1] == "-# The whole answer is in answer.md below."
    assert layout.parts[:-1] == split(text)[: len(layout.parts) - 1]
    assert 1000 < sum(map(length, layout.parts)) <= 12_000 / 3 + 100


def test_long_answer_that_grows_is_shown_up_to_where_its_preview_ends():
    text = _long_answer()
    first = lay_out(text[:13_000], _DEFAULT, complete=False)

    assert first.parts[-1] == "…"
    assert first.files == []
    assert all(lay_out(text[:end], _DEFAULT, complete=False) == first for end in range(13_000, len(text), 500))
    assert lay_out(text, _DEFAULT, complete=True).parts[:-1] == first.parts[:-1]


def test_answer_is_measured_without_the_code_that_is_in_files():
    layout = lay_out(f"Here:\n```py\n{LONG_CODE * 10}```", _DEFAULT, complete=True)

    assert layout.parts == ["Here:\n(see code-1.py below)"]
    assert [file.name for file in layout.files] == ["code-1.py"]


def test_code_that_grows_makes_way_when_it_is_too_long_and_its_file_comes_in_the_end():
    text = f"Here:\n```py\n{LONG_CODE}"
    short = lay_out(text[:2900], _DEFAULT, complete=False)
    long = lay_out(text[:3500], _DEFAULT, complete=False)

    assert "line_100 = 100" in short.parts[0]
    assert (long.parts, long.files) == (["Here:\n(see code-1.py below)"], [])
    assert lay_out(text, _DEFAULT, complete=True).files == [File("code-1.py", LONG_CODE.encode())]


def test_nothing_is_a_file_where_that_is_switched_off():
    text = f"{_long_answer()}\n\n```py\n{LONG_CODE}```"

    for never in (_NEVER, LayoutSettings(file_over=0, code_file_over=0)):
        layout = lay_out(text, never, complete=True)
        assert layout.files == []
        assert layout.parts == split(text)


def test_without_files_there_are_none_for_code_that_cannot_be_shown_exactly_either():
    text = f"{_long_answer()}\n\n````md\n```\nx\n```\n````"

    assert [file.name for file in lay_out(text, LayoutSettings(file_over=0), complete=True).files] == ["code-1.md"]
    layout = lay_out(text, LayoutSettings(), complete=True, with_files=False)
    assert layout.files == []
    assert "below" not in "".join(layout.parts)
    assert len("".join(layout.parts)) > len(_long_answer()) / 2


def test_there_are_ten_files_at_most_and_what_is_in_none_is_shown():
    text = "\n\n".join(f"```py\nnumber = {number}\n{LONG_CODE}```" for number in range(12))
    layout = lay_out(text, _DEFAULT, complete=True)
    shown = lay_out(text, LayoutSettings(file_over=None), complete=True)

    assert len(layout.files) == 10
    assert layout.files[0] == File("answer.md", text.encode())
    assert [file.content.split(b"\n")[0] for file in shown.files] == [b"number = %d" % n for n in range(9)]
    assert all(f"number = {number}\n" in "".join(shown.parts) for number in (9, 10, 11))


def test_file_stays_below_what_discord_takes():
    text = "word é " * 1_100_000
    layout = lay_out(text, _DEFAULT, complete=True)

    assert len(layout.files[0].content) <= 8 * 1024 * 1024
    assert text.startswith(layout.files[0].content.decode())
    assert layout.parts[-1] == "-# The first 8 MiB of the answer are in answer.md below."


def test_halves_of_emoji_are_joined_or_replaced_everywhere():
    layout = lay_out("\ud83d\ude00 \ud83d" + _long_answer(), _DEFAULT, complete=True)

    assert layout.parts[0].startswith("😀 \ufffdParagraph")
    assert layout.files[0].content.decode().startswith("😀 \ufffdParagraph")


def test_blank_answer_has_no_messages():
    assert lay_out(" \n", _DEFAULT, complete=True).parts == []


def test_long_answer_with_a_blank_beginning_is_a_file_all_the_same():
    layout = lay_out("\n" * 13_000 + "words", _DEFAULT, complete=True)

    assert layout.parts == ["-# The whole answer is in answer.md below."]
    assert [file.name for file in layout.files] == ["answer.md"]


def test_unknown_setting_is_refused():
    with pytest.raises(ValidationError):
        LayoutSettings.model_validate({"files_over": 1})


@_FEW
@given(text=st.one_of(MARKDOWN, ANYTHING), complete=st.booleans())
def test_layout_of_anything_is_what_discord_takes(text, complete):
    layout = lay_out(text, LayoutSettings(file_over=2500, code_file_over=300), complete=complete)

    assert all(part.strip() and length(part) <= 2000 for part in layout.parts)
    assert len(layout.files) <= 10
    assert complete or not layout.files
    assert len({file.name for file in layout.files}) == len(layout.files)
    assert all(file.name in text or any(file.name in part for part in layout.parts) for file in layout.files[:1])


@_FEW
@given(text=MARKDOWN, data=st.data())
def test_answer_that_grows_changes_its_last_part_only_until_something_is_too_long(text, data):
    table = "| Name | Value |\n|---|--:|\n" + "| x | 12 |\n" * 20
    text = f"{text}\n\n{table}\n{text}"
    shown = []
    for end in [*sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=10))), len(text)]:
        parts = lay_out(text[:end], _NEVER, complete=False).parts
        assert parts[: max(0, len(shown) - 2)] == shown[:-2]
        shown = parts
