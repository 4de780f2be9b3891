"""Hard texts, cut: nothing is lost, every part fits and stands by itself, and what was shown stays as it is."""

import random

import pytest

from discord_adapter.text.splitting import MESSAGE_LIMIT, closed, open_fence, split
from tests.discord_adapter.discord_reading import code_blocks, cut_through, length, places

LONG = "word " * 900
CODE = "".join(f"line_{number} = {number}\n" for number in range(400))
URL = "https://example.com/a/rather/long/path?with=a%20query&and=more#end"
HARD = {
    "short": "hello",
    "exactly full": "x" * MESSAGE_LIMIT,
    "one too many": "x" * (MESSAGE_LIMIT + 1),
    "one line of 5,000": "x" * 5000,
    "words": LONG,
    "paragraphs": "\n\n".join(["paragraph " * 40] * 20),
    "lines": "\n".join(["a line of text"] * 600),
    "full and then line breaks": "x" * MESSAGE_LIMIT + "\n\n",
    "code": f"```python\n{CODE}```",
    "code without language": f"```\n{CODE}```\nand that was it",
    "code that never ends": f"before\n```python\n{CODE}",
    "tildes, no fence in Discord": f"~~~rust\n{CODE}~~~\nafter",
    "four backticks": f"````md\n```py\nx = 1\n```\n{CODE}````\nafter",
    "ten backticks": f"{'`' * 10}md\n{CODE}{'`' * 10}\nafter",
    "backticks in tildes": f"~~~~\n```\n{CODE}```\n~~~~\nafter",
    "tildes in backticks": f"```\n~~~\n{CODE}~~~\n```\nafter",
    "closed by a longer one": f"```py\n{CODE}`````\nafter {LONG}",
    "not closed by a shorter one": f"`````py\n```\n{CODE}```\n`````\nafter",
    "indented": f"   ```py\n{CODE}   ```\nafter",
    "indented in a list": f"1. do\n    ```py\n{CODE}    ```\nafter {LONG}",
    "indented with a tab": f"- do\n\t```py\n{CODE}\t```\nafter",
    "language with words": f'```python title="a.py" {{1,2}}\n{CODE}```',
    "info string without end": f"```{'x' * 3000}\n{CODE}```",
    "info string with spaces": f"```{'long info ' * 400}\n{CODE}```",
    "many short blocks": "```py\nx = 1\n```\ntext\n" * 300,
    "empty blocks": "```\n```\n" * 600,
    "code of one long line": f"```\n{'y' * 5000}\n```",
    "block that ends at the limit": "```py\n" + "z" * (MESSAGE_LIMIT - 10) + "\n```",
    "block that begins at the limit": "a" * (MESSAGE_LIMIT - 4) + "\n```py\nx\n```",
    "block that begins near the limit": "a" * (MESSAGE_LIMIT - 12) + "\n```py\n" + CODE + "```",
    "two kinds of blocks near the limit": "``````\n" + "a" * 1975 + "\n``````\n```\n" + CODE + "```",
    "blank lines in code": "```py\n" + "x = 1\n\n\n\n" * 500 + "```",
    "emoji": "👩‍👩‍👧‍👦🏳️‍🌈" * 500,
    "combining": "e\u0301\u0323" * 1500,
    "right to left": "שלום עולם " * 500,
    "chinese without spaces": "我能吞下玻璃而不伤身体。" * 300,
    "crlf": "a line\r\n" * 600,
    "backticks within lines": "some `code` and ``more`` and ```all in one line``` here\n" * 60,
    "three backticks alone in a line": ("```\n" + "text\n" * 30) * 40,
    "windows fences": f"```py\r\n{CODE}```\r\n{LONG}",
    "a link across the limit": "a" * 1200 + " " + "b" * 760 + f" {URL} and more {LONG}",
    "a link of nearly a message": f"see {URL}{'/long' * 380} and {LONG}",
    "a link longer than a message": f"see {URL}{'/long' * 600} and so on",
    "a link in brackets across the limit": f"{'word ' * 396}([{'t' * 30}]({URL})) {LONG}",
    "links without end": f"{URL}\n" * 200,
    "a link in code": f"```\n{'a' * 600} {'b' * 1330}({URL}){'c' * 300}\n```",
    "a mention across the limit": "x" * 1990 + "<@123456789012345678>" + LONG,
    "custom emoji without spaces": "<:clew:123456789012345678>" * 200,
    "timestamps": "at <t:1618953630:R>, " * 200,
    "spoilers": "||a spoiler that says a lot about the end|| and " * 100,
    "a long spoiler across the limit": "word " * 90 + f"||{'secret ' * 205}|| {LONG}",
    "or, twice": f"if a || b then c || d {LONG}",
    "bold across the limit": "word " * 390 + "**these words are bold and stand at the limit** " + LONG,
    "skin tones and flags": "👍🏽🇩🇪🇫🇷❤️🧑🏿‍🚀" * 300,
    "emoji in code": f"```\n{'👩‍👩‍👧‍👦' * 500}\n```",
    "keycaps and tags": "1️⃣🏴󠁧󠁢󠁥󠁮󠁧󠁿" * 300,
    "indic clusters": "क्षत्रिय नमस्ते " * 200,
    "hangul in pieces": "\u1112\u1161\u11ab" * 900,
    "one character of 3,000": "e" + "\u0301" * 3000 + " after",
    "right to left with marks": "\u200fשל\u200f, \u2067hello\u2069 עם. " * 200,
    "arabic without spaces": "\u200fمرحب" * 600,
    "halves of an emoji, and one half": "\ud83d\ude00 and \ud83d " * 500,
    "nested list": "".join(f"- item {n}\n  - below it {'word ' * 8}\n    1. and below that\n" for n in range(60)),
    "list with loose items": "Steps:\n\n" + "\n\n".join(f"{n}. **Step**\n   {'word ' * 30}" for n in range(1, 30)),
    "headings": "".join(f"## Heading {n}\n\n{'word ' * 70}\n\n" for n in range(12)),
    "quote of many lines": "".join(f"> line {n} {'word ' * 10}\n" for n in range(80)),
    "quote of one long line": f"before\n\n> {LONG}\n\nafter",
    "code in a quote": "> see\n> ```py\n" + "".join(f"> {line}\n" for line in CODE.splitlines()) + "> ```\nafter",
    "code of one long line in a quote": f"> ```\n> {'word ' * 900}\n> ```\nafter",
    "fence within words": f"use three backticks (```) and then {LONG} and three more (```) to end it {LONG}",
    "backticks in code": f"`` ``` `` opens it.\n```py\n{CODE}```\nand `` ` `` is one. {LONG}",
    "code with its own fences": f"```py\nprint('```')\n{CODE}```\nafter {LONG}",
    "escaped fences": f"\\`\\`\\` is written {LONG}",
    "all kinds": f"# A\n\n{LONG}\n\n- a\n- b\n\n```py\n{CODE}```\n\n> {LONG}\n\n{'👩‍👩‍👧' * 300} {URL}",
}


