import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discord_adapter.files.text_files import framed, text_of

TEXT = "Zoë pays 5 € for 日本語.\n"


@pytest.mark.parametrize(
    ("encoding", "charset"),
    [
        ("utf-8", None),
        ("utf-8-sig", None),
        ("utf-16", None),
        ("utf-32", None),
        ("utf-8", "iso-8859-1"),  # Discord guesses; what is valid UTF-8 is UTF-8
        ("utf-16-le", "utf-16le"),
        ("utf-16-be", "UTF-16BE"),
        ("gb18030", "gb18030"),
    ],
)
def test_text_is_read_in_its_encoding(encoding, charset):
    assert text_of(TEXT.encode(encoding), charset) == TEXT


def test_text_with_a_declared_character_set_is_read():
    assert text_of("naïve café".encode("latin-1"), "ISO-8859-1") == "naïve café"
    assert text_of("naïve café".encode("cp1252"), "windows-1252") == "naïve café"
    assert text_of("日本語".encode("shift_jis"), "Shift_JIS") == "日本語"


@pytest.mark.parametrize("mark", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_byte_order_mark_is_believed_and_left_out(mark):
    assert text_of(("\ufeff" + TEXT).encode(mark)) == TEXT


@pytest.mark.parametrize(
    "charset", [None, "", "nonsense", "a\0b", "idna", "punycode", "hex", "unicode_escape", "utf-7"]
)
def test_text_of_an_unknown_character_set_is_no_text(charset):
    assert text_of("naïve café".encode("latin-1"), charset) is None


@pytest.mark.parametrize(
    "content",
    [
        b"MZ\x90\x00\x03\x00\x00\x00",
        b"text with one \x00 in it",
        bytes(range(1, 128)) * 10,
        b"\x1f\x8b\x08" + bytes(range(256)),
        b"%PDF-1.4\n1 0 obj << /Type /Catalog >> endobj\n",
    ],
)
def test_what_is_no_text_is_not_taken_for_text(content):
    assert text_of(content) is None
    assert text_of(content, "iso-8859-1") is None


def test_log_with_colours_is_text():
    log = "\x1b[31mERROR\x1b[0m something went wrong with the whole of it\r\n" * 10
    assert text_of(log.encode()) == log


def test_empty_file_is_an_empty_text():
    assert text_of(b"") == ""


def test_frame_names_the_file_and_holds_the_text():
    assert framed("File a.py, 6 characters", "x = 1\n") == "[File a.py, 6 characters]\n```\nx = 1\n```"
    assert framed("File a.py, 5 characters", "x = 1") == "[File a.py, 5 characters]\n```\nx = 1\n```"


@given(st.text(alphabet="`~ab \n", max_size=200))
def test_nothing_in_a_text_ends_its_frame(text):
    lines = framed("File x", text).splitlines()
    fence = lines[1]
    assert re.fullmatch("`{3,}", fence)
    assert lines[-1] == fence
    assert fence not in text


@given(st.binary(max_size=200), st.sampled_from([None, "utf-8", "latin-1", "utf-16", "shift_jis", "euc-kr", "x"]))
def test_any_bytes_are_text_or_not(content, charset):
    text = text_of(content, charset)
    assert text is None or "\0" not in text
