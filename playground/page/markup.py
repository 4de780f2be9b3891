"""Discord's flavour of Markdown as HTML: what its client shows of a message's content."""

import datetime as dt
import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from playground.page.emoji import with_emoji

_FENCE = re.compile(r"```(?:([\w+#.-]*)\n)?(.*?)\n?```\n?", re.DOTALL)
_LIST_ITEM = re.compile(r"^(\s*)(?:([-*])|(\d+)\.)\s+(.*)$")
_HEADING = re.compile(r"^(#{1,3})\s+(.+)$")
_EMOJI_ONLY = re.compile(r"^(?:[\u23e9-\u23fa\u2600-\u27bf\u2b50\ufe0f\u200d\U0001f000-\U0001faff]\s?){1,40}$")


@dataclass(frozen=True, slots=True)
class Names:
    """How ids are shown.

    Attributes:
        users: Names of users by id.
        channels: Names of channels by id.
        roles: Names of roles by id.
        me: The id of the user who looks, whose mentions stand out.
    """

    users: Mapping[int, str] = field(default_factory=dict[int, str])
    channels: Mapping[int, str] = field(default_factory=dict[int, str])
    roles: Mapping[int, str] = field(default_factory=dict[int, str])
    me: int | None = None


def to_html(content: str, names: Names) -> str:
    """Show a message's content.

    Args:
        content: The text as it was sent.
        names: What mentions are shown as.

    Returns:
        HTML in which everything of the text is escaped.
    """
    if _EMOJI_ONLY.match(content):
        return f'<span class="jumbo">{with_emoji(content)}</span>'
    shown: list[str] = []
    end = 0
    for fence in _FENCE.finditer(content):
        shown.append(_blocks(content[end : fence.start()].removesuffix("\n"), names))
        language = f' data-language="{html.escape(fence[1])}"' if fence[1] else ""
        shown.append(f"<pre{language}><code>{html.escape(fence[2])}</code></pre>")
        end = fence.end()
    return "".join([*shown, _blocks(content[end:], names)])


def _blocks(text: str, names: Names) -> str:
    if not text:
        return ""
    if ">>> " in text and (found := re.search(r"^>>> ", text, re.MULTILINE)):
        before = _blocks(text[: found.start()].removesuffix("\n"), names)
        return f"{before}<blockquote>{_blocks(text[found.end() :], names)}</blockquote>"
    shown: list[str] = []
    for kind, lines in _runs(text.split("\n")):
        if kind == "quote":
            quoted = "\n".join(line.removeprefix(">").removeprefix(" ") for line in lines)
            shown.append(f"<blockquote>{_blocks(quoted, names)}</blockquote>")
        elif kind == "list":
            shown.append(_items([line for line in lines if line.strip()], names))
        elif kind == "text":
            shown.append("<br>".join(inline(line, names) for line in lines))
        else:
            shown.append(_line(lines[0], names))
    return "".join(shown)


def _runs(lines: list[str]) -> list[tuple[str, list[str]]]:
    """Lines of one kind together; headings and small text stand alone."""
    runs: list[tuple[str, list[str]]] = []
    for line in lines:
        kind = _kind(line)
        if runs and runs[-1][0] == kind and kind != "line":
            runs[-1][1].append(line)
        else:
            runs.append((kind, [line]))
    return runs


def _kind(line: str) -> str:
    if line.startswith("> ") or line == ">":
        return "quote"
    if line.startswith("-# ") or _HEADING.match(line):
        return "line"
    return "list" if _LIST_ITEM.match(line) else "text"


def _line(line: str, names: Names) -> str:
    if line.startswith("-# "):
        return f"<small>{inline(line[3:], names)}</small>"
    heading = _HEADING.match(line)
    assert heading is not None  # noqa: S101 - `_kind` has seen it
    level = len(heading[1])
    return f"<h{level}>{inline(heading[2], names)}</h{level}>"


def _items(lines: list[str], names: Names) -> str:
    """A list, with deeper lists inside its items."""
    found = [(len(m[1]), m[3], m[4]) for line in lines if (m := _LIST_ITEM.match(line))]
    shown, position = _nested(found, 0, names)
    while position < len(found):
        more, position = _nested(found, position, names)
        shown += more
    return shown


def _nested(found: list[tuple[int, str | None, str]], position: int, names: Names) -> tuple[str, int]:
    depth, number, _ = found[position]
    tag, start = ("ol", f' start="{int(number)}"') if number else ("ul", "")
    shown = f"<{tag}{start}>"
    while position < len(found) and found[position][0] >= depth:
        deeper, numbered = found[position][0] > depth, found[position][1] is not None
        if not deeper and numbered != (number is not None):
            break
        if deeper:
            inner, position = _nested(found, position, names)
            shown = f"{shown.removesuffix('</li>')}{inner}</li>"
            continue
        shown += f"<li>{inline(found[position][2], names)}</li>"
        position += 1
    return f"{shown}</{tag}>", position


def _link(target: str, text: str) -> str:
    return f'<a href="{html.escape(target)}" target="_blank" rel="noreferrer noopener">{text}</a>'