def _check(text, limit=MESSAGE_LIMIT):
    """What holds for the parts of any text; they, and where they stand in it."""
    parts = split(text, limit)
    sound = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    spans = places(sound, parts)

    assert all(part.strip() and length(part) <= limit for part in parts)
    assert not any("\ud800" <= character <= "\udfff" for part in parts for character in part)
    assert spans is not None, parts
    assert cut_through(sound, spans, limit) == []
    return parts


@pytest.mark.parametrize("name", HARD)
def test_hard_text_is_cut_into_parts_that_fit_are_whole_and_stand_by_themselves(name):
    parts = _check(HARD[name])

    assert [part for part in parts if code_blocks(part)[1]] == []
    assert len(parts) == 1 or length(HARD[name]) > MESSAGE_LIMIT
    assert len(parts) <= length(HARD[name]) // 500 + 2


@pytest.mark.parametrize("name", HARD)
def test_added_text_changes_the_last_part_only(name):
    text = HARD[name]
    shown = []
    for end in range(0, len(text) + 1, 97):
        parts = split(text[:end])
        assert parts[: max(0, len(shown) - 1)] == shown[:-1]
        shown = parts


@pytest.mark.parametrize("text", ["", " \n\n \n", "\n" * 5000, " " * 5000])
def test_blank_text_has_no_parts(text):
    assert split(text) == []


def test_length_is_counted_in_utf_16_code_units():
    assert split("😀" * 1000) == ["😀" * 1000]
    assert split("😀" * 1001) == ["😀" * 1000, "😀"]


def test_limit_that_leaves_no_room_is_refused():
    with pytest.raises(ValueError, match="15 characters"):
        split("text", 15)


def test_code_block_that_does_not_fit_in_the_rest_starts_the_next_part():
    words = ("word " * 150).strip()
    code = "```py\n" + "x = 1\n" * 280 + "```"

    assert split(f"{words}\n{code}\nafter") == [words, f"{code}\nafter"]


def test_code_block_is_cut_where_little_would_stand_before_it():
    words = ("word " * 20).strip()
    parts = split(f"{words}\n```py\n{'x = 1' + chr(10)}{CODE}```")

    assert parts[0].startswith(f"{words}\n```py\nx = 1\nline_0")
    assert length(parts[0]) > 1900


def test_announcement_goes_with_what_it_announces():
    words = "word " * 250
    code = "```py\n" + "x = 1\n" * 200 + "```"

    assert split(f"{words}\n\nThis is how:\n{code}")[1].startswith("This is how:\n```py")
    assert split(f"{words}\n\n## Heading\n\n{'more ' * 300}")[1].startswith("## Heading\n\nmore")


def test_list_that_does_not_fit_in_the_rest_starts_the_next_part():
    words = ("word " * 250).strip()
    items = "\n".join(f"- item number {number}" for number in range(60))

    assert split(f"{words}\n\n{items}") == [words, items]


def test_long_list_is_cut_between_its_items():
    parts = split("\n".join(f"- item {number}\n  - {'word ' * 12}" for number in range(80)))

    assert len(parts) > 2
    assert all(part.startswith("- item") for part in parts)


