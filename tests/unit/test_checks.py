"""The checks of values from outside, and the sentence that each check gives."""

import math

import pytest

from v2h.checks import Count, Range, hint, one_of, shown, utf8

AMPS = Range(1, 16, "A")


@pytest.mark.parametrize("value", [1, 16, 7.5])
def test_a_number_of_the_range_fits(value: float) -> None:
    assert AMPS.fits(value) and AMPS.read(str(value)) == value


def test_text_of_any_editor_is_read_and_another_encoding_is_named_with_its_line() -> None:
    assert utf8(b"\xef\xbb\xbf{}\r\nx\r") == "{}\nx\n"
    with pytest.raises(ValueError, match=r"line 2 is not UTF-8 .byte 0xe4.: save the file as UTF-8"):
        utf8("a\nK\u00e4fer".encode("latin-1"))
    with pytest.raises(ValueError, match=r"line 1 is not UTF-8 .byte 0xff."):
        utf8("{}".encode("utf-16"))


@pytest.mark.parametrize("value", [0.99, 16.01, math.nan, math.inf, 10**400, -(10**400), True, "7", None, [7], {}])
def test_anything_else_does_not(value: object) -> None:
    assert not AMPS.fits(value)


@pytest.mark.parametrize("text", ["", "seven", "nan", "inf", "17", "0x7"])
def test_a_text_that_means_no_number_of_the_range_says_what_was_expected(text: str) -> None:
    with pytest.raises(ValueError, match=r"^a number from 1 to 16 A$"):
        AMPS.read(text)


def test_null_means_no_limit_only_where_it_is_allowed() -> None:
    fuse = Range(10, 200, "A", null=True)
    assert fuse.fits(None) and not AMPS.fits(None)
    assert str(fuse) == "a number from 10 to 200 A, or null for no limit"


def test_a_unit_that_is_a_sentence_stands_in_brackets() -> None:
    assert (
        str(Range(0, 60, "s by which the reading is late")) == "a number from 0 to 60 (s by which the reading is late)"
    )
    assert str(Range(0, 1)) == "a number from 0 to 1"


@pytest.mark.parametrize("text", ["0", "501", "1.5", "-1", "\u0661", "9" * 30, ""])
def test_a_count_is_written_in_digits_and_within_its_range(text: str) -> None:
    with pytest.raises(ValueError, match=r"^a whole number from 1 to 500$"):
        Count(1, 500).read(text)
    assert Count(1, 500).read("500") == 500


def test_a_wrong_value_is_shown_and_cut() -> None:
    assert shown("x") == "'x'" and len(shown("x" * 999)) == 60


def test_a_hint_names_the_nearest_word_or_all() -> None:
    assert hint("chrge", ["charge", "hold"]) == "; did you mean charge?"
    assert hint("maxchargea", ["max_charge_a"], "limits.") == "; did you mean limits.max_charge_a?"
    assert hint(5, ["charge", "hold"]) == "; known here: charge, hold"
    assert one_of(["a", "b"]) == "one of a, b"
