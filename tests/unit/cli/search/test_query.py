from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.cli.search.query import (
    END_MARK,
    MARK,
    Order,
    SearchQuery,
    SentimentLabel,
    search_request,
)
from services.cli.search.render import highlighted


def filters(query: SearchQuery) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = search_request(query)["query"]["bool"]["filter"]
    return found


def test_without_words_all_articles_match_and_the_newest_comes_first() -> None:
    asked = search_request(SearchQuery("  "))
    assert asked["query"]["bool"]["must"] == [{"match_all": {}}]
    assert next(iter(asked["sort"][0])) == "published_at"


def test_words_are_ranked_unless_the_newest_are_asked_for() -> None:
    assert search_request(SearchQuery("kim"))["sort"][0] == "_score"
    assert "_score" not in search_request(SearchQuery("kim", order=Order.NEWEST))["sort"]


def test_every_filter_must_hold() -> None:
    asked = SearchQuery(
        people=("A", "B"), entities=("C",), sentiment=SentimentLabel.NEGATIVE, source="S"
    )
    found = filters(asked)
    terms = [
        (field, term["value"]) for f in found if "term" in f for field, term in f["term"].items()
    ]
    assert terms == [
        ("people", "A"),
        ("people", "B"),
        ("sentiment.label", "negative"),
        ("source", "S"),
    ]
    assert [f["nested"]["path"] for f in found if "nested" in f] == ["entities"]


def test_only_the_bounds_that_are_given_are_asked_for() -> None:
    assert filters(SearchQuery()) == []
    assert filters(SearchQuery(since="2025-12-01")) == [
        {"range": {"published_at": {"gte": "2025-12-01"}}}
    ]


def test_copies_are_left_out_only_if_that_is_asked_for() -> None:
    assert filters(SearchQuery(copies=True)) == []
    assert filters(SearchQuery(copies=False)) == [
        {"bool": {"must_not": {"exists": {"field": "duplicate_of"}}}}
    ]


@given(st.text(alphabet=[MARK, END_MARK, "a", "[", "]", "\x1b"]))
def test_highlights_of_any_shape_are_printed_safely(passage: str) -> None:
    text = highlighted(passage)
    assert MARK not in text.plain
    assert END_MARK not in text.plain
    assert "\x1b" not in text.plain
    assert text.plain.count("a") == passage.count("a")


def test_what_matches_is_styled() -> None:
    text = highlighted(f"a {MARK}war{END_MARK} b")
    assert text.plain == "a war b"
    assert [text.plain[span.start : span.end] for span in text.spans] == ["war"]
