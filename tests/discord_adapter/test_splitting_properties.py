"""What holds for the parts of any text, and while a text grows."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from discord_adapter.text.splitting import split
from tests.discord_adapter.discord_reading import code_blocks, cut_through, length, places
from tests.discord_adapter.markdown_texts import ANYTHING, MARKDOWN

# The same examples every time, few enough for the file to take some seconds.
_FEW = settings(max_examples=100, deadline=None, derandomize=True, database=None)
_LIMITS = st.sampled_from([200, 300, 500, 2000])


def _sound(text):
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _check(text, limit):
    parts = split(text, limit)
    spans = places(_sound(text), parts)
    assert all(part.strip() and length(part) <= limit for part in parts)
    assert not any("\ud800" <= character <= "\udfff" for part in parts for character in part)
    assert spans is not None
    assert cut_through(_sound(text), spans, limit) == []
    return parts


@_FEW
@given(text=MARKDOWN, limit=_LIMITS)
def test_markdown_is_cut_into_parts_that_stand_by_themselves_and_make_the_text(text, limit):
    parts = _check(text, limit)

    assert [part for part in parts if code_blocks(part)[1]] == []


@_FEW
@given(text=MARKDOWN)
def test_code_of_all_parts_is_the_code_of_the_text(text):
    blocks, stray = code_blocks(text)
    cut = [content for part in split(text, 500) for _, content in code_blocks(part)[0]]

    assert stray == 0
    assert "".join("".join(cut).split()) == "".join("".join(content for _, content in blocks).split())


@_FEW
@given(text=ANYTHING, limit=_LIMITS)
def test_anything_is_cut_into_parts_that_fit_and_make_the_text(text, limit):
    _check(text, limit)


@_FEW
@given(text=MARKDOWN, limit=_LIMITS, data=st.data())
def test_markdown_that_grows_changes_its_last_part_only(text, limit, data):
    ends = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=12)))
    shown = []
    for end in [*ends, len(text)]:
        parts = split(text[:end], limit)
        assert parts[: max(0, len(shown) - 1)] == shown[:-1]
        shown = parts


@_FEW
@given(text=ANYTHING, more=ANYTHING, limit=_LIMITS)
def test_anything_that_grows_changes_its_last_two_parts_at_most(text, more, limit):
    shown = split(text, limit)

    assert split(text + more, limit)[: max(0, len(shown) - 2)] == shown[:-2]


@pytest.mark.parametrize(
    "piece",
    [
        *("Some words of **prose** with `code` in it.\n\n", "```py\nx = 1\n```\n", "- item\n", "`", "` ", "``` ", "*"),
        *("[", "<@", "|| a ", "> ```py\n\n", "\n", "e\u0301", "🇩", "a", "https://example.com ", "\\", "** "),
    ],
)
def test_time_grows_with_the_length_of_a_text(piece):
    times = {}
    for size in (15_000, 60_000):
        text = piece * (size // len(piece))
        taken = []
        for _ in range(2):
            start = time.process_time()
            split(text)
            taken.append(time.process_time() - start)
        times[size] = min(taken)

    # four times the text: four times the time, sixteen times if every part looked at all of it
    assert times[60_000] < 8 * times[15_000] + 0.02
