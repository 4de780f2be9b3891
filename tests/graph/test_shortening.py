"""A turn that alone is too long: what is cut of it, in which order, and what never is."""

import pytest
import tiktoken
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

from graph.events import LeftOut
from graph.shortening import Cut, shortened
from graph.tokens import OFFLINE_VOCABULARY, TokenCounter
from graph.window import Window
from tests.marks import PLAIN


@pytest.fixture(scope="module")
def counter():
    return TokenCounter(tiktoken.get_encoding(OFFLINE_VOCABULARY))


def words(count):
    return "word " * count


def turn(text, *steps):
    """A turn of a text and steps, each of them the lengths in words of the results of one message's calls."""
    messages = [HumanMessage(text)]
    for step, lengths in enumerate(steps):
        calls = [{"name": "look", "args": {}, "id": f"{step}.{n}", "type": "tool_call"} for n in range(len(lengths))]
        messages.append(AIMessage("", tool_calls=calls))
        messages += [ToolMessage(words(n), tool_call_id=c["id"]) for c, n in zip(calls, lengths, strict=True)]
    return messages


def cost(counter, messages):
    return sum(counter.message(message) for message in messages)


def changed(before, after):
    return [index for index, (one, other) in enumerate(zip(before, after, strict=True)) if one.content != other.content]


def test_turn_that_fits_stays_as_it_is(counter):
    messages = turn(words(100), [50])

    assert shortened(messages, cost(counter, messages), counter) == (messages, Cut())


@pytest.mark.parametrize(
    ("less", "cut", "places"),
    [
        (400, Cut(1), [2]),  # the oldest result that the model has seen
        (1000, Cut(2), [2, 4]),  # then the next one
        (2000, Cut(2, text=True), [0, 2, 4]),  # then what was written
        (2700, Cut(3, text=True), [0, 2, 4, 7]),  # then the longest of those it has not seen
        (3400, Cut(4, text=True), [0, 2, 4, 6, 7]),
    ],
)
def test_what_is_cut_first(counter, less, cut, places):
    messages = turn(words(1000), [800], [800], [800, 900])
    room = cost(counter, messages) - less
    found, what = shortened(messages, room, counter)

    assert (what, changed(messages, found)) == (cut, places)
    assert cost(counter, found) <= room


def test_no_more_is_cut_than_it_takes(counter):
    messages = turn(words(20_000))
    found, _ = shortened(messages, 8000, counter)

    assert 7900 <= cost(counter, found) <= 8000
    assert found[0].text.startswith(words(3000))
    assert found[0].text.endswith(words(3000))


def test_text_that_says_nothing_is_left_where_nothing_can_be_gained(counter):
    messages = turn("hi", [5])

    assert shortened(messages, 0, counter) == (messages, Cut())


def test_pictures_and_short_blocks_stay_when_a_text_of_many_blocks_is_cut(counter):
    picture = {"type": "image", "blob": "00", "mime_type": "image/png", "width": 10, "height": 10}
    content = [{"type": "text", "text": "look at this"}, picture, {"type": "text", "text": words(5000)}, "and this"]
    (found,), cut = shortened([HumanMessage(content)], 1000, counter)

    assert cut == Cut(text=True)
    assert found.content[:2] == content[:2]
    assert found.content[3] == "and this"
    assert found.content[2]["type"] == "text"
    assert counter.message(found) <= 1000


def test_conversation_itself_is_not_changed(counter):
    messages = turn(words(20_000))
    messages[0].id = "m:1:0"
    Window(counter, PLAIN).fit("p", messages, [], 1000)

    assert messages[0].text == words(20_000)
    assert counter.message(messages[0]) > 20_000


def test_window_of_a_long_paste_holds_its_beginning_and_its_end_and_nothing_older(counter):
    paste = "the beginning " + "x y z " * 17_000 + "the end"
    view = Window(counter, PLAIN).fit("p", [*turn("before"), AIMessage("yes"), *turn(paste)], [], 12_000)

    assert len(paste) > 100_000
    assert view.tokens <= 12_000
    assert view.left_out == LeftOut(1, text=True)
    assert [type(message).__name__ for message in view.messages] == ["SystemMessage", "HumanMessage"]
    assert view.messages[1].text.startswith("the beginning")
    assert view.messages[1].text.endswith("the end")


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 3000),
    st.lists(st.lists(st.integers(0, 2000), min_size=1, max_size=3), max_size=4),
    st.integers(-500, 6000),
)
def test_every_call_keeps_its_answer_in_its_place(length, steps, room):
    counter = TokenCounter(tiktoken.get_encoding(OFFLINE_VOCABULARY))
    messages = turn(words(length), *steps)
    found, cut = shortened(messages, room, counter)

    assert [type(message) for message in found] == [type(message) for message in messages]
    ids = [[getattr(message, "tool_call_id", None) for message in some] for some in (messages, found)]
    assert ids[0] == ids[1]
    assert bool(cut) == bool(changed(messages, found))
    assert cost(counter, found) <= room or all(counter.message(message) <= 140 for message in found)
