"""Hard texts, cut: nothing is lost, every part fits and stands by itself, and what was shown stays as it is."""

import random

import pytest

from discord_adapter.splitting import MESSAGE_LIMIT, closed, open_fence, split

LONG = "word " * 900
CODE = "".join(f"line_{number} = {number}\n" for number in range(400))
HARD = {
    "empty": "",
    "blank": " \n\n \n",
    "short": "hello",
    "exactly full": "x" * MESSAGE_LIMIT,
    "one too many": "x" * (MESSAGE_LIMIT + 1),
    "one line of 5,000": "x" * 5000,
    "words": LONG,
    "paragraphs": "\n\n".join(["paragraph " * 40] * 20),
    "lines": "\n".join(["a line of text"] * 600),
    "only line breaks": "\n" * 5000,
    "only spaces": " " * 5000,
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
}


def _lost(text, parts):
    """The first character of a text that is not in its parts, in order; white space and what was put in aside."""
    shown = iter("".join("".join(parts).split()))
    for position, character in enumerate("".join(text.split())):
        if character not in shown:  # takes characters until it has found this one
            return position, character
    return None


def _check(text, limit):
    parts = split(text, limit)
    assert all(len(part) <= limit for part in parts)
    assert all(open_fence(part) is None for part in parts[:-1]), parts
    return parts


@pytest.mark.parametrize("name", HARD)
def test_hard_text_is_cut_into_parts_that_fit_and_stand_by_themselves(name):
    parts = _check(HARD[name], MESSAGE_LIMIT)

    assert open_fence(parts[-1]) == open_fence(HARD[name]) or name.startswith("info string")
    assert len(parts) == 1 or len(HARD[name]) > MESSAGE_LIMIT
    assert len(parts) <= len(HARD[name]) // 500 + 2


@pytest.mark.parametrize("name", HARD)
def test_nothing_of_a_hard_text_is_lost(name):
    parts = split(HARD[name])

    assert _lost(HARD[name], parts) is None
    # what is put in: a fence to close and one to open at each cut
    assert sum(map(len, parts)) <= len(HARD[name]) + (len(parts) - 1) * 60


@pytest.mark.parametrize("name", HARD)
def test_added_text_changes_the_last_part_only(name):
    text = HARD[name]
    shown = []
    for end in range(0, len(text) + 1, 97):
        parts = split(text[:end])
        assert parts[: max(0, len(shown) - 1)] == shown[:-1]
        shown = parts


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
        parts = split(f"```py\n{code}```", 60)
        assert all(part.startswith("```py\n") for part in parts)
        assert "\n".join(part.removeprefix("```py\n").removesuffix("\n```") for part in parts) + "\n" == code


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


PIECES = [
    *("word ", "\n", "\n\n", " ", "```", "```py\n", "```\n", "\n```\n", "~~~\n", "\n~~~\n", "````md\n", "\n````\n"),
    *(
        "x" * 70,
        "👩‍👩‍👧",
        "é",
        "`code` ",
        "~~struck~~ ",
        "\r\n",
        "   ```js\n",
        "      ```sh\n",
        "\n\t```\n",
        "- item\n",
        "``` ",
        "~~~~~~rust extra\n",
    ),
]


@pytest.mark.parametrize("seed", range(20))
def test_random_texts_are_cut_well_whole_and_steadily(seed):
    rng = random.Random(seed)  # noqa: S311 - the same ones every time
    for _ in range(100):
        limit = rng.choice([60, 80, 120, 200])
        text = "".join(rng.choices(PIECES, k=rng.randrange(1, 70)))
        parts = _check(text, limit)
        assert _lost(text, parts) is None, text
        longer = split(text + rng.choice(PIECES), limit)
        assert longer[: len(parts) - 1] == parts[:-1], text
