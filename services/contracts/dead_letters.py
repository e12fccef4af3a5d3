"""A dead letter is the original key and bytes, and headers that say who, when, where and why."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

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

MAX_REASON_CHARS = 256
# More attempts than any person will make by hand: a larger number is a forged header.
MAX_ATTEMPT = 1_000_000


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """What the headers of a dead letter say. ``attempt`` counts from 1."""

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
        """The reason's first word, by which dead letters are grouped."""
        return self.reason.partition(":")[0]

    def headers(self, original: Headers = ()) -> list[tuple[str, bytes]]:
        """The record's headers; the tracing headers of the original stay."""
        said = {
            SERVICE: self.service,
            TIME: self.time,
            TOPIC: self.topic,
            PARTITION: str(self.partition),
            OFFSET: str(self.offset),
            ATTEMPT: str(self.attempt),
            REASON: self.reason[:MAX_REASON_CHARS],
        }
        if self.first_arrival_ms is not None:
            said[FIRST_ARRIVAL] = str(self.first_arrival_ms)
        return [*carried(original), *((name, value.encode()) for name, value in said.items())]

    @classmethod
    def from_headers(cls, headers: Headers) -> Self:
        """Read a dead letter's headers; a missing or unreadable one is empty, 0 or None."""
        found = dict(headers)

        def text(name: str) -> str:
            return found.get(name, b"").decode("utf-8", "replace")

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
    """The headers that travel with an article from topic to topic."""
    return [(name, value) for name, value in headers if name in CARRIED_HEADERS]


def attempt(headers: Headers) -> int:
    """Which attempt a record is: 1, or one more than the replayed dead letter says."""
    told = integer(headers, ATTEMPT)
    return told if told is not None and 1 <= told <= MAX_ATTEMPT else 1


def integer(headers: Iterable[tuple[str, bytes]], name: str) -> int | None:
    """A whole number from a header, or None: anyone may have written it."""
    value = dict(headers).get(name)
    # 19 digits hold any 64-bit number; more would only cost time.
    if value is None or not value.isdigit() or len(value) > 19:  # noqa: PLR2004 - said above
        return None
    return int(value)


def now() -> str:
    """The time of a dead letter: UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
