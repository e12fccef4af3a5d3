"""How a moment is written in documents and headers."""

from datetime import UTC, datetime


def format_utc(moment: datetime, timespec: str = "milliseconds") -> str:
    """ISO 8601 in UTC: ``2026-01-02T03:04:05.678Z``.

    :param moment: with a time zone.
    :param timespec: the precision, as ``datetime.isoformat`` takes it.
    """
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec=timespec)}Z"


def format_unix_ms(unix_ms: int | None) -> str | None:
    """Format Unix milliseconds as ``format_utc`` does; None for None and for impossible times."""
    if unix_ms is None:
        return None
    try:
        return format_utc(datetime.fromtimestamp(unix_ms / 1000, UTC))
    except (OverflowError, ValueError):
        return None
