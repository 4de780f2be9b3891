"""Discord's Markdown as the page shows it, and plain names that become mentions."""

import pytest

from playground import LocalDiscord
from playground.page.emoji import with_emoji
from playground.page.markup import Names, to_html
from playground.page.rows import Looking
from playground.page.writing import with_mentions, without_mentions

NAMES = Names(users={1: "alice", 2: "<clew>"}, channels={5: "general"}, roles={7: "staff"}, me=1)
SHOWN = [
    ("**bold** and *italic* and _too_", "<strong>bold</strong> and <em>italic</em> and <em>too</em>"),
    ("***both***", "<strong><em>both</em></strong>"),
    ("**bold with *italic* inside**", "<strong>bold with <em>italic</em> inside</strong>"),
    ("__under__ ~~gone~~", "<u>under</u> <s>gone</s>"),
    ("||secret||", '<span class="spoiler">secret</span>'),
    ("snake_case_name and 2 * 3 * 4", "snake_case_name and 2 * 3 * 4"),
    (r"\*not italic\*", "*not italic*"),
    ("`a **b** <i>`", "<code>a **b** &lt;i&gt;</code>"),
    ("``a ` b``", "<code>a ` b</code>"),
    (
        "before\n```py\nx = '<b>'\n```\nafter",
        'before<pre data-language="py"><code>x = &#x27;&lt;b&gt;&#x27;</code></pre>after',
    ),
    ("```one line```", "<pre><code>one line</code></pre>"),
    ("> a *quote*\n> of two\nplain", "<blockquote>a <em>quote</em><br>of two</blockquote>plain"),
    (">>> all\nof it", "<blockquote>all<br>of it</blockquote>"),
    ("- one\n- two\n  - deep\n- three", "<ul><li>one</li><li>two<ul><li>deep</li></ul></li><li>three</li></ul>"),
    ("3. three\n4. four", '<ol start="3"><li>three</li><li>four</li></ol>'),
    ("- a\n1. b", '<ul><li>a</li></ul><ol start="1"><li>b</li></ol>'),
    ("# Big\n### Small\n#nothing", "<h1>Big</h1><h3>Small</h3>#nothing"),
    ("-# fine print", "<small>fine print</small>"),
    ("a\nb", "a<br>b"),
    ("<@1> <@!2> <@9>", None),
    ("<#5> <@&7>", '<span class="mention">#general</span> <span class="mention">@staff</span>'),
    ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
    ("<:party:123>", ":party:"),
    ("</memory show:123>", '<span class="mention">/memory show</span>'),
]


@pytest.mark.parametrize(("content", "shown"), [pair for pair in SHOWN if pair[1]], ids=lambda each: each[:20])
def test_content_is_shown_as_discord_shows_it(content, shown):
    assert to_html(content, NAMES) == shown


def test_mentions_show_names_and_ones_own_stands_out():
    shown = to_html("<@1> <@!2> <@9>", NAMES)
    assert '<span class="mention own">@alice</span>' in shown
    assert "@&lt;clew&gt;" in shown
    assert "@unknown-user" in shown


@pytest.mark.parametrize(
    ("content", "target", "text"),
    [
        ("see https://a.example/x_y_z.", "https://a.example/x_y_z", "https://a.example/x_y_z"),
        ("(https://a.example)", "https://a.example", "https://a.example"),
        ("<https://a.example/b>", "https://a.example/b", "https://a.example/b"),
        ("[the *page*](https://a.example/?a=1&b=2)", "https://a.example/?a=1&amp;b=2", "the <em>page</em>"),
    ],
)
def test_links_lead_where_they_say(content, target, text):
    assert f'<a href="{target}" target="_blank" rel="noreferrer noopener">{text}</a>' in to_html(content, NAMES)


def test_other_schemes_are_no_links():
    assert "<a" not in to_html("[click](javascript:alert(1)) javascript:alert(1)", NAMES)


@pytest.mark.parametrize(
    "attack", ['"><img src=x onerror=alert(1)>', "**<b onclick='x'>**", "[<i>](https://a.example/\"onx=')"]
)
def test_nothing_of_the_content_becomes_an_element(attack):
    shown = to_html(attack, NAMES)
    assert not any(f"<{tag}" in shown for tag in ("img", "b ", "i>"))
    assert '"onx' not in shown


def test_a_time_is_shown_in_words():
    assert "1970" in to_html("<t:0:D>", NAMES)
    assert "years ago" in to_html("<t:0:R>", NAMES) or "days ago" in to_html("<t:0:R>", NAMES)
    assert to_html("<t:9999999999999:D>", NAMES) == "&lt;t:9999999999999:D&gt;"


def test_emoji_alone_are_large():
    assert to_html("🎉 🎉", NAMES).startswith('<span class="jumbo">')
    assert "jumbo" not in to_html("🎉 well done", NAMES)
    assert "jumbo" not in to_html("…", NAMES)


def test_emoji_have_an_icon_for_machines_without_them():
    assert with_emoji("✅ <") == '<span class="emoji" data-icon="check_box" style="--ink:#77b255">✅</span> &lt;'


@pytest.fixture
def looking():
    discord = LocalDiscord()
    return Looking(discord, discord.user("alice"), discord.channel("general"))


def test_plain_names_become_mentions_and_come_back(looking):
    bot, lab = looking.discord.bot, looking.discord.channel("lab")
    sent = with_mentions("@clew, ask @Bob in #lab", looking)
    assert sent == f"<@{bot.id}>, ask <@{looking.discord.user('bob').id}> in <#{lab.id}>"
    assert without_mentions(sent, looking) == "@clew, ask @bob in #lab"


@pytest.mark.parametrize("text", ["mail@clew.example", "`@clew`", "```\n@clew\n```", "@clewless", "@nobody", "a#lab"])
def test_what_only_looks_like_a_name_stays(text, looking):
    assert with_mentions(text, looking) == text
