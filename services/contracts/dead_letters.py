"""Headers of a dead letter: which service refused the record, when, from where and why.

Key and value are the original bytes. A dead letter is never changed and never removed; that it
was replayed is recorded in a topic of its own (``replay_marks``).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple, Self

from services.contracts.timestamps import format_utc
from services.contracts.topics import CARRIED_HEADERS

Headers = Sequence[tuple[str, bytes]]

SERVICE = "newsline-service"
TIME = "newsline-time"
TOPIC = "newsline-topic"
PARTITION = "newsline-partition"
OFFSET = "newsline-offset"
ATTEMPT = "newsline-attempt"
REASON = "newsline-reason"
# Unix milliseconds of the first arrival in articles.raw: a replay keeps its place in time.
FIRST_ARRIVAL = "newsline-first-arrival"
# The dead letter that a record is the replay of. It travels to the end of the flow, so that a dead
# letter written there can be matched to its replay.
REPLAY_OF = "newsline-replay-of"

MAX_REASON_CHARS = 256
# More attempts than any person will make by hand: a larger number is a forged header.
MAX_ATTEMPT = 1_000_000
# They hold any 64-bit number; more would only cost time.
MAX_DIGITS = 19
# Of a reference: a topic's name has at most 249 characters.
MAX_REF_CHARS = 300
# Twice what W3C's Trace Context asks everybody to hand on.
MAX_TRACE_BYTES = 1024


class DeadLetterRef(NamedTuple):
    """Permanent reference to a dead letter, as text ``articles.raw.dead/0/17``."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}/{self.offset}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse the text form of a reference.

        :raises ValueError: the text is not a reference.
        """
        topic, partition, offset = text.rsplit("/", 2)
        return cls(topic, parse_number(partition), parse_number(offset))


def parse_number(text: str) -> int:
    """Parse the decimal digits of a partition or an offset.

    :raises ValueError: anything else, or more digits than 64 bits can need.
    """
    # int() takes signs, blanks, underscores and other alphabets' digits as well.
    if not (text.isascii() and text.isdigit()) or len(text) > MAX_DIGITS:
        raise ValueError("not a number")
    return int(text)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """The headers of a dead letter, decoded. ``attempt`` counts from 1."""

    service: str
    time: str
    topic: str
    partition: int
    offset: int
    attempt: int
    reason: str
    first_arrival_ms: int | None = None

    @property
    def code(self) -> str:
        """The error code: the reason up to its first colon. Dead letters are grouped by it."""
        return self.reason.partition(":")[0]

    def headers(self, original: Headers = ()) -> list[tuple[str, bytes]]:
        """Headers to write, with the tracing headers of the original record."""
        values = {
            SERVICE: self.service,
            TIME: self.time,
            TOPIC: self.topic,
            PARTITION: str(self.partition),
            OFFSET: str(self.offset),
            ATTEMPT: str(self.attempt),
            REASON: self.reason[:MAX_REASON_CHARS],
        }
        if self.first_arrival_ms is not None:
            values[FIRST_ARRIVAL] = str(self.first_arrival_ms)
        return [*carried(original), *((name, value.encode()) for name, value in values.items())]

    def replay_headers(self, ref: DeadLetterRef, original: Headers) -> list[tuple[str, bytes]]:
        """Headers of the record that replays this dead letter; its attempt is one higher."""
        values = {ATTEMPT: str(self.attempt + 1), REPLAY_OF: str(ref)}
        if self.first_arrival_ms is not None:
            values[FIRST_ARRIVAL] = str(self.first_arrival_ms)
        # The original may itself come from a replay; only the newest one is named.
        tracing = [header for header in carried(original) if header[0] != REPLAY_OF]
        return [*tracing, *((name, value.encode()) for name, value in values.items())]

    @classmethod
    def from_headers(cls, headers: Headers) -> Self:
        """Decode a dead letter's headers; a missing or unreadable one is empty, 0 or None."""
        found = dict(headers)

        def text(name: str) -> str:
            return (found.get(name) or b"").decode("utf-8", "replace")

        return cls(
            service=text(SERVICE),
            time=text(TIME),
            topic=text(TOPIC),
            partition=integer(headers, PARTITION) or 0,
            offset=integer(headers, OFFSET) or 0,
            attempt=attempt(headers),
            reason=text(REASON),
            first_arrival_ms=integer(headers, FIRST_ARRIVAL),
        )


def carried(headers: Headers) -> list[tuple[str, bytes]]:
    """Headers that are copied from record to record along the flow."""
    return [
        (name, value)
        for name, value in headers
        # Kafka knows headers without a value, which its clients hand on as None.
        if value is not None
        and (
            (name in CARRIED_HEADERS and len(value) <= MAX_TRACE_BYTES)
            or (name == REPLAY_OF and len(value) <= MAX_REF_CHARS)
        )
    ]


def attempt(headers: Headers) -> int:
    """Attempt number of a record: 1, or what its replay has set."""
    number = integer(headers, ATTEMPT)
    return number if number is not None and 1 <= number <= MAX_ATTEMPT else 1


def integer(headers: Iterable[tuple[str, bytes]], name: str) -> int | None:
    """Value of a numeric header, or None if it is missing or malformed: anyone may write it."""
    value = dict(headers).get(name)
    if value is None or not value.isdigit() or len(value) > MAX_DIGITS:
        return None
    return int(value)


def now() -> str:
    """Current time as dead letters record it."""
    return format_utc(datetime.now(UTC))
