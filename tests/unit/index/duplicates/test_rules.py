from datetime import timedelta
from typing import Any

import pytest

from services.contracts.articles import Status
from services.index.duplicates.rules import (
    MIN_CHARACTERS,
    FingerprintedArticle,
    are_near,
    choose_original,
    comparable_fingerprint,
    fingerprinted,
)
from tests.fakes.records import ARRIVAL, enriched

WINDOW = timedelta(hours=72)
LONG = "x" * MIN_CHARACTERS


def one(name: str, value: int = 0, hours: float = 0, of: str | None = None) -> FingerprintedArticle:
    return FingerprintedArticle(name, value, ARRIVAL + timedelta(hours=hours), of)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, "0123456789abcdef"),
        ({"text": LONG[1:]}, None),
        ({"fingerprint": None}, None),
        ({"fingerprint": "0123456789ABCDEF"}, None),  # not as we write it
        ({"fingerprint": "0123456789abcdef0"}, None),
        ({"status": Status.WITHHELD}, None),
        ({"status": Status.CANCELED}, None),
    ],
)
def test_only_usable_articles_of_some_length_are_compared(
    fields: dict[str, Any], expected: str | None
) -> None:
    article = enriched(**{"text": LONG, "fingerprint": "0123456789abcdef"} | fields)

    assert comparable_fingerprint(article) == expected
    assert (fingerprinted(article) is None) == (expected is None)


def test_an_article_counts_from_its_publication_else_from_its_arrival() -> None:
    fields: dict[str, Any] = {"text": LONG, "fingerprint": "0" * 16}
    dated = fingerprinted(enriched(published_at="2025-12-27", **fields))
    undated = fingerprinted(enriched(**fields))

    assert dated is not None
    assert dated.moment.isoformat() == "2025-12-27T00:00:00+00:00"
    assert undated is not None
    assert undated.moment == ARRIVAL


@pytest.mark.parametrize(
    ("differing", "hours", "expected"),
    [
        (8, 72, True),
        (8, -72, True),
        (9, 0, False),
        (0, 72.1, False),
        (0, -72.1, False),
    ],
)
def test_near_is_near_in_text_and_in_time(differing: int, hours: float, *, expected: bool) -> None:
    other = one("b", (1 << differing) - 1, hours)

    assert are_near(one("a"), other, WINDOW) is expected


def test_an_article_is_no_duplicate_of_itself() -> None:
    assert not are_near(one("a"), one("a"), WINDOW)


def test_a_duplicate_of_a_duplicate_points_at_the_original() -> None:
    assert choose_original("c", [one("b", of="a")]) == "a"


def test_of_two_originals_the_earlier_one_counts_and_of_equal_ones_the_smaller_id() -> None:
    assert choose_original("x", [one("a", hours=1), one("b")]) == "b"
    assert choose_original("x", [one("b"), one("a")]) == "a"
    # A duplicate's time counts for its original where that is not found itself.
    near = [one("a", hours=1), one("c", of="b"), one("d", hours=2, of="b")]
    assert choose_original("x", near) == "b"


def test_what_others_point_at_is_an_original_whatever_else_is_near() -> None:
    assert choose_original("a", [one("b", hours=-1), one("c", of="a")]) is None


def test_nothing_near_makes_an_original() -> None:
    assert choose_original("a", []) is None