def test_sentence_is_left_whole_where_there_are_no_lines():
    parts = split("This is one sentence of some length, isn't it? " * 80)

    assert all(part.endswith("isn't it?") for part in parts)
    assert all(part.endswith("。") for part in split("我能吞下玻璃而不伤身体。" * 300))


def test_quote_goes_on_in_the_next_part():
    parts = split(HARD["quote of one long line"])

    assert all(part.splitlines()[0].startswith("> ") for part in parts[1:])


def test_spoiler_stays_hidden():
    for text in (HARD["a long spoiler across the limit"], f"see ||{'secret ' * 283}||{'x' * 100}"):
        assert all(part.count("||") % 2 == 0 for part in split(text))


@pytest.mark.parametrize("before", range(1984, 2000))
def test_link_right_after_words_without_spaces_stays_whole(before):
    assert any(URL in part for part in split(f"{'看' * (before - 1)}（{URL} {LONG}"))  # noqa: RUF001 - as people write


def test_fence_that_ends_with_its_quote_makes_no_code_of_what_follows():
    parts = split(f"> ```py\n> no end\n\n{LONG}")

    assert [part.count("```") for part in parts] == [1, 0, 0]


def test_code_after_many_blank_lines_is_shown_without_a_part_of_those_alone():
    words = ("word " * 60).strip()
    parts = split(f"{words}\n```py\n{chr(10) * 3000}x = 1\n```\nafter")

    assert parts[0] == words
    assert [code_blocks(part) for part in parts[1:]] == [([("py", "x = 1")], 0)]


def test_no_part_is_a_fence_alone():
    for size in range(1960, 2005):
        parts = split("```\n" + "z" * size + "\n\n```\nafter")
        blocks = [code_blocks(part) for part in parts]
        assert "".join(content for found, _ in blocks for _, content in found) == "z" * size
        assert [stray for _, stray in blocks] == [0] * len(parts)
        assert len(parts) <= 2


def test_code_that_never_ends_is_closed():
    for text in (HARD["code that never ends"], "```py\nx = 1\n``", "> ```py\n> x = 1", "say ```x"):
        assert open_fence(split(text)[-1]) is None


def test_language_is_opened_again_in_every_part():
    parts = split(HARD["code"])

    assert len(parts) == 3
    assert all(part.startswith("```python\n") and part.endswith("\n```") for part in parts[:-1])
    assert parts[-1].startswith("```python\n")


def test_cut_falls_between_paragraphs_then_lines_then_words():
    assert split("aaaa bbbb\n\ncccc\ndddd", 18)[0] == "aaaa bbbb"
    assert split("aaaa bbbb\ncccc dddd eeee", 18)[0] == "aaaa bbbb"
    assert split("aaaa bbbb cccc dddd eeee", 18)[0].split() == ["aaaa", "bbbb", "cccc"]


def test_blank_lines_in_code_stay():
    code = "a = 1\n\n\n\nb = 2\n" * 200
    parts = split(f"```py\n{code}```")

    assert len(parts) > 1
    assert "\n".join(part.removeprefix("```py\n").removesuffix("\n```") for part in parts) + "\n" == code


@pytest.mark.parametrize("seed", range(20))
def test_random_code_is_cut_at_line_breaks_and_whole(seed):
    rng = random.Random(seed)  # noqa: S311 - the same ones every time
    for _ in range(100):
        code = "".join(rng.choices(["\n", "\n\n\n", "x = 1\n", "\ty\n", "z" * 20 + "\n"], k=rng.randrange(1, 70)))
        if not code.strip():
            continue
        parts = split(f"```py\n{code}```", 60)
        assert all(part.startswith("```py\n") for part in parts)
        # blank lines at the end of a block, which Discord does not show, make no message of their own
        shown = "\n".join(part.removeprefix("```py\n").removesuffix("\n```") for part in parts)
        assert shown.rstrip("\n") == code.rstrip("\n")


@pytest.mark.parametrize("indentation", ["    ", "\t", "        "])
def test_fence_inside_a_list_is_closed_and_opened_again(indentation):
    lines = "".join(f"{indentation}{line}\n" for line in ["```bash", *["echo hello"] * 300, "```"])
    parts = split(f"1. do\n{lines}2. done")

    assert len(parts) > 1
    assert all(part.endswith("\n```") for part in parts[:-1])
    assert all(part.startswith("```bash\n") for part in parts[1:])
    assert all(part.count("```") == 2 for part in parts)


def test_growing_code_is_shown_closed():
    assert closed("```py\nx = 1") == "```py\nx = 1\n```"
    assert closed("- a\n\n      ```py\n      x = 1") == "- a\n\n      ```py\n      x = 1\n```"
    assert closed("~~~~\nx\n") == "~~~~\nx\n"
    assert closed("plain") == "plain"
    assert closed("```py\nx\n```\nafter") == "```py\nx\n```\nafter"
    assert closed("> ```py\n> x") == "> ```py\n> x\n> ```"
    assert closed("text\n```") == "text"
    assert closed("```py\nx\n``") == "```py\nx\n```"
