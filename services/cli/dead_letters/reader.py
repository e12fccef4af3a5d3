"""Reading dead letters: the newest, all, those since, or one whole."""

import asyncio
import heapq
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from aiokafka import ConsumerRecord, TopicPartition

from services.cli.support.topic_reader import Stretch, records
from services.contracts.dead_letters import DeadLetter, DeadLetterRef, Headers
from services.contracts.topics import Topic
from services.runtime.kafka.lag import OffsetReader

# Places nearer than this are read in one go, with what lies between them.
NEAR = 200


@dataclass(frozen=True, slots=True, order=True)
class Buried:
    """A dead letter and where it lies. Sorted by the broker's time of burial."""

    buried_ms: int
    topic: str
    partition: int
    offset: int
    size_bytes: int
    letter: DeadLetter

    @property
    def place(self) -> DeadLetterRef:
        """Names this dead letter for good: dead-letter topic, partition, offset."""
        return DeadLetterRef(self.topic, self.partition, self.offset)

    @property
    def home(self) -> str:
        """The topic that it was read from. Of the name and not of a header, which may be forged."""
        return self.topic.removesuffix(".dead")

    def to_json(self) -> dict[str, Any]:
        """What ``newsline dead --json`` tells of it."""
        return {
            "place": str(self.place),
            "time": self.letter.time or None,
            "service": self.letter.service or None,
            "topic": self.letter.topic or None,
            "partition": self.letter.partition,
            "offset": self.letter.offset,
            "attempt": self.letter.attempt,
            "code": self.letter.code,
            "reason": self.letter.reason,
            "bytes": self.size_bytes,
        }


@dataclass(frozen=True, slots=True)
class Exhumed:
    """A dead letter whole."""

    buried: Buried
    key: bytes | None
    value: bytes | None
    headers: Headers


async def newest(
    broker: OffsetReader, topics: Sequence[Topic], count: int, within_seconds: float
) -> list[Buried]:
    """The newest dead letters of these topics, newest first; fewer if time runs out.

    Values are looked at for their size alone, and not kept.
    """
    there = await stretches(broker, topics)
    last = {p: (max(first, end - count), end) for p, (first, end) in there.items()}
    found: list[Buried] = []
    with suppress(TimeoutError):
        async with asyncio.timeout(within_seconds):
            async for record in records(broker.consumer, last):
                _keep(found, buried(record), count)
    return sorted(found, reverse=True)


async def stretches(broker: OffsetReader, topics: Iterable[Topic]) -> dict[TopicPartition, Stretch]:
    """All that lies in the dead-letter topics of these topics now."""
    there = await broker.partitions(topic.dead for topic in topics)
    partitions = [partition for found in there.values() for partition in found]
    return dict(await broker.ranges(partitions))


async def letters(
    broker: OffsetReader, within: Mapping[TopicPartition, Stretch]
) -> AsyncIterator[tuple[Buried, Headers]]:
    """The dead letters of these stretches with all their headers, without their bytes.

    :raises TimeoutError: nothing has come for half a minute.
    """
    async for record in records(broker.consumer, within):
        yield buried(record), record.headers


async def exhume(
    broker: OffsetReader, within: Mapping[TopicPartition, Stretch], places: Iterable[DeadLetterRef]
) -> AsyncIterator[Exhumed]:
    """The letters at these places whole, in the order of the places; not those that are not there.

    :raises TimeoutError: nothing has come for half a minute.
    """
    for key, same in groupby(sorted(set(places)), key=lambda place: place[:2]):
        partition = TopicPartition(*key)
        first, end = within.get(partition, (0, 0))
        # Whoever waits for a record past the end waits for the next failure.
        offsets = [place.offset for place in same if first <= place.offset < end]
        for near in _neighbours(offsets):
            wanted = set(near)
            stretch = {partition: (near[0], near[-1] + 1)}
            async for record in records(broker.consumer, stretch):
                if record.offset in wanted:
                    yield Exhumed(buried(record), record.key, record.value, record.headers)


def buried(record: ConsumerRecord) -> Buried:
    """What is kept of a dead letter's record."""
    return Buried(
        record.timestamp,
        record.topic,
        record.partition,
        record.offset,
        len(record.value or b""),
        DeadLetter.from_headers(record.headers),
    )


def _neighbours(offsets: Sequence[int]) -> list[list[int]]:
    groups: list[list[int]] = []
    for offset in offsets:
        if groups and offset - groups[-1][-1] <= NEAR:
            groups[-1].append(offset)
        else:
            groups.append([offset])
    return groups


def _keep(found: list[Buried], one: Buried, count: int) -> None:
    if len(found) < count:
        heapq.heappush(found, one)
    else:
        heapq.heappushpop(found, one)
