from datetime import UTC, datetime

import pytest

from services.index.naming import index_name

ARRIVED = datetime(2026, 2, 27, 23, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("published_at", "expected"),
    [
        ("2025-12-27", "articles-2025.12"),
        ("2025-12-31T23:59:59Z", "articles-2025.12"),
        ("2000-01-01", "articles-2000.01"),
        ("1999-12-31", "articles-1999"),
        ("1970-01-01", "articles-1970"),
        ("1969-12-31", "articles-2026.02"),  # before 1970: by arrival
        (None, "articles-2026.02"),
        ("2026-03-01", "articles-2026.03"),  # two days ahead
        ("2026-03-02", "articles-2026.02"),  # more than two: by arrival
        ("9999-12-31", "articles-2026.02"),
        ("0001-01-01", "articles-2026.02"),
    ],
)
def test_the_index_follows_the_publication_date(published_at: str | None, expected: str) -> None:
    assert index_name("", published_at=published_at, received_at=ARRIVED) == expected


def test_a_namespace_has_indices_of_its_own() -> None:
    assert index_name("staging", published_at=None, received_at=ARRIVED) == (
        "staging-articles-2026.02"
    )
