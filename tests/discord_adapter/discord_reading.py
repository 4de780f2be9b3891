"""Discord's reading of a message, and a text found again in its parts: written apart from the code they check."""

import re
from itertools import pairwise

import regex

# As in the client: code block, then quote at the start of a line, escape, code within a line.
_CODE = re.compile(r"```(?:([a-z0-9_+\-.#]+?)\n)?\n*([^\n][\s\S]*?)\n*```", re.IGNORECASE)
_QUOTE = re.compile(r" *> [^\n]*(?:\n *> [^\n]*)*\n?")
_ESCAPE = re.compile(r"\\[^0-9A-Za-z\s]")
_INLINE = re.compile(r"(`+)([\s\S]*?[^`])\1(?!`)")

URL = re.compile(r"(?<!\w)https?://[^\s<>|)\]*]+")
TOKEN = re.compile(r"<(?:@[!&]?\d+|#\d+|a?:\w+:\d+|t:-?\d+(?::\w)?|id:\w+|/[\w ]+:\d+)>")
_ADDED_OPENINGS = [re.compile(form) for form in (r"(?:> )?```[\w+.#-]{0,24}\n", r"> ```[\w+.#-]{0,24}\n> ", r"> ")]
_ADDED_CLOSING = re.compile(r"\n(?:> )?```\Z|`{1,3}\Z")
_SWALLOWED = re.compile(r"(?:\s|(?<=\n) *>)*```")
_SPACE = re.compile(r"\s*")
_EMPTY = re.compile(r"(?:(?<![^\n]) *>(?=[^\S\n]*(?:\n|\Z))|\s)*")

# What opening and closing a code block again may take of a part.
_FENCES = 60


def length(part):
    """In UTF-16 code units, counted one by one."""
    return sum(2 if ord(character) > 0xFFFF else 1 for character in part)


def code_blocks(message):
    """What Discord shows as code blocks (language and content), and how often three backticks are left over."""
    blocks, stray, at = [], 0, 0
    while at < len(message):
        if match := _CODE.match(message, at):
            blocks.append((match[1] or "", match[2]))
        elif (at == 0 or message[at - 1] == "\n") and (match := _QUOTE.match(message, at)):
            inner = re.sub(r"(?m)^ *> ", "", match[0])
            quoted, left = code_blocks(inner) if not _QUOTE.match(inner) else ([], 0)
            blocks += quoted
            stray += left
        elif not (match := _ESCAPE.match(message, at) or _INLINE.match(message, at)):
            if message.startswith("```", at):
                stray += 1
                at += 2
            at += 1
            continue
        at = match.end()
    return blocks, stray


def places(text, parts):
    """Where each part stands in the text: (start, end), exact to the character; None when they do not make the text.

    Between two parts there may be white space only, or a closing fence that the first part has already.
    """
    return _places(text, parts, 0, 0)


def _places(text, parts, index, at):
    if index == len(parts):
        return [] if re.fullmatch(r"[\s`>]*", text[at:]) else None
    for body in _bodies(parts[index], first=index == 0):
        for start in _starts(text, at):
            if body and text.startswith(body, start):
                rest = _places(text, parts, index + 1, start + len(body))
                if rest is not None:
                    return [(start, start + len(body)), *rest]
    return None


def _bodies(part, *, first):
    """What may be of the text in a part, when a fence was opened or closed in it."""
    openings = [0] if first else [0, *(match.end() for form in _ADDED_OPENINGS if (match := form.match(part)))]
    closings = [len(part)]
    if match := _ADDED_CLOSING.search(part):
        closings += [match.start(), *range(match.start(), len(part))]
    return [part[start:end] for start in openings for end in closings]


def _starts(text, at):
    starts = [at]
    if text.startswith("\n", at):
        starts.append(at + 1)
    swallowed = _SWALLOWED.match(text, at)
    for after in (at, *([swallowed.end()] if swallowed else [])):
        starts.append(after)
        for empty in (_SPACE, _EMPTY):
            words = empty.match(text, after).end()
            starts += [words, max(text.rfind("\n", 0, words) + 1, after)]
    return dict.fromkeys(starts)


def cut_through(text, spans, limit):
    """What was cut though it could have stayed whole: characters as people see them, tokens, links."""
    cuts = [(end, start) for (_, end), (start, _) in pairwise(spans)]
    things = [match.span() for pattern in (URL, TOKEN) for match in pattern.finditer(text)]
    things += [match.span() for match in regex.finditer(r"\X", text)]
    return [
        text[start:end]
        for start, end in things
        if length(text[start:end]) <= limit - _FENCES
        for before, after in cuts
        if (start < before < end or start < after < end) and before == after
    ]
