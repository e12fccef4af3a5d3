"""ISO 8601 → what the publisher told, and nothing else."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.articles import Precision
from services.ingest.dates import parse_date

DAY, LOCAL, INSTANT = Precision.DAY, Precision.LOCAL, Precision.INSTANT


@pytest.mark.parametrize(
    ("raw", "moment", "precision"),
    [
        ("2025-12-27", "2025-12-27", DAY),
        (" 2025-w52-6 ", "2025-12-27", DAY),
        ("0001-01-01", "0001-01-01", DAY),
        ("2024-02-29", "2024-02-29", DAY),
        ("20251227", "2025-12-27", DAY),
        ("2025-12-27T10:00", "2025-12-27T10:00:00Z", LOCAL),
        ("2025-12-27 10:00:00.000999", "2025-12-27T10:00:00Z", LOCAL),
        ("2025-12-27T10:00:00Z", "2025-12-27T10:00:00Z", INSTANT),
        ("2025-12-27t10:00:00.123456z", "2025-12-27T10:00:00.123Z", INSTANT),
        ("2025-12-27T01:00:00+09:00", "2025-12-26T16:00:00Z", INSTANT),
        ("20251227T100000-0500", "2025-12-27T15:00:00Z", INSTANT),
    ],
)
def test_a_date_says_what_was_told(raw: str, moment: str, precision: Precision) -> None:
    when = parse_date(raw)
    assert (when.moment, when.precision) == (moment, precision)


def test_a_day_counts_from_its_first_moment() -> None:
    assert parse_date("1970-01-02").seconds == 86_400
    assert parse_date("1970-01-02T00:00:01.9+01:00").seconds == 86_400 - 3_599


def test_the_day_of_a_moment_is_that_of_utc() -> None:
    assert parse_date("2025-12-27T23:00:00-05:00").day == "2025-12-28"


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "2025",
        "2025-12",
        "202512",
        "1612010112345",
        "2025-02-31",
        "2025-02-29",
        "0000-01-01",
        "99999-01-01",
        "2025-12-27X10:00",
        "2025-12-27T25:00",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "Sat, 27 Dec 2025 10:00:00 GMT",
        "٢٠٢٥-١٢-٢٧",
        "2" * 1_000_000,
    ],
    ids=lambda raw: ascii(raw[:30]),
)
def test_what_is_no_date_is_refused(raw: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        parse_date(raw)


@given(st.text(alphabet="0123456789-:TZW+. ", max_size=30) | st.text(max_size=30))
def test_any_string_is_a_date_or_is_refused(raw: str) -> None:
    with contextlib.suppress(ValueError):
        assert parse_date(raw).moment[4] == "-"
