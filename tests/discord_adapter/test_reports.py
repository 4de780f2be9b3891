import pytest

from discord_adapter.files.reports import Cut, Left, notice, size_words, unreadable, visible_name
from graph.attached import Attached


def a_file(name, **fields):
    return Attached("http://127.0.0.1/x", name, 1234, **fields)


def test_files_are_named_by_their_reason():
    left = [Left(a_file(f"{n}.bin"), "empty") for n in range(5)] + [Left(a_file("x.heic"), "too large")]
    assert notice(left, None) == "I answer without `0.bin`, `1.bin`, `2.bin` and 2 more (empty), `x.heic` (too large)."


def test_notice_has_room_for_the_longest_names_and_reasons():
    name = "n" * 200
    reasons = [f"a reason of some words, number {n}, and then some more" for n in range(10)]
    left = [Left(a_file(name), reason) for reason in reasons for _ in range(4)]
    line = notice(left, Cut(a_file(name), 50_000, 20_000_000))

    assert len(line) <= 500
    assert line.startswith("I answer without `nnnn")
    assert " and 36 more. I read only the first 50,000 of 20,000,000 characters of `nnnn" in line


def test_nothing_left_out_is_no_notice():
    assert notice([], None) is None


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a.png", "a.png"),
        ("", "unnamed"),
        ("`[x]`\n.txt", "'(x)'\ufffd.txt"),
        ("gpj\u202eexe.txt", "gpj\ufffdexe.txt"),
        ("a" * 40 + ".tar.gz", "a" * 20 + "…" + "aaaaa.tar.gz"),
        ("写真.jpg", "写真.jpg"),
    ],
)
def test_name_is_short_and_hides_nothing(name, shown):
    assert visible_name(a_file(name)) == shown


@pytest.mark.parametrize(
    ("content_type", "said"),
    [(None, "unknown type"), ("text/plain; charset=utf-8", "text/plain"), ("a/b]\n[c", "unknown type")],
)
def test_declared_type_is_said_when_it_is_one(content_type, said):
    assert unreadable(Left(a_file("a", content_type=content_type), "empty")) == (
        f"[The user attached a ({said}, 1.2 kB); it cannot be read: empty.]"
    )


def test_sizes_are_said_for_people():
    assert [size_words(size) for size in (0, 999, 1000, 1_250_000, 20 * 1024**2)] == [
        "0 bytes",
        "999 bytes",
        "1.0 kB",
        "1.2 MB",
        "21.0 MB",
    ]
