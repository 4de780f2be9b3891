import pytest

from checkpoints.keys import Conversation, parse_thread_id, turn_key

LARGEST = 2**63 - 1


@pytest.mark.parametrize(
    ("conversation", "text"),
    [
        (Conversation(1, 2, 3), "1:2:3"),
        (Conversation(None, 2, 3), "dm:2:3"),
        (Conversation(1, 2, None), "1:2:all"),
        (Conversation(None, 2, None), "dm:2:all"),
        (Conversation(LARGEST, LARGEST, LARGEST), f"{LARGEST}:{LARGEST}:{LARGEST}"),
    ],
)
def test_conversation_is_read_back_from_its_text(conversation, text):
    assert str(conversation) == text
    assert Conversation.parse(text) == conversation


@pytest.mark.parametrize("branch", [0, 1, 9, 10, 12345])
def test_thread_id_names_conversation_and_branch(branch):
    conversation = Conversation(None, 22, None)

    assert parse_thread_id(conversation.thread_id(branch)) == (conversation, branch)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":",
        "::",
        "1:2",
        "1:2:3:4",
        "a:2:3",
        "1:dm:3",
        "all:2:3",
        "1:2:dm",
        "1::3",
        "1:2:",
        "DM:2:3",
        "1.5:2:3",
        "1:2:3\n",
        " 1:2:3",
        "1_000:2:3",
        "+1:2:3",
        "-1:2:3",
        "\u0661:2:3",  # the digit one of another script
    ],
)
def test_text_that_is_no_conversation_is_refused_and_named(text):
    with pytest.raises(ValueError, match="is not a conversation") as refused:
        Conversation.parse(text)

    assert repr(text) in str(refused.value)


@pytest.mark.parametrize(
    "text", ["", "1:2:3", "1:2:3:", "1:2:3:x", "1:2:3:-1", "1:2:3:1.0", "1:2:3:²", "1:2:3: 1", "7"]
)
def test_text_that_is_no_thread_is_refused(text):
    with pytest.raises(ValueError, match="is not a"):
        parse_thread_id(text)


def test_turn_key_tells_origin_and_attempt_apart():
    keys = {turn_key(kind, origin, attempt) for kind in "ab" for origin in (1, 11) for attempt in (0, 1, 10)}

    assert len(keys) == 12
    assert turn_key("message", 5) == "message:5:0"
