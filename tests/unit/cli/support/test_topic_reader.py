"""Offset ranges are read to their ends, no further, and never for ever."""

from collections.abc import Sequence

import pytest
from aiokafka import TopicPartition

from services.cli.dead_letters.reader import MAX_GAP, fetch
from services.cli.support import topic_reader
from services.cli.support.topic_reader import read_records
from services.contracts.dead_letters import DeadLetterRef
from services.runtime.kafka.lag import OffsetRange, OffsetReader
from tests.fakes.records import FakeRecord
from tests.unit.cli.dead_letters.samples import TOPIC

ZERO, ONE = TopicPartition(TOPIC, 0), TopicPartition(TOPIC, 1)


class Reader:
    """Partitions that grow while they are read, three records at a time; some never answer."""

    def __init__(self, *mute: TopicPartition) -> None:
        self._mute = mute
        self._at: dict[TopicPartition, int] = {}
        self.read: list[int] = []

    def assign(self, partitions: Sequence[TopicPartition]) -> None:
        assert partitions, "aiokafka assigns nothing by unsubscribe"
        self._at = dict.fromkeys(partitions, 0)

    def unsubscribe(self) -> None:
        self._at = {}

    def seek(self, partition: TopicPartition, offset: int) -> None:
        assert partition in self._at
        self._at[partition] = offset

    async def position(self, partition: TopicPartition) -> int:
        return self._at[partition]

    async def getmany(
        self, *partitions: TopicPartition, timeout_ms: int
    ) -> dict[TopicPartition, list[FakeRecord]]:
        assert partitions, "without any, aiokafka reads all"
        found = {}
        for partition in partitions:
            if partition not in self._mute:
                at = self._at[partition]
                found[partition] = [
                    FakeRecord(b"x", n, partition.topic, partition.partition)
                    for n in range(at, at + 3)
                ]
                self.read += range(at, at + 3)
                self._at[partition] = at + 3
        return found


async def read(reader: Reader, ranges: dict[TopicPartition, OffsetRange]) -> list[tuple[int, int]]:
    return [(each.partition, each.offset) async for each in read_records(reader, ranges)]


async def test_what_comes_after_the_end_is_not_read() -> None:
    found = await read(Reader(), {ZERO: OffsetRange(5, 10), ONE: OffsetRange(0, 2)})
    assert sorted(found) == [(0, n) for n in range(5, 10)] + [(1, 0), (1, 1)]


async def test_an_empty_range_asks_nobody() -> None:
    assert await read(Reader(), {ZERO: OffsetRange(7, 7)}) == []
    assert await read(Reader(), {}) == []


async def test_a_broker_that_is_silent_is_not_waited_for_without_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(topic_reader, "STALL_SECONDS", 0.0)
    with pytest.raises(TimeoutError):
        await read(Reader(ZERO), {ZERO: OffsetRange(0, 1)})


async def fetched(reader: Reader, *refs: DeadLetterRef) -> list[int]:
    ranges = {ZERO: OffsetRange(10, 5000)}
    return [each.entry.offset async for each in fetch(OffsetReader(None, reader), ranges, refs)]


async def test_dead_letters_are_fetched_without_reading_all_between_them() -> None:
    reader = Reader()
    refs = [DeadLetterRef(TOPIC, 0, n) for n in (4000, 11, 10, 12 + MAX_GAP)]
    assert await fetched(reader, *refs) == [10, 11, 12 + MAX_GAP, 4000]
    assert len(reader.read) < 2 * MAX_GAP, "what is far between was read"


async def test_references_that_do_not_exist_are_not_read() -> None:
    """
    At the end a reader would wait for the next failure.
    """
    refs = [
        DeadLetterRef(TOPIC, 0, 5000),
        DeadLetterRef(TOPIC, 0, 9),
        DeadLetterRef("other.dead", 0, 10),
    ]
    assert await fetched(Reader(ZERO), *refs) == []
