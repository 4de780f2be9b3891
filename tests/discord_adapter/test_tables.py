"""Tables as Discord can show them; what is no table stays exactly as it is."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from wcwidth import wcswidth

from discord_adapter.text.splitting import split
from discord_adapter.text.tables import rendered
from tests.discord_adapter.discord_reading import code_blocks, length
from tests.discord_adapter.markdown_texts import ANYTHING, MARKDOWN

_FEW = settings(max_examples=60, deadline=None, derandomize=True, database=None)

_CELL = st.one_of(
    st.sampled_from(
        ["", "x", "12.50", "two words", "**bold**", "`code`", "`a \\| b`", "[t](https://x.y)", "日本語", "👍🏽"]
    ),
    st.sampled_from(
        ["e\u0301", "🇩🇪", "``` three", "a_b_c", "2 * 3 * 4", "&amp;", "<br>", "עברית", "-", "**open", "[half"]
    ),
)
_DELIMITERS = st.sampled_from(["---", ":--", "--:", ":-:", "-"])


@st.composite
def _tables(draw, rows=12):
    columns = draw(st.integers(2, 4))
    header = [f"H{number}" for number in range(columns)]
    body = draw(st.lists(st.lists(_CELL, min_size=columns, max_size=columns), min_size=1, max_size=rows))
    delimiters = draw(st.lists(_DELIMITERS, min_size=columns, max_size=columns))
    return "\n".join("| " + " | ".join(row) + " |" for row in [header, delimiters, *body])


def test_table_becomes_aligned_columns_in_a_code_block():
    text = "before\n\n| Name | Qty | Note |\n|:---|---:|:---:|\n| apple | 3 | x |\n| pear | 12 | **abc** |\n\nafter"

    assert rendered(text) == (
        "before\n\n```\nName  | Qty | Note\n------+-----+-----\napple |   3 |  x\npear  |  12 | abc\n```\n\nafter"
    )


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("**bold**", "bold"),
        ("*a* and _b_", "a and b"),
        ("snake_case_name", "snake_case_name"),
        ("~~gone~~", "gone"),
        ("`code`", "code"),
        ("`` ` ``", "`"),
        ("`a \\| b`", "a | b"),
        ("a \\| b", "a | b"),
        ("[docs](https://x.y/z)", "docs (https://x.y/z)"),
        ("<https://x.y>", "https://x.y"),
        ("![logo](https://x.y/l.png)", "logo (https://x.y/l.png)"),
        ("one<br>two", "one / two"),
        ("R&amp;D", "R&D"),
        ("\\*", "*"),
        ("**`both`**", "both"),
        ("2 * 3", "2 * 3"),
        ("**half", "**half"),
    ],
)
def test_markdown_in_a_cell_is_shown_as_words(cell, shown):
    assert f"\n1 | {shown}\n" in rendered(f"| a | b |\n|---|---|\n| 1 | {cell} |\n")


@pytest.mark.parametrize(
    "cell",
    ["日本語", "👍🏽", "👩‍👩‍👧", "🇩🇪", "e\u0301\u0323", "❤️", "\u200b"],
    ids=lambda cell: cell.encode("unicode_escape"),
)
def test_columns_are_aligned_by_what_a_character_takes(cell):
    block = rendered(f"| a | b |\n|---|---|\n| {cell} | x |\n| longer cell | y |\n")
    header, _, *rows = block.splitlines()[1:-1]

    assert {wcswidth(line[: line.rindex("|")]) for line in (header, *rows)} == {len("longer cell ")}


def test_row_with_too_few_or_too_many_cells_loses_nothing():
    block = rendered("| a | b |\n|---|---|\n| 1 |\n| 1 | 2 | 3 |\n| 1 | `x || y` |\n| 1 | 2 |   |")

    assert block.splitlines()[3:-1] == ["1 |", "1 | 2 | 3", "1 | x || y", "1 | 2"]


def test_table_without_outer_pipes_is_one():
    assert rendered("a | b\n--- | ---\n1 | 2\n\nx | y") == "```\na | b\n--+--\n1 | 2\n```\n\nx | y"


def test_words_below_a_table_end_it():
    assert rendered("| a | b |\n|---|---|\n| 1 | 2 |\nThat was it.") == "```\na | b\n--+--\n1 | 2\n```\nThat was it."


def test_table_in_a_quote_and_in_a_list_stays_there():
    assert rendered("> | a | b |\n> |---|---|\n> | 1 | 2 |\n\nx") == "> ```\n> a | b\n> --+--\n> 1 | 2\n> ```\n\nx"
    assert rendered("> | a | b |\n> |---|---|\n| 1 | 2 |") == "> ```\n> a | b\n> --+--\n> ```\n| 1 | 2 |"
    assert rendered("1. x\n\n   | a | b |\n   |---|---|\n   | 1 | 2 |") == (
        "1. x\n\n   ```\n   a | b\n   --+--\n   1 | 2\n   ```"
    )
    assert rendered("- | a | b |\n  |---|---|\n  | 1 | 2 |") == "- ```\n  a | b\n  --+--\n  1 | 2\n  ```"


@pytest.mark.parametrize(
    "text",
    [
        "```\n| a | b |\n|---|---|\n| 1 | 2 |\n```",
        "````md\n```\n| a | b |\n|---|---|\n```\n| a | b |\n|---|---|\n````",
        "> ```\n> | a | b |\n> |---|---|\n> ```",
        "```py\n| a | b |\n|---|---|\n| never | closed |",
        "ls | wc -l",
        "| a | b |",
        "| a | b |\n| c | d |",
        "| a | b |\n|---|\n| 1 | 2 |",
        "| a | b |\n\n|---|---|",
        "a | b\n---",
        "words\n---\nmore",
        "||spoiler||\n|-|",
        "|---|---|\n| 1 | 2 |",
        "| a | b |\n> |---|---|",
        "| a | b |\n|-x-|---|",
    ],
)
def test_what_is_no_table_stays_as_it_is(text):
    assert rendered(text) == text


@_FEW
@given(text=MARKDOWN)
def test_text_without_tables_stays_as_it_is(text):
    assert rendered(text) == text


@_FEW
@given(before=MARKDOWN, table=_tables(), after=MARKDOWN)
def test_tables_are_githubs_and_all_else_stays_as_it_is(before, table, after):
    text = f"{before}\n\n{table}\n\n{after}"
    found = [token.map for token in MarkdownIt("js-default").parse(table) if token.type == "table_open"]
    shown = rendered(text)

    assert found == [[0, len(table.splitlines())]]
    assert shown.startswith(f"{before}\n\n")
    assert shown.endswith(f"\n\n{after}")
    assert table not in shown


@_FEW
@given(table=_tables())
def test_cell_cannot_end_the_block(table):
    shown = rendered(table)
    blocks, stray = code_blocks(shown)

    assert stray == 0
    if shown.startswith("```"):
        rows = [line for line in table.splitlines()[2:] if line.strip("| ")]
        assert sum(len(content.splitlines()) - 2 for _, content in blocks) == len(rows)


def test_fence_in_a_list_opens_no_block_over_what_follows():
    wide = "word " * 20
    text = f"| a | b | c |\n|---|---|---|\n| {wide}| ```y``` | ``` x |\n\n```py\nprint()\n```"
    shown = rendered(text)
    assert "**b:** ```y```\n  - **c:** \\`\\`\\` x\n" in shown
    assert code_blocks(shown) == ([("", "y"), ("py", "print()")], 0)


@pytest.mark.parametrize("columns", [2, 5])
def test_wide_table_becomes_a_list_that_loses_nothing(columns):
    header = [f"Header {number}" for number in range(columns)]
    rows = [
        [f"**cell** {row}.{number} [x](https://x.y) {'word ' * 12}".strip() for number in range(columns)]
        for row in "ab"
    ]
    text = "\n".join("| " + " | ".join(row) + " |" for row in [header, ["---"] * columns, *rows])

    assert rendered(text).splitlines() == [
        ("- " if number == 0 else "  - ") + f"**{name}:** {cell}"
        for row in rows
        for number, (name, cell) in enumerate(zip(header, row, strict=True))
    ]


def test_wide_table_without_values_or_names_reads_well():
    wide = "word " * 20

    assert rendered(f"| | b |\n|---|---|\n| name | {wide} |\n| | {wide} |") == (
        f"- name\n  - **b:** {wide.strip()}\n- **b:** {wide.strip()}"
    )
    assert rendered(f"| {wide} | b |\n|---|---|") == f"**{wide.strip()} | b**"


def test_long_table_becomes_blocks_that_fit_each_with_its_header():
    rows = "".join(f"| name {number} | {'x' * 20} | {number * 7} |\n" for number in range(200))
    parts = split(rendered(f"| Name | Text | Number |\n|---|---|--:|\n{rows}"))
    blocks = [content for part in parts for _, content in code_blocks(part)[0]]

    assert all(content.startswith("Name ") for content in blocks)
    assert sum(len(content.splitlines()) - 2 for content in blocks) == 200
    assert all(len(code_blocks(part)[0]) == 1 for part in parts[:-1])
    assert len(parts) < 10


@_FEW
@given(before=MARKDOWN, table=_tables(rows=60), data=st.data())
def test_growing_table_changes_only_the_last_part_and_never_what_is_before_it(before, table, data):
    text = f"{before}\n\n{table}\n\nafter"
    shown, start = [], len(before)
    for end in [*sorted(data.draw(st.lists(st.integers(start, len(text)), max_size=12))), len(text)]:
        whole = rendered(text[:end])
        parts = split(whole)
        assert whole.startswith(before)
        assert parts[: max(0, len(shown) - 2)] == shown[:-2]
        assert all(length(part) <= 2000 and not code_blocks(part)[1] for part in parts)
        shown = parts


def test_table_that_grows_by_rows_changes_the_last_part_only():
    text = "| Name | Text |\n|---|---|\n" + "".join(f"| {'n' * (n % 30)} | {'word ' * (n % 7)} |\n" for n in range(150))
    shown = []
    for end in range(0, len(text), 23):
        parts = split(rendered(text[:end]))
        assert parts[: max(0, len(shown) - 1)] == shown[:-1]
        shown = parts
    assert len(shown) > 3


@_FEW
@given(text=ANYTHING)
def test_anything_is_rendered(text):
    assert rendered(text) == text or "|-" in text


@pytest.mark.parametrize(
    "piece",
    [
        *(
            "| one | **two** | 12.5 |\n",
            "|",
            "|\n",
            "|-|-|\n",
            "| a | b |\n|---|---|\n| 1 | 2 |\n\n",
            "\\",
            "- ",
            "` | ",
        ),
        *("> ```py\n\n", "> ```\n> x\n> ```\n", "| [[[[[[[[[[ | *a_*a_*a_*a_ |\n"),
    ],
)
def test_time_grows_with_the_length_of_a_table(piece):
    times = {}
    for size in (15_000, 60_000):
        text = "| a | b | c |\n|---|---|---|\n" + piece * (size // len(piece))
        taken = []
        for _ in range(2):
            start = time.process_time()
            rendered(text)
            taken.append(time.process_time() - start)
        times[size] = min(taken)

    assert times[60_000] < 8 * times[15_000] + 0.02
