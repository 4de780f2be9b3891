"""What somebody sends in a form is taken as it stands, or refused in one sentence."""

import pytest

from discord_adapter.forms import FormError, parsed


def test_pairs_of_surrogates_and_what_is_nested_deeply_are_taken():
    assert parsed('{"a": "\\ud83e\\udd8a"}') == {"a": "🦊"}
    assert parsed(f'{{"a": {"[" * 149}{"]" * 149}}}')


def test_numbers_of_every_size_that_can_be_sent_are_taken():
    assert parsed('{"a": 1e308, "b": -1.5, "c": 1e-999, "d": 18446744073709551615}') == {
        "a": 1e308,
        "b": -1.5,
        "c": 0.0,
        "d": 2**64 - 1,
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"a": 1e999}', "1e999 is too large for a number"),
        ('{"a": [-1e999]}', "-1e999 is too large for a number"),
        ('{"a": 18446744073709551616}', "18446744073709551616 is too large for a number"),
        ('{"a": -9223372036854775809}', "-9223372036854775809 is too large for a number"),
        (f'{{"a": {"9" * 5000}}}', f"{'9' * 40} is too large for a number"),
        ('{"a": NaN}', "JSON has no NaN and no Infinity"),
        ('{"a": -Infinity}', "JSON has no NaN and no Infinity"),
        (f'{{"a": {"[" * 100_000}', "This is nested too deeply"),
        (f'{{"a": {"[" * 200}{"]" * 200}}}', "This is nested too deeply"),
        ('{"a": ["\\ud800"]}', "Half of a surrogate pair stands in it, which is no character"),
        ('{"\\udfff": 1}', "Half of a surrogate pair stands in it, which is no character"),
        ('{"a": 1, "a": 2}', "A name stands in it twice"),
        ("[1]", "This is JSON but no object, as in {…}"),
        ('{"a"', "This is not JSON (line 1, column 5)"),
    ],
)
def test_what_cannot_be_taken_is_one_sentence(text, words):
    with pytest.raises(FormError) as refused:
        parsed(text)

    assert str(refused.value) == f"{words}, so nothing was changed."
