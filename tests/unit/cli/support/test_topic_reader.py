"""Stretches are read to their ends, no further, and never for ever."""

from collections.abc import Sequence

import pytest
from aiokafka import TopicPartition

from services.cli.dead_letters.reader import NEAR, exhume
from services.cli.support import topic_reader as reading
from services.cli.support.topic_reader import Stretch, records
from services.contracts.dead_letters import DeadLetterRef
from services.runtime.kafka.lag import OffsetReader
from tests.fakes.records import FakeRecord
from tests.unit.cli.dead_letters.dead_letters import TOPIC

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


async def read(reader: Reader, stretches: dict[TopicPartition, Stretch]) -> list[tuple[int, int]]:
    return [(each.partition, each.offset) async for each in records(reader, stretches)]


async def test_what_comes_after_the_end_is_not_read() -> None:
    found = await read(Reader(), {ZERO: (5, 10), ONE: (0, 2)})
    assert sorted(found) == [(0, n) for n in range(5, 10)] + [(1, 0), (1, 1)]


async def test_an_empty_stretch_asks_nobody() -> None:
    assert await read(Reader(), {ZERO: (7, 7)}) == []
    assert await read(Reader(), {}) == []


async def test_a_broker_that_is_silent_is_not_waited_for_without_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reading, "STALL_SECONDS", 0.0)
    with pytest.raises(TimeoutError):
        await read(Reader(ZERO), {ZERO: (0, 1)})


async def dug(reader: Reader, *places: DeadLetterRef) -> list[int]:
    lay = {ZERO: (10, 5000)}
    found = exhume(OffsetReader(None, reader), lay, places)
    return [letter.buried.offset async for letter in found]


async def test_letters_are_dug_out_where_they_lie() -> None:
    reader = Reader()
    places = [DeadLetterRef(TOPIC, 0, n) for n in (4000, 11, 10, 12 + NEAR)]
    assert await dug(reader, *places) == [10, 11, 12 + NEAR, 4000]
    assert len(reader.read) < 2 * NEAR, "what lies far between was read"


async def test_where_nothing_lies_nobody_digs() -> None:
    """
    At the end a reader would wait for the next failure.
    """
    places = [
        DeadLetterRef(TOPIC, 0, 5000),
        DeadLetterRef(TOPIC, 0, 9),
        DeadLetterRef("other.dead", 0, 10),
    ]
    assert await dug(Reader(ZERO), *places) == []
