"""Masked links: what looks like another address shows where it leads; the rest stays as it was written."""

import pytest

from discord_adapter.text.links import with_true_hosts


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("[bank.example](https://evil.example/x)", "[bank.example](https://evil.example/x) (leads to `evil.example`)"),
        ("[https://a.com/b](<https://b.com>)", "[https://a.com/b](<https://b.com>) (leads to `b.com`)"),
        ("[a.com](https://a.com@b.com/)", "[a.com](https://a.com@b.com/) (leads to `b.com`)"),
        ("[a.com](https://a.com.b.com/)", "[a.com](https://a.com.b.com/) (leads to `a.com.b.com`)"),
    ],
)
def test_link_that_looks_like_another_address_shows_where_it_leads(text, shown):
    assert with_true_hosts(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "[the manual](https://docs.example.com/x)",
        "[example.com](https://docs.example.com/x)",
        "`[a.com](https://b.com)`",
        "```\n[a.com](https://b.com)\n```",
        "```\n[a.com](https://b.com)",
        "[a.com] (https://b.com)",
        "a.com and https://b.com",
    ],
)
def test_other_texts_stay_as_they_are(text):
    assert with_true_hosts(text) == text
