"""The headers of a dead letter say who, when, where and why."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts import dead_letters
from services.contracts.dead_letters import DeadLetter

LETTER = DeadLetter(
    service="ingest",
    time="2026-01-02T03:04:05.678Z",
    topic="articles.raw",
    partition=2,
    offset=2**62,
    attempt=3,
    reason="not_utf8: at byte 7",
    first_arrival_ms=1_767_323_045_678,
)


@pytest.mark.parametrize("letter", [LETTER, replace(LETTER, first_arrival_ms=None)])
def test_headers_are_read_as_they_were_written(letter: DeadLetter) -> None:
    assert DeadLetter.from_headers(letter.headers()) == letter


def test_tracing_travels_along_and_nothing_else() -> None:
    original = [("traceparent", b"00-1"), ("cookie", b"x"), ("newsline-attempt", b"9")]
    headers = LETTER.headers(original)
    assert headers[0] == ("traceparent", b"00-1")
    assert [name for name, _ in headers].count("newsline-attempt") == 1
    assert "cookie" not in dict(headers)


def test_dead_letters_are_grouped_by_the_first_word_of_their_reason() -> None:
    assert LETTER.code == "not_utf8"


def test_a_long_reason_is_cut() -> None:
    letter = replace(LETTER, reason="é" * 1000)
    assert DeadLetter.from_headers(letter.headers()).reason == "é" * 256


@pytest.mark.parametrize("value", [b"", b"0", b"-1", b"1.5", b"x", b"1000001", b"9" * 5000])
def test_a_forged_attempt_is_the_first(value: bytes) -> None:
    assert dead_letters.attempt([("newsline-attempt", value)]) == 1


@given(st.lists(st.tuples(st.text(max_size=5) | st.just("newsline-offset"), st.binary())))
def test_any_headers_can_be_read(headers: list[tuple[str, bytes]]) -> None:
    letter = DeadLetter.from_headers(headers)
    assert letter.offset >= 0
    assert letter.attempt >= 1


def test_the_time_of_a_dead_letter_is_utc_to_the_millisecond() -> None:
    now = dead_letters.now()
    assert (len(now), now[-1]) == (24, "Z")
