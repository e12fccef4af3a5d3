from datetime import UTC, datetime

import pytest

from services.elastic.naming import index_name, index_names

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


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("2026-01-10T00:00:00", "2026-01-16T00:00:00", ["articles-2026.01"]),
        ("2026-01-31T23:00:00", "2026-02-01T00:00:00", ["articles-2026.01", "articles-2026.02"]),
        ("2025-12-31T00:00:00", "2026-01-01T01:00:00", ["articles-2025.12", "articles-2026.01"]),
        (
            "2026-01-31T00:00:00",
            "2026-03-01T00:00:00",
            ["articles-2026.01", "articles-2026.02", "articles-2026.03"],
        ),
        ("1999-01-31T00:00:00", "2000-01-01T00:00:00", ["articles-1999", "articles-2000.01"]),
    ],
)
def test_a_span_of_time_has_the_indices_of_all_its_months(
    first: str, last: str, expected: list[str]
) -> None:
    begin, end = (datetime.fromisoformat(when).replace(tzinfo=UTC) for when in (first, last))

    assert index_names("", 1, begin, end) == expected


def test_a_generation_has_spans_of_its_own() -> None:
    assert index_names("staging", 2, ARRIVED, ARRIVED) == ["staging-articles-g2-2026.02"]
