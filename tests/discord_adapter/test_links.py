"""Masked links: what looks like another address shows where it leads; the rest stays as it was written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discord_adapter.settings import LayoutSettings
from discord_adapter.text.layout import lay_out
from discord_adapter.text.links import with_true_hosts


@pytest.mark.parametrize(
    ("link", "host"),
    [
        ("[bank.example](https://evil.example/x)", "evil.example"),
        ("[https://a.com/b](<https://b.com>)", "b.com"),
        ("[a.com](https://a.com@b.com/)", "b.com"),
        ("[a.com](https://a.com.b.com/)", "a.com.b.com"),
        ("[a.com](https://b.com 'a.com')", "b.com"),
        ('[a.com](https://b.com "it\'s \n a.com" )', "b.com"),
        ("[a.com](https://b.com/x_(y))", "b.com"),
        ("[[a.com]](https://b.com)", "b.com"),
        ("[the new\na.com](https://b.com)", "b.com"),
        ("[a.com [b [c] d](https://b.com)", "b.com"),
        (r"[a.com](https://b.com\@a.com)", "b.com"),
        (r"[a.com](https://a.com\@b.com)", "b.com"),
        (r"[a.com](https://b.com\\@a.com)", "b.com"),
        ("[a.com](https:/b.com)", "b.com"),
        ("[a.com](https://b_b.com)", r"b\_b.com"),
        ("[a.com](https://\u0430pple.com)", "xn--pple-43d.com"),
        ("[a.com](https://[x)", "an unreadable address"),
        (r"[a\.com](https://b.com)", "b.com"),
        ("[a\uff0ecom](https://b.com)", "b.com"),
        ("[https://a\u3002com](https://b.com)", "b.com"),
        ("[a\uff61com](https://b.com)", "b.com"),
        ("[a.com](https://b\u3002com)", "b.com"),
        ("[`a`.com](https://b.com)", "b.com"),
    ],
)
def test_link_that_looks_like_another_address_shows_where_it_leads(link, host):
    assert with_true_hosts(f"See {link}!") == f"See {link} (leads to {host})!"


def test_address_that_may_end_at_several_places_shows_where_it_leads_at_the_first():
    assert with_true_hosts("[a.com](https://b.com/(x y)(z)") == "[a.com](https://b.com/(x y) (leads to b.com)(z)"


@pytest.mark.parametrize(
    "text",
    [
        "[the manual](https://docs.example.com/x)",
        "[example.com](https://docs.example.com/x)",
        "[**docs**.example.com](https://docs.example.com/x)",
        "[bücher.example](https://BÜCHER.example./x)",
        "[a.com](https://a\u3002com)",
        "[a\u3002com](https://a.com)",
        "[a_b.example.com](https://a_b.example.com)",
        "`[a.com](https://b.com)`",
        "``[a.com](https://b.com) ` ``",
        "`a\n[a.com](https://b.com)`",
        "```\n[a.com](https://b.com)\n```",
        "```\n[a.com](https://b.com)",
        "[a.com] (https://b.com)",
        "a.com and https://b.com",
    ],
)
def test_other_texts_stay_as_they_are(text):
    assert with_true_hosts(text) == text


LINK = "[a.com](https://b.com)"


@pytest.mark.parametrize(
    "text",
    [
        f"`a\n`{LINK}`",
        rf"\`{LINK}\`",
        f"see ``` here: {LINK}",
        f"a stray ` before {LINK}",
        f"[a ` b](https://x.com) {LINK} `",
        f"`[` [x] {LINK} y](https://x.com)",
        rf"\[a](https://x.com 'b {LINK} c')",
        f"https://x.com/[a](https://x.com'b {LINK} 'c')",
        f"| a |\n| --- |\n| {LINK} and so many words that no column would hold them, {'and more ' * 30}|",
    ],
)
def test_link_is_seen_where_discord_sees_one(text):
    assert f"{LINK} (leads to b.com)" in "\n".join(lay_out(text, LayoutSettings(), complete=True).parts)


_UNSEEN = st.text(["*", "_", "~", "|", "\u200b", "\u2060", "\u00ad", "\ufe0f", "\u034f"], max_size=3)


@given(st.lists(_UNSEEN, min_size=9, max_size=9), st.sampled_from(["", "\\"]))
def test_nothing_unseen_in_its_words_hides_an_address(unseen, escape):
    words = "".join(map(str.__add__, unseen, ["b", "a", "n", "k", f"{escape}.", "c", "o", "m", ""]))
    assert with_true_hosts(f"[{words}](https://evil.example)").endswith(" (leads to evil.example)")
    assert with_true_hosts(f"[{words}](https://bank.com)") == f"[{words}](https://bank.com)"


def test_answer_that_grows_shows_where_a_link_leads_as_soon_as_it_is_one_and_code_stays_code():
    text = f"See {LINK} first.\n```py\nprint('{LINK}')\n```\nThen ``` is {LINK} again."
    before = 0
    for end in range(1, len(text) + 1):
        (shown,) = lay_out(text[:end], LayoutSettings(), complete=False).parts
        links = shown.count(f"{LINK} (leads to b.com)")
        assert links >= before
        assert "print" not in shown or f"print('{LINK} (" not in shown
        before = links
    assert before == 2


@pytest.mark.parametrize("brackets", ["[" * 600 + "]" * 1390, "[" * 990 + "]" * 990])
def test_text_full_of_brackets_takes_no_time_and_every_link_in_it_shows_its_host(brackets):
    text = f"{brackets}(https://evil.example) " * 20
    assert with_true_hosts(text).count(" (leads to evil.example)") == 20
