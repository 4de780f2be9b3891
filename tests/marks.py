"""What tests need to look past the lines around foreign text, which bear a word that nobody can know beforehand."""

import re

from graph.foreign import Boundary
from playground.model import ModelServer

_LINE = re.compile(r"(?m)^⟦data \w+⟧\n|\n⟦end of data \w+⟧$")
_RULE = re.compile(r"\n\nText between a line ⟦data \w+⟧.*", re.DOTALL)


class _NoBoundary(Boundary):
    def prompt(self, prompt):
        return prompt

    def marked(self, messages):
        return list(messages)


PLAIN = _NoBoundary("none")
"""A boundary that marks nothing, for tests of what else a window does."""


def unmarked(messages):
    """The messages of a request as they would be without marks."""
    return [
        message | {"content": _plain(message["content"])} if "content" in message else message for message in messages
    ]


def _plain(content):
    if isinstance(content, str):
        return _LINE.sub("", _RULE.sub("", content))
    if not isinstance(content, list):
        return content
    return [block | {"text": _plain(block["text"])} if block.get("type") == "text" else block for block in content]


class MarksTakenOut(ModelServer):
    """An endpoint that keeps requests without the marks, and beside them as they came."""

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self.marked = []

    def _note(self, requests, request):
        if requests is self.requests:
            self.marked.append([dict(message) for message in request.messages])
            request.messages[:] = unmarked(request.messages)
        super()._note(requests, request)
