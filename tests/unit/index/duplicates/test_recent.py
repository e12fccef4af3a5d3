from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.index.duplicates.recent import RecentArticles
from services.index.duplicates.rules import MAX_DIFFERING_BITS, MAX_NEAR, FingerprintedArticle
from tests.fakes.records import ARRIVAL

WINDOW = timedelta(hours=72)
bits = st.integers(0, 2**64 - 1)


def one(name: str, value: int = 0) -> FingerprintedArticle:
    return FingerprintedArticle(name, value, ARRIVAL)


def flipped(value: int, positions: set[int]) -> int:
    for position in positions:
        value ^= 1 << position
    return value


@given(bits, st.sets(st.integers(0, 63), max_size=MAX_DIFFERING_BITS), st.lists(bits, max_size=20))
def test_what_is_near_is_found_whichever_bits_differ(
    value: int, positions: set[int], others: list[int]
) -> None:
    recent = RecentArticles(100)
    recent.add(one("near", flipped(value, positions)), 0)
    for number, other in enumerate(others):
        recent.add(one(str(number), other), 0)

    found = {each.article_id for each in recent.near(one("a", value), WINDOW)}

    distances = {str(n): (other ^ value).bit_count() for n, other in enumerate(others)}
    near = {name for name, distance in distances.items() if distance <= MAX_DIFFERING_BITS}
    assert found == {"near"} | near


def test_eight_bits_may_differ_wherever_they_are() -> None:
    for clean in range(9):
        positions = {7 * part for part in range(9) if part != clean}
        recent = RecentArticles(1)
        recent.add(one("b", flipped(0, positions)), 0)

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

    assert len(recent.near(one("x"), WINDOW)) == MAX_NEAR


def test_a_flood_of_texts_that_are_alike_and_not_near_is_given_up() -> None:
    """
    What comes after it is left to the search, which compares all.
    """
    recent = RecentArticles(10_000)
    for number in range(5_000):
        recent.add(one(str(number), 2**64 - 2**7), 0)
    recent.add(one("near", 1), 0)

    assert recent.near(one("x", 0), WINDOW) == []