def _mention(kind: str, name: str, *, own: bool = False) -> str:
    return f'<span class="mention{" own" if own else ""}">{kind}{html.escape(name)}</span>'


def _user(found: re.Match[str], names: Names) -> str:
    user_id = int(found[1])
    return _mention("@", names.users.get(user_id, "unknown-user"), own=user_id == names.me)


def _time(found: re.Match[str], names: Names) -> str:  # noqa: ARG001 - all makers are called alike
    formats = {"t": "%H:%M", "T": "%H:%M:%S", "d": "%d/%m/%Y", "D": "%d %B %Y", "F": "%A, %d %B %Y %H:%M"}
    try:
        at = dt.datetime.fromtimestamp(int(found[1]), tz=dt.UTC).astimezone()
    except (OverflowError, OSError, ValueError):
        return html.escape(found[0])
    shown = _relative(at) if found[2] == "R" else at.strftime(formats.get(found[2] or "f", "%d %B %Y %H:%M"))
    return f'<span class="timestamp" title="{at:%A, %d %B %Y %H:%M}">{shown}</span>'


def _relative(at: dt.datetime) -> str:
    seconds = (at - dt.datetime.now(dt.UTC)).total_seconds()
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second")):
        if abs(seconds) >= size or size == 1:
            count = round(abs(seconds) / size)
            words = f"{count} {unit}{'' if count == 1 else 's'}"
            return f"in {words}" if seconds > 0 else f"{words} ago"
    return "now"


Maker = Callable[[re.Match[str], Names], str]


def _wrapped(tag: str, css: str = "") -> Maker:
    opened = f'<{tag} class="{css}">' if css else f"<{tag}>"
    return lambda found, names: f"{opened}{inline(found[1], names)}</{tag}>"


_INLINE: list[tuple[re.Pattern[str], Maker]] = [
    (re.compile(r"\\([^\w\s])"), lambda found, _: html.escape(found[1])),
    (
        re.compile(r"``(.+?)``(?!`)|`([^`]+)`"),
        lambda found, _: f"<code>{html.escape((found[1] or found[2]).strip())}</code>",
    ),
    (
        re.compile(r"\[([^\]\n]+)\]\(<?(https?://[^\s)>]+)>?\)"),
        lambda found, names: _link(found[2], inline(found[1], names)),
    ),
    (re.compile(r"<(https?://[^\s>]+)>"), lambda found, _: _link(found[1], html.escape(found[1]))),
    (
        re.compile(r"https?://[^\s<>]*[^\s<>.,:;\"')\]!?*_~|]"),
        lambda found, _: _link(found[0], html.escape(found[0])),
    ),
    (re.compile(r"<@!?(\d+)>"), _user),
    (re.compile(r"<@&(\d+)>"), lambda found, names: _mention("@", names.roles.get(int(found[1]), "unknown-role"))),
    (re.compile(r"<#(\d+)>"), lambda found, names: _mention("#", names.channels.get(int(found[1]), "unknown"))),
    (re.compile(r"<t:(-?\d{1,13})(?::([tTdDfFR]))?>"), _time),
    (re.compile(r"<a?(:\w+:)\d+>"), lambda found, _: html.escape(found[1])),
    (re.compile(r"</([\w -]+):\d+>"), lambda found, _: _mention("/", found[1])),
    (re.compile(r"@(everyone|here)\b"), lambda found, _: _mention("@", found[1], own=True)),
    (
        re.compile(r"\*\*\*(?=\S)(.+?)(?<=\S)\*\*\*"),
        lambda found, names: f"<strong><em>{inline(found[1], names)}</em></strong>",
    ),
    (re.compile(r"\*\*(?=\S)(.+?)\*\*(?!\*)", re.DOTALL), _wrapped("strong")),
    (re.compile(r"__(?=\S)(.+?)__(?!_)", re.DOTALL), _wrapped("u")),
    (re.compile(r"~~(.+?)~~", re.DOTALL), _wrapped("s")),
    (re.compile(r"\|\|(.+?)\|\|", re.DOTALL), _wrapped("span", "spoiler")),
    (re.compile(r"\*(?=\S)((?:[^*]|\*\*[^*]+\*\*)+?)(?<=\S)\*(?!\*)"), _wrapped("em")),
    (re.compile(r"(?<!\w)_(?=\S)([^_]+?)_(?!\w)"), _wrapped("em")),
]
_SPECIAL = re.compile(r"[\\`\[<h@*_~|]")


def _special(text: str, position: int) -> tuple[re.Match[str], Maker] | None:
    for pattern, make in _INLINE:
        if made := pattern.match(text, position):
            return made, make
    return None


def inline(text: str, names: Names) -> str:
    """Show what stands inside a line: emphasis, code, links and mentions."""
    shown: list[str] = []
    plain = position = 0
    while special := _SPECIAL.search(text, position):
        position = special.start()
        found = _special(text, position)
        if found is None:
            position += 1
            continue
        made, make = found
        shown += [with_emoji(text[plain:position]), make(made, names)]
        plain = position = made.end()
    return "".join([*shown, with_emoji(text[plain:])])
