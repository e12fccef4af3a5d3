"""Read dead letters: the newest, all of a range of offsets, or some of them whole."""

import asyncio
import heapq
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Self

from aiokafka import ConsumerRecord, TopicPartition

from services.cli.support.topic_reader import read_records
from services.contracts.dead_letters import DeadLetter, DeadLetterRef, Headers
from services.contracts.topics import Topic
from services.runtime.kafka.lag import OffsetRange, OffsetReader

# Offsets nearer than this are read in one go, with what lies between them.
MAX_GAP = 200


@dataclass(frozen=True, slots=True, order=True)
class DeadLetterEntry:
    """A dead letter's headers, where it is stored, and its size. Sorts by the time of its writing.

    :param written_ms: Unix milliseconds, by the broker's clock.
    """

    written_ms: int
    topic: str
    partition: int
    offset: int
    size_bytes: int
    dead_letter: DeadLetter

    @classmethod
    def from_record(cls, record: ConsumerRecord) -> Self:
        """Decode the record of a dead letter."""
        return cls(
            record.timestamp,
            record.topic,
            record.partition,
            record.offset,
            len(record.value or b""),
            DeadLetter.from_headers(record.headers),
        )

    @property
    def ref(self) -> DeadLetterRef:
        """Permanent reference to this dead letter."""
        return DeadLetterRef(self.topic, self.partition, self.offset)

    @property
    def source_topic(self) -> str:
        """The topic that the record was read from. By name, as a header may be forged."""
        return self.topic.removesuffix(".dead")

    def to_json(self) -> dict[str, Any]:
        """The entry as ``newsline dlq list --json`` prints it."""
        return {
            "place": str(self.ref),
            "time": self.dead_letter.time or None,
            "service": self.dead_letter.service or None,
            "topic": self.dead_letter.topic or None,
            "partition": self.dead_letter.partition,
            "offset": self.dead_letter.offset,
            "attempt": self.dead_letter.attempt,
            "code": self.dead_letter.code,
            "reason": self.dead_letter.reason,
            "bytes": self.size_bytes,
        }


@dataclass(frozen=True, slots=True)
class DeadLetterRecord:
    """A whole dead letter: its entry, and the record's key, value and headers."""

    entry: DeadLetterEntry
    key: bytes | None
    value: bytes | None
    headers: Headers


async def newest_entries(
    offset_reader: OffsetReader, topics: Sequence[Topic], count: int, within_seconds: float
) -> list[DeadLetterEntry]:
    """Read the newest dead letters of these topics, newest first; fewer if time runs out.

    Values are not kept: only their sizes are.
    """
    ranges = await offset_ranges(offset_reader, topics)
    last = {p: OffsetRange(max(start, end - count), end) for p, (start, end) in ranges.items()}
    newest: list[DeadLetterEntry] = []
    with suppress(TimeoutError):
        async with asyncio.timeout(within_seconds):
            async for entry, _ in read_entries(offset_reader, last):
                keep_newest(newest, entry, count)
    return sorted(newest, reverse=True)


async def offset_ranges(
    offset_reader: OffsetReader, topics: Iterable[Topic]
) -> dict[TopicPartition, OffsetRange]:
    """Offsets of everything that is in the dead-letter topics of these topics now."""
    by_topic = await offset_reader.partitions(topic.dead for topic in topics)
    partitions = [partition for found in by_topic.values() for partition in found]
    return await offset_reader.ranges(partitions)


async def read_entries(
    offset_reader: OffsetReader, ranges: Mapping[TopicPartition, OffsetRange]
) -> AsyncIterator[tuple[DeadLetterEntry, Headers]]:
    """Read the dead letters of these ranges with all their headers, without their values.

    :raises TimeoutError: no record has come for half a minute.
    """
    async for record in read_records(offset_reader.consumer, ranges):
        yield DeadLetterEntry.from_record(record), record.headers


async def fetch(
    offset_reader: OffsetReader,
    ranges: Mapping[TopicPartition, OffsetRange],
    refs: Iterable[DeadLetterRef],
) -> AsyncIterator[DeadLetterRecord]:
    """Fetch dead letters whole, in the order of their references; those outside the ranges are
    left out.

    :raises TimeoutError: no record has come for half a minute.
    """
    for key, same in groupby(sorted(set(refs)), key=lambda ref: ref[:2]):
        partition = TopicPartition(*key)
        start, end = ranges.get(partition, (0, 0))
        # Waiting for an offset past the end would last until the next failure.
        offsets = [ref.offset for ref in same if start <= ref.offset < end]
        for group in _group_near(offsets):
            wanted = set(group)
            span = {partition: OffsetRange(group[0], group[-1] + 1)}
            async for record in read_records(offset_reader.consumer, span):
                if record.offset in wanted:
                    entry = DeadLetterEntry.from_record(record)
                    yield DeadLetterRecord(entry, record.key, record.value, record.headers)


def keep_newest(newest: list[DeadLetterEntry], entry: DeadLetterEntry, count: int) -> None:
    """Add an entry to a heap that holds the newest ``count`` of all that were added."""
    if len(newest) < count:
        heapq.heappush(newest, entry)
    else:
        heapq.heappushpop(newest, entry)


def _group_near(offsets: Sequence[int]) -> list[list[int]]:
    groups: list[list[int]] = []
    for offset in offsets:
        if groups and offset - groups[-1][-1] <= MAX_GAP:
            groups[-1].append(offset)
        else:
            groups.append([offset])
    return groups
