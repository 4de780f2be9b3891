"""Code as a model means it, written so that Discord shows it as code and everything else not."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from discord_adapter.text.code_blocks import code_blocks, shown
from tests.discord_adapter import discord_reading
from tests.discord_adapter.markdown_texts import ANYTHING, MARKDOWN

_FEW = settings(max_examples=100, deadline=None, derandomize=True, database=None)

_TROUBLE = [
    "words",
    "use ``` to open",
    "and ``` or ```` to close",
    "> quoted\n>\n> more",
    "````md\n# Title\n```py\nx\n```\n````",
    "`````\nfive\n`````",
    "```\n```",
    "```py\nprint('```')\n```",
    "> ```py\n> no end",
    "> ````\n> ```\n> in a quote\n> ````",
    "- ```sh\n  ls\n  ```",
    "`` ``` `` is shielded",
]


def _codes(text):
    return [(block.info, block.code(text), block.closed) for block in code_blocks(text)]


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("```py\nx = 1\n\n  y\n```", [("py", "x = 1\n\n  y\n", True)]),
        ("```py\nx = 1", [("py", "x = 1", False)]),
        ("````md\n```py\nx\n```\n````\nafter", [("md", "```py\nx\n```\n", True)]),
        ("```\n```py\n```", [("", "```py\n", True)]),
        ("   ```sh\n   ls\n     -l\n   ```", [("sh", "ls\n  -l\n", True)]),
        ("- ```sh\n  ls\n  ```\n- b", [("sh", "ls\n", True)]),
        ("> ```py\n> x = 1\n>   y\n> ```\n> z", [("py", "x = 1\n  y\n", True)]),
        ("> ```py\n> x = 1\nafter\n```\ny\n```", [("py", "x = 1", False), ("", "y\n", True)]),
        ("```py\r\nx = 1\r\n```\r\nafter", [("py", "x = 1\r\n", True)]),
        ("```\n```", [("", "", True)]),
        ("```", [("", "", False)]),
        ("~~~py\nx\n~~~", []),
        ("```all in one line```", []),
        ("say ```\nx\n", []),
    ],
)
def test_code_is_found_and_exact(text, codes):
    assert _codes(text) == codes


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        ("````md\n# Title\n```py\nx\n```\n````", [("md", "# Title\n`\u200b`\u200b`py\nx\n`\u200b`\u200b`")]),
        ("`````\nx\n`````\nafter", [("", "x")]),
        ("```py\nprint('```')\n```", [("py", "print('`\u200b`\u200b`')")]),
        ("```\n```\nwords\n```py\nx\n```", [("", " "), ("py", "x")]),
        ("> ```\n> ```\n\n```py\nx\n```", [("", " "), ("py", "x")]),
        ("> ```py\n> x\nno quote\n\n```js\ny\n```", [("py", "x"), ("js", "y")]),
        ("use ``` to open\n\n```py\nx\n```", [("py", "x")]),
        ("use \\``` to open\n\n```py\nx\n```", [("py", "x")]),
        ("say ```x``` and `` ``` ``\n\n```py\ny\n```", [("", "x"), ("py", "y")]),
    ],
)
def test_what_is_meant_as_code_is_shown_as_code(text, blocks):
    assert discord_reading.code_blocks(shown(text)) == (blocks, 0)


def test_empty_line_of_a_quote_is_one_in_discord():
    assert shown("> a\n>\n> b\n") == "> a\n> \n> b\n"
    assert shown("```\n> a\n>\n> b\n```") == "```\n> a\n>\n> b\n```"


@_FEW
@given(text=MARKDOWN)
def test_markdown_that_discord_reads_alike_stays_as_it_is(text):
    assert shown(text) == text


@_FEW
@given(texts=st.lists(st.sampled_from(_TROUBLE), max_size=12))
def test_troubled_markdown_has_the_code_blocks_that_are_meant(texts):
    text = "\n\n".join([*texts, "the end"])
    blocks, stray = discord_reading.code_blocks(shown(text))
    codes = [code.strip() for _, code, _ in _codes(text)]

    assert stray == 0
    assert [content.replace("\u200b", "").strip() for _, content in blocks] == codes


@_FEW
@given(text=ANYTHING)
def test_only_fences_and_escapes_are_changed(text):
    def bare(some):
        return "".join(some.translate(dict.fromkeys(map(ord, "`\\> \n\u200b"))).split())

    assert bare(shown(text)) == bare(text)


@pytest.mark.parametrize(
    "piece", ["```py\n", "> ```py\n\n", "> ```\n> x\n> ```\n", "` ", "``` ", "`", ">\n", "word ``` \n"]
)
def test_time_grows_with_the_length_of_a_text(piece):
    times = {}
    for size in (15_000, 60_000):
        taken = []
        for _ in range(2):
            start = time.process_time()
            shown(piece * (size // len(piece)))
            taken.append(time.process_time() - start)
        times[size] = min(taken)

    assert times[60_000] < 8 * times[15_000] + 0.02
