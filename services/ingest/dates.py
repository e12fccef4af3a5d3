"""Parsing ISO 8601 dates and times, with the precision that was given."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from services.contracts.articles import Precision
from services.contracts.timestamps import format_utc

_SEPARATORS = "T "


@dataclass(frozen=True, slots=True)
class ParsedDate:
    """A day or a moment, with its precision.

    :param moment: ``2025-12-27`` or ``2025-12-27T10:00:00Z``, with milliseconds if there are any.
    :param seconds: Unix time; a day counts from its first moment.
    """

    moment: str
    precision: Precision
    seconds: int

    @property
    def day(self) -> str:
        """``YYYY-MM-DD``."""
        return self.moment[:10]


def parse_date(raw: str) -> ParsedDate:
    """Parse a calendar date, with or without a time, with or without an offset.

    :raises ValueError: it is none, or does not exist.
    """
    words = raw.strip().upper()
    # A row of digits is a Unix time, unless it has the eight of a date without hyphens.
    if words.isdecimal() and len(words) != len("20251227"):
        raise ValueError("not an ISO 8601 date")
    try:
        day = date.fromisoformat(words)
    except ValueError:
        return _parse_moment(words)
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return ParsedDate(day.isoformat(), Precision.DAY, int(midnight.timestamp()))


def _parse_moment(words: str) -> ParsedDate:
    # The standard library takes any character here, and so any long enough number for a date.
    if not any(separator in words for separator in _SEPARATORS):
        raise ValueError("not an ISO 8601 date")
    moment = datetime.fromisoformat(words)
    precision = Precision.LOCAL if moment.tzinfo is None else Precision.INSTANT
    try:
        # Without an offset the digits stay as they are: a zone is not invented, only marked.
        utc = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("outside the calendar in UTC") from error
    timespec = "milliseconds" if utc.microsecond >= 1000 else "seconds"  # noqa: PLR2004 - of 10⁻⁶ s
    return ParsedDate(format_utc(utc, timespec), precision, int(utc.timestamp()))
