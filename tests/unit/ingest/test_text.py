"""Strings → one spelling of them."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.text import clean_line, clean_text


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("  a \t b  ", "a b"),
        ("a\r\nb\rc\u2028d\x0be", "a\nb\nc\nd\ne"),
        ("a\n \n\t\n\n b", "a\n\nb"),
        ("a\x01\x7f\x9fb\ufeff", "ab"),
        ("a \nb", "a\nb"),
        ("e\u0301", "é"),
        ("e\x01\u0301", "é"),
        ("a\u00a0\u2009b\u3000c", "a b c"),
        ("\x01 \n", ""),
    ],
)
def test_text_has_one_spelling(raw: str, clean: str) -> None:
    assert clean_text(raw) == clean


def test_a_line_has_no_line_ends() -> None:
    assert clean_line(" a\n\nb\tc\r\n") == "a b c"


def test_a_long_run_of_marks_is_cut_by_a_joiner_and_a_short_one_is_not() -> None:
    assert clean_text("a" + "\u0316" * 30) == "a" + "\u0316" * 30
    assert clean_text("a" + "\u0316" * 31) == "a" + "\u0316" * 30 + "\u034f" + "\u0316"
    assert clean_text("\U00017000" * 40) == "\U00017000" * 40


PIECES = st.sampled_from([" ", "\n", "\r\n", "\t", "\x01", "\u0301", "e", "\u0316", "\u2028", "가"])


@given(st.text() | st.lists(PIECES).map("".join))
def test_clean_text_stays_as_it_is(raw: str) -> None:
    clean = clean_text(raw)

    assert clean_text(clean) == clean
    assert unicodedata.is_normalized("NFC", clean)
    assert not {char for char in clean if unicodedata.category(char) == "Cc"} - {"\n"}
    assert "\n\n\n" not in clean
    assert "  " not in clean
