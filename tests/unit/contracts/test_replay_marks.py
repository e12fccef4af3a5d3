"""How dead letters are referred to, replayed, and marked as replayed."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts import dead_letters
from services.contracts.dead_letters import DeadLetter, DeadLetterRef
from services.contracts.replay_marks import ReplayMark, replayed_topic

LETTER = DeadLetter("ingest", "t", "articles.raw", 2, 9, 3, "no_text: x", 1_767_323_045_678)
REF = DeadLetterRef("articles.raw.dead", 0, 17)
NUMBERS = st.integers(min_value=0, max_value=2**63 - 1)


@given(NUMBERS, NUMBERS, NUMBERS)
def test_references_and_marks_are_read_as_they_were_written(one: int, two: int, three: int) -> None:
    ref, mark = DeadLetterRef("a.raw.dead", one, two), ReplayMark("a.raw.dead", one, two, three)
    assert DeadLetterRef.parse(str(ref)) == ref
    assert ReplayMark.parse(mark.key()) == mark


@pytest.mark.parametrize(
    "text", ["", "x", "x/0", "x/0/", "x/-1/2", "x/0/1_0", "x/0/٣", "x/0/ 1", "x/0/" + "9" * 5000]
)
def test_what_is_no_reference_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"number|values"):
        DeadLetterRef.parse(text)
    with pytest.raises(ValueError, match=r"number|values"):
        ReplayMark.parse(text.encode())


@given(st.binary())
def test_any_key_is_a_mark_or_refused(key: bytes) -> None:
    with suppress(ValueError):
        assert ReplayMark.parse(key).first >= 0


def test_a_replay_keeps_tracing_and_time_and_counts_one_more() -> None:
    original = LETTER.headers([("traceparent", b"00-1"), ("newsline-replay-of", b"earlier/0/1")])
    assert ("newsline-replay-of", b"earlier/0/1") in original
    assert LETTER.replay_headers(REF, original) == [
        ("traceparent", b"00-1"),
        ("newsline-attempt", b"4"),
        ("newsline-replay-of", b"articles.raw.dead/0/17"),
        ("newsline-first-arrival", b"1767323045678"),
    ]


def test_an_arrival_that_nobody_knows_is_not_invented() -> None:
    unknown = DeadLetter.from_headers([])
    assert dict(unknown.replay_headers(REF, [])).keys() == {
        "newsline-attempt",
        "newsline-replay-of",
    }


def test_what_a_record_replays_is_known_to_the_end_of_the_flow() -> None:
    headers = LETTER.replay_headers(REF, [])
    assert dead_letters.carried(headers) == [("newsline-replay-of", b"articles.raw.dead/0/17")]


def test_headers_without_a_value_and_forged_long_ones_do_not_travel() -> None:
    forged = [
        ("traceparent", None),
        ("newsline-replay-of", None),
        ("newsline-replay-of", b"x" * 301),
    ]
    assert dead_letters.carried(forged) == []  # type: ignore[arg-type] # as Kafka's clients do
    assert DeadLetter.from_headers([("newsline-reason", None)]).reason == ""  # type: ignore[list-item]


def test_a_namespace_has_its_own_marks() -> None:
    assert replayed_topic("") == "articles.replayed"
    assert replayed_topic("staging") == "staging.articles.replayed"
