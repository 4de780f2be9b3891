from __future__ import annotations

import pytest

from tools.results import NOTHING, result_text

TEXT = {"type": "text", "text": "hello"}


@pytest.mark.parametrize(
    ("blocks", "structured", "text"),
    [
        ([], None, NOTHING),
        ([{"type": "text", "text": ""}], None, NOTHING),
        ([TEXT, TEXT], None, "hello\nhello"),
        ([TEXT], {"said": "hello"}, "hello"),
        ([], {"said": "h\u00e9"}, '{"said": "h\u00e9"}'),
        ([{"type": "text", "text": ""}], {"said": 1}, '{"said": 1}'),
        ([{"type": "image", "mimeType": "image/png", "data": "AAAA" * 400}], None, "[image, image/png, 1,200 bytes]"),
        ([{"type": "audio", "mimeType": "audio/wav", "data": "AAAA"}], None, "[audio, audio/wav, 3 bytes]"),
        (
            [{"type": "resource_link", "uri": "file:///a", "name": "a", "description": "two\nlines"}],
            None,
            "[link to a resource, file:///a, two lines]",
        ),
        (
            [{"type": "resource", "resource": {"uri": "file:///a", "mimeType": "text/plain", "text": "inside"}}],
            {"said": 1},
            "[resource, file:///a, text/plain]\ninside",
        ),
        (
            [{"type": "resource", "resource": {"uri": "file:///a", "blob": "AAAA"}}],
            None,
            "[resource, file:///a, 3 bytes]",
        ),
        (
            [{"type": "image", "mimeType": "image/png", "data": "AAAA"}],
            {"w": 1},
            '[image, image/png, 3 bytes]\n{"w": 1}',
        ),
    ],
)
def test_every_kind_of_block_becomes_text(blocks, structured, text):
    assert result_text(blocks, structured, limit=1000) == text


def test_a_long_text_is_cut_and_says_by_how_much():
    long = [{"type": "text", "text": "x" * 3000}]
    assert result_text(long, None, limit=1000) == "x" * 1000 + "\n[cut here: 2,000 more characters were left out]"
    assert result_text(long, None, limit=3000) == "x" * 3000
