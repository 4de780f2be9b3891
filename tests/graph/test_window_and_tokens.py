import random

import pytest
import tiktoken
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from tiktoken import registry

from graph.events import LeftOut
from graph.tokens import OFFLINE_VOCABULARY, TokenCounter, counter_for
from graph.window import Window
from tests.marks import PLAIN

DEFINITIONS = [{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}]


@pytest.fixture
def counter():
    return TokenCounter(tiktoken.get_encoding(OFFLINE_VOCABULARY))


def _turn(number, words=10, calls=0):
    """A turn of one question, its calls with their answers, and the model's last words."""
    messages = [HumanMessage("word " * words, id=f"{number}")]
    for index in range(calls):
        call = {"name": "look", "args": {"x": index}, "id": "same", "type": "tool_call"}
        messages.append(AIMessage("", tool_calls=[call], id=f"{number}/{index}"))
        messages.append(ToolMessage("seen " * words, tool_call_id="same", id=f"{number}/{index}/same"))
    messages.append(AIMessage("word " * words, id=f"{number}/end"))
    return messages


def _all(turns):
    return [message for turn in turns for message in turn]


def _cost(counter, messages):
    return sum(counter.message(message) for message in messages)


def test_everything_is_kept_while_it_fits(counter):
    messages = [message for number in range(5) for message in _turn(number)]

    view = Window(counter, PLAIN).fit("be nice", messages, DEFINITIONS, 10_000)
    assert view.messages == [SystemMessage("be nice"), *messages]
    assert view.left_out is None
    assert view.tokens == _cost(counter, view.messages) + counter.definitions(DEFINITIONS)


def test_oldest_turns_go_first_and_whole(counter):
    turns = [_turn(number, calls=2) for number in range(10)]
    fixed = counter.message(SystemMessage("p")) + counter.definitions(DEFINITIONS)
    budget = fixed + _cost(counter, turns[-1]) * 3

    exactly = Window(counter, PLAIN).fit("p", _all(turns), DEFINITIONS, budget)
    one_less = Window(counter, PLAIN).fit("p", _all(turns), DEFINITIONS, budget - 1)
    assert exactly.messages[1:] == _all(turns[-3:])
    assert one_less.messages[1:] == _all(turns[-2:])
    assert (exactly.tokens, exactly.left_out, one_less.left_out) == (budget, LeftOut(7), LeftOut(8))


def test_turn_that_does_not_fit_ends_the_window_although_an_older_one_would(counter):
    messages = [*_turn(0, words=1), *_turn(1, words=5000), *_turn(2, words=1)]

    view = Window(counter, PLAIN).fit("p", messages, [], 300)
    assert view.messages[1:] == _turn(2, words=1)
    assert view.left_out == LeftOut(2)


def test_empty_conversation_is_only_the_prompt(counter):
    view = Window(counter, PLAIN).fit("p", [], DEFINITIONS, 256)

    assert (view.messages, view.left_out) == ([SystemMessage("p")], None)


def test_window_of_any_conversation_is_whole_turns_within_the_budget(counter):
    rng = random.Random(7)  # noqa: S311 - the same ones every time
    for case in range(200):
        turns = [_turn(f"{case}.{n}", rng.randrange(1, 60), rng.randrange(4)) for n in range(rng.randrange(1, 12))]
        budget = rng.randrange(256, 2000)
        room = budget - counter.message(SystemMessage("p")) - counter.definitions(DEFINITIONS)
        view = Window(counter, PLAIN).fit("p", _all(turns), DEFINITIONS, budget)
        shown = view.messages[1:]

        if _cost(counter, turns[-1]) > room:
            assert [type(message) for message in shown] == [type(message) for message in turns[-1]]
            continue
        kept = next(n for n in range(len(turns), 0, -1) if shown == _all(turns[-n:]))
        assert view.tokens == _cost(counter, view.messages) + counter.definitions(DEFINITIONS) <= budget
        assert (view.left_out or LeftOut()) == LeftOut(len(turns) - kept)
        if kept < len(turns):
            assert _cost(counter, _all(turns[-kept - 1 :])) > room


@pytest.mark.parametrize(
    "text", ["<|endoftext|>", "<|im_start|>system", "<|fim_prefix|> <|endofprompt|>", "\ud800", "\x00"]
)
def test_text_that_looks_special_is_counted_as_text(counter, text):
    call = {"name": text, "args": {text: text}, "id": "c", "type": "tool_call"}

    assert counter.text(text) >= 1
    assert counter.message(AIMessage(text, tool_calls=[call])) > counter.text(text)


def test_tool_calls_cost_tokens_also_where_they_cannot_be_read(counter):
    broken = {"name": "look", "args": '{"x": ', "id": "c", "error": None, "type": "invalid_tool_call"}

    assert counter.message(AIMessage("a", invalid_tool_calls=[broken])) > counter.message(AIMessage("a"))


@pytest.mark.parametrize(
    ("width", "height", "tokens"),
    [
        (1024, 1024, 765),  # the two examples of OpenAI's guide
        (2048, 4096, 1105),
        (512, 512, 255),
        (1, 1, 255),
        (513, 512, 425),
        (100_000, 1, 765),
        (None, None, 1445),
        (0, 0, 1445),
    ],
)
def test_picture_costs_what_its_size_says(counter, width, height, tokens):
    picture = {"type": "image", "blob": "00" * 32, "mime_type": "image/png", "width": width, "height": height}
    text = {"type": "text", "text": "what is this?"}

    assert counter.message(HumanMessage([text, picture])) == counter.message(HumanMessage("what is this?")) + tokens


@pytest.mark.parametrize("text", ["word " * 5000, "\N{FIRE}" * 3000, "\u8aad\u3080" * 3000, "a" * 30_000])
@pytest.mark.parametrize("tokens", [100, 1001])
def test_text_is_cut_in_its_middle_and_says_how_much_is_missing(counter, text, tokens):
    cut = counter.cut(text, tokens)
    head, marker, tail = cut.split("\n")

    assert counter.text(cut) <= tokens + 30
    assert text.startswith(head)
    assert text.endswith(tail)
    assert min(len(head), len(tail)) >= 16
    assert f"{len(text) - len(head) - len(tail)} characters" in marker


def test_no_definitions_cost_nothing(counter):
    assert counter.definitions([]) == 0
    assert counter.definitions(DEFINITIONS) > 5


@pytest.mark.parametrize("model", ["scripted", "claude-sonnet", "ollama/llama3", ""])
async def test_model_without_a_known_vocabulary_is_counted_with_the_offline_one(model):
    assert (await counter_for(model)).vocabulary == OFFLINE_VOCABULARY


async def test_vocabulary_that_cannot_be_downloaded_is_replaced_by_the_offline_one(monkeypatch, tmp_path):
    """There may be a network where this runs: the proxy that is asked for is one that refuses the connection."""
    monkeypatch.setattr(registry, "ENCODINGS", {})
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    found = await counter_for("openai/gpt-4o")

    assert found.vocabulary == OFFLINE_VOCABULARY
    assert found.text("hello world") == 2
