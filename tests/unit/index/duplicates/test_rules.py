from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.articles import Status
from services.index.duplicates.rules import (
    LEAST_CHARACTERS,
    MOST_BITS,
    MOST_NEAR,
    FingerprintedArticle,
    RecentArticles,
    candidate,
    comparable,
    near,
    root_of,
)
from tests.fakes.records import ARRIVAL, enriched

WINDOW = timedelta(hours=72)
LONG = "x" * LEAST_CHARACTERS
bits = st.integers(0, 2**64 - 1)


def one(name: str, value: int = 0, hours: float = 0, of: str | None = None) -> FingerprintedArticle:
    return FingerprintedArticle(name, value, ARRIVAL + timedelta(hours=hours), of)


def flipped(value: int, places: set[int]) -> int:
    for place in places:
        value ^= 1 << place
    return value


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

    assert comparable(article) == expected
    assert (candidate(article) is None) == (expected is None)


def test_an_article_counts_from_its_publication_else_from_its_arrival() -> None:
    fields: dict[str, Any] = {"text": LONG, "fingerprint": "0" * 16}
    dated = candidate(enriched(published_at="2025-12-27", **fields))
    undated = candidate(enriched(**fields))

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

    assert near(one("a"), other, WINDOW) is expected


def test_an_article_is_no_copy_of_itself() -> None:
    assert not near(one("a"), one("a"), WINDOW)


def test_a_copy_of_a_copy_points_at_the_first() -> None:
    assert root_of("c", [one("b", of="a")]) == "a"


def test_of_two_firsts_the_earlier_one_counts_and_of_equal_ones_the_smaller_id() -> None:
    assert root_of("x", [one("a", hours=1), one("b")]) == "b"
    assert root_of("x", [one("b"), one("a")]) == "a"
    # A copy tells of its first's time where that is not found itself.
    assert root_of("x", [one("a", hours=1), one("c", of="b"), one("d", hours=2, of="b")]) == "b"


def test_what_others_point_at_is_a_first_whatever_else_is_near() -> None:
    assert root_of("a", [one("b", hours=-1), one("c", of="a")]) is None


def test_nothing_near_makes_a_first() -> None:
    assert root_of("a", []) is None


@given(bits, st.sets(st.integers(0, 63), max_size=MOST_BITS), st.lists(bits, max_size=20))
def test_what_is_near_is_found_whichever_bits_differ(
    value: int, places: set[int], others: list[int]
) -> None:
    recent = RecentArticles(100)
    recent.add(one("near", flipped(value, places)), 0)
    for number, other in enumerate(others):
        recent.add(one(str(number), other), 0)

    found = {each.article_id for each in recent.near(one("a", value), WINDOW)}

    alike = {str(n) for n, other in enumerate(others) if (other ^ value).bit_count() <= MOST_BITS}
    assert found == {"near"} | alike


def test_eight_bits_may_differ_wherever_they_are() -> None:
    for clean in range(9):
        places = {7 * part for part in range(9) if part != clean}
        recent = RecentArticles(1)
        recent.add(one("b", flipped(0, places)), 0)

        assert recent.near(one("a", 0), WINDOW), clean


def test_the_oldest_are_forgotten_by_number_and_by_time() -> None:
    recent = RecentArticles(2)
    for number, name in enumerate("abc"):
        recent.add(one(name), number)
    assert {each.article_id for each in recent.near(one("x"), WINDOW)} == {"b", "c"}

    recent.drop_older(2)

    assert [each.article_id for each in recent.near(one("x"), WINDOW)] == ["c"]


def test_a_newer_version_takes_the_place_of_the_older() -> None:
    recent = RecentArticles(2)
    recent.add(one("a", 0), 0)
    recent.add(one("b", 0), 1)
    recent.add(one("a", 2**64 - 1), 2)
    recent.add(one("c", 0), 3)

    assert {each.article_id for each in recent.near(one("x", 0), WINDOW)} == {"c"}
    assert [each.article_id for each in recent.near(one("x", 2**64 - 1), WINDOW)] == ["a"]


def test_a_flood_of_the_same_text_costs_no_more_than_a_few() -> None:
    recent = RecentArticles(10_000)
    for number in range(10_000):
        recent.add(one(str(number)), 0)

    assert len(recent.near(one("x"), WINDOW)) == MOST_NEAR


def test_a_flood_of_texts_that_are_alike_and_not_near_is_given_up() -> None:
    """
    What comes after it waits for the search, which compares all.
    """
    recent = RecentArticles(10_000)
    for number in range(5_000):
        recent.add(one(str(number), 2**64 - 2**7), 0)
    recent.add(one("near", 1), 0)

    assert recent.near(one("x", 0), WINDOW) == []
