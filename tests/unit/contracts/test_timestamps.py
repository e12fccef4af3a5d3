from datetime import UTC, datetime, timedelta, timezone

from services.contracts.timestamps import format_utc


def test_a_moment_is_written_in_utc_to_the_millisecond() -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC)

    assert format_utc(moment) == "2026-01-02T03:04:05.678Z"


def test_another_offset_is_converted() -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=-5)))

    assert format_utc(moment, "seconds") == "2026-01-02T08:04:05Z"
