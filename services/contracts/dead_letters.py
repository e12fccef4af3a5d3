"""A dead letter is the original key and bytes, and headers that say who, when, where and why.

It is never changed and never removed. That it was replayed is written down in a topic of its own.
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
# The place of the dead letter that a record is the replay of. It travels to the end of the flow, so
# that a letter written there in its turn can be told to be about that replay.
REPLAY_OF = "newsline-replay-of"

# Which letters were replayed: a record for each unbroken run of them, keyed by ``Run``.
REPLAYED = "articles.replayed"
# Compaction alone, so that they are kept for ever: a letter that outlived its mark would go again.
REPLAYED_CONFIGS = {
    "cleanup.policy": "compact",
    # A mark is about letters that are older than it, by the broker's clock: see ``Run``.
    "message.timestamp.type": "LogAppendTime",
}

MAX_REASON_CHARS = 256
# More attempts than any person will make by hand: a larger number is a forged header.
MAX_ATTEMPT = 1_000_000
# They hold any 64-bit number; more would only cost time.
MAX_DIGITS = 19
# Of a place: a topic's name has at most 249 characters.
MAX_PLACE_CHARS = 300
# Twice what W3C's Trace Context asks everybody to hand on.
MAX_TRACE_BYTES = 1024


def replayed_topic(namespace: str) -> str:
    """The topic that says which dead letters were replayed."""
    return f"{namespace}.{REPLAYED}" if namespace else REPLAYED


class DeadLetterRef(NamedTuple):
    """Names a record of a topic for good: ``articles.raw.dead/0/17``."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}/{self.offset}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what ``str`` wrote.

        :raises ValueError: it is no place.
        """
        topic, partition, offset = text.rsplit("/", 2)
        return cls(topic, _number(partition), _number(offset))


class Run(NamedTuple):
    """Dead letters that follow one another, from the first to the last, all of them replayed.

    A run is about the letters that are older than its record: where a topic was removed and made
    again, its offsets count from 0 again, and those letters are other letters.
    """

    topic: str
    partition: int
    first: int
    last: int

    def key(self) -> bytes:
        """The key of its record: ``articles.raw.dead/0/17-19``."""
        return f"{self.topic}/{self.partition}/{self.first}-{self.last}".encode()

    @classmethod
    def parse(cls, key: bytes) -> Self:
        """Read what ``key`` wrote.

        :raises ValueError: it is no run.
        """
        topic, partition, span = key.decode().rsplit("/", 2)
        first, _, last = span.partition("-")
        return cls(topic, _number(partition), _number(first), _number(last))


def _number(text: str) -> int:
    # int() takes signs, blanks, underscores and other alphabets' digits as well.
    if not (text.isascii() and text.isdigit()) or len(text) > MAX_DIGITS:
        raise ValueError("not a number")
    return int(text)


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

    def replay_headers(self, place: DeadLetterRef, original: Headers) -> list[tuple[str, bytes]]:
        """The headers with which the letter at this place goes back to its topic."""
        said = {ATTEMPT: str(self.attempt + 1), REPLAY_OF: str(place)}
        if self.first_arrival_ms is not None:
            said[FIRST_ARRIVAL] = str(self.first_arrival_ms)
        # It may itself be about a replay of an earlier letter, which is not told again.
        tracing = [header for header in carried(original) if header[0] != REPLAY_OF]
        return [*tracing, *((name, value.encode()) for name, value in said.items())]

    @classmethod
    def from_headers(cls, headers: Headers) -> Self:
        """Read a dead letter's headers; a missing or unreadable one is empty, 0 or None."""
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
    """The headers that travel with an article from topic to topic."""
    return [
        (name, value)
        for name, value in headers
        # Kafka knows headers without a value, which its clients hand on as None.
        if value is not None
        and (
            (name in CARRIED_HEADERS and len(value) <= MAX_TRACE_BYTES)
            or (name == REPLAY_OF and len(value) <= MAX_PLACE_CHARS)
        )
    ]


def attempt(headers: Headers) -> int:
    """Which attempt a record is: 1, or one more than the replayed dead letter says."""
    told = integer(headers, ATTEMPT)
    return told if told is not None and 1 <= told <= MAX_ATTEMPT else 1


def integer(headers: Iterable[tuple[str, bytes]], name: str) -> int | None:
    """A whole number from a header, or None: anyone may have written it."""
    value = dict(headers).get(name)
    if value is None or not value.isdigit() or len(value) > MAX_DIGITS:
        return None
    return int(value)


def now() -> str:
    """The time of a dead letter: UTC, to the millisecond."""
    return format_utc(datetime.now(UTC))
