"""Texts as models write them, and worse ones, for property-based tests."""

from hypothesis import strategies as st

_WORDS = [
    *("word", "longer", "and", "sentence.", "question?", "comma,", "我能吞下玻璃。", "x" * 90, "don't"),
    *("👩‍👩‍👧‍👦", "👍🏽", "🇩🇪🇫🇷", "❤️", "e\u0301\u0323", "क्षत्रिय", "\u200fעלם\u200f", "a\u0308o\u0308"),
    *("`code`", "``a ` b``", "`` ``` ``", "**bold words**", "*slanted*", "~~struck~~", "||a spoiler||", "\\*"),
    *("<@123456789012345678>", "<#123456789012345678>", "<:clew:123456789012345678>", "<t:1618953630:R>"),
    *("https://example.com/a/path?with=query&and=more", "[a link](https://example.com/x)", "</ask now:1234567890>"),
]
_CODE_LINES = [
    "x = 1",
    "",
    "    return `x`",
    "# > not a quote",
    "y" * 60,
    "- no item",
    "👩‍👩‍👧 = '`'",
    "if a || b:",
    "** kw",
]
_LANGUAGES = ["", "py", "c++", "python title='a.py'", "objective-c"]

_line = st.lists(st.sampled_from(_WORDS), min_size=1, max_size=25).map(" ".join)
_code = st.lists(st.sampled_from(_CODE_LINES), min_size=1, max_size=40).map(lambda lines: ["x = 0", *lines])
_language = st.sampled_from(_LANGUAGES)


def _fenced(language, lines, before=""):
    return "\n".join(before + line for line in [f"```{language}", *lines, "```"])


_blocks = st.one_of(
    _line,
    _line,
    st.lists(_line, min_size=1, max_size=3).map("\n".join),
    st.lists(_line, min_size=1, max_size=12).map(lambda lines: "\n".join(f"- {line}" for line in lines)),
    st.lists(_line, min_size=1, max_size=6).map(lambda lines: "\n\n".join(f"1. {line}\n   - {line}" for line in lines)),
    st.lists(_line, min_size=1, max_size=4).map(lambda lines: "\n".join(f"> {line}" for line in lines)),
    _line.map(lambda line: f"## {line[:40]}".replace("`", "")),
    st.builds(_fenced, _language, _code),
    st.builds(_fenced, _language, _code, st.just("   ")),
    st.builds(_fenced, st.sampled_from(["", "py"]), _code, st.just("> ")),
)
# Markdown that is right: what it opens, it closes.
MARKDOWN = st.lists(st.tuples(_blocks, st.sampled_from(["\n\n", "\n\n", "\n\n\n"])), min_size=1, max_size=14).map(
    lambda blocks: "".join(block + space for block, space in blocks)
)

# Anything, in any order.
PIECES = [
    *(f"{word} " for word in _WORDS),
    *(
        "\n",
        "\n\n",
        " ",
        "```",
        "```py\n",
        "```\n",
        "\n```\n",
        "~~~\n",
        "````md\n",
        "\n````\n",
        "   ```js\n",
        "\n\t```\n",
    ),
    *("`", "\\`", "|| ", "** ", "- item\n", "1. one\n", "  - nested\n", "> quoted\n", "> ", "> ```\n", "# Heading\n\n"),
    *(
        "> ```py\n> x = 1\n> ```\n",
        "\r\n",
        "\ud83d",
        "    code\n",
        "[",
        "](",
        "<",
        "https://",
        "| a | b |\n",
        "|---|---|\n",
    ),
]
ANYTHING = st.lists(st.sampled_from(PIECES), max_size=120).map("".join)
