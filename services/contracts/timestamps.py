"""How a moment is written in documents and headers."""

from datetime import UTC, datetime


def format_utc(moment: datetime, timespec: str = "milliseconds") -> str:
    """ISO 8601 in UTC: ``2026-01-02T03:04:05.678Z``.

    :param moment: with a time zone.
    :param timespec: the precision, as ``datetime.isoformat`` takes it.
    """
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec=timespec)}Z"
