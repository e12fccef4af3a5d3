"""Reading the newest dead letters."""

import asyncio
import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka import TopicPartition

from services.console.offsets import Broker
from services.contracts.dead_letters import DeadLetter
from services.contracts.topics import Topic


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
    def place(self) -> str:
        """Names this dead letter for good: dead-letter topic, partition, offset."""
        return f"{self.topic}/{self.partition}/{self.offset}"

    def to_json(self) -> dict[str, Any]:
        """What ``newsline dead --json`` tells of it."""
        return {
            "place": self.place,
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


async def newest(
    broker: Broker, topics: Sequence[Topic], count: int, within_seconds: float
) -> list[Buried]:
    """The newest dead letters of these topics, newest first; fewer if time runs out.

    Values are looked at for their size alone, and not kept.
    """
    there = await broker.partitions(topic.dead for topic in topics)
    partitions = [partition for found in there.values() for partition in found]
    if not partitions:
        return []
    spans = await broker.spans(partitions)
    ends = {p: end for p, end in spans.next.items() if end > spans.first[p]}
    if not ends:
        return []
    broker.reader.assign(list(ends))
    for partition, end in ends.items():
        broker.reader.seek(partition, max(spans.first[partition], end - count))
    found: list[Buried] = []
    try:
        async with asyncio.timeout(within_seconds):
            await _read_until(broker, ends, found, count)
    except TimeoutError:
        pass
    finally:
        broker.reader.unsubscribe()
    return sorted(found, reverse=True)


async def _read_until(
    broker: Broker, ends: dict[TopicPartition, int], found: list[Buried], count: int
) -> None:
    left = set(ends)
    while left:
        for partition, records in (await broker.reader.getmany(timeout_ms=200)).items():
            for record in records:
                buried = Buried(
                    record.timestamp,
                    partition.topic,
                    partition.partition,
                    record.offset,
                    len(record.value or b""),
                    DeadLetter.from_headers(record.headers),
                )
                _keep(found, buried, count)
        # By position: where the last offsets are a transaction's marks, no record has them.
        left = {p for p in left if await broker.reader.position(p) < ends[p]}


def _keep(found: list[Buried], buried: Buried, count: int) -> None:
    if len(found) < count:
        heapq.heappush(found, buried)
    else:
        heapq.heappushpop(found, buried)
