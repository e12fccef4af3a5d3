"""Offset ranges are read to their ends, no further, and never for ever."""

import pytest
from aiokafka import TopicPartition

from services.cli.dead_letters.reader import MAX_GAP, fetch
from services.cli.support import topic_reader
from services.cli.support.topic_reader import read_records
from services.contracts.dead_letters import DeadLetterRef
from services.runtime.kafka.lag import OffsetRange, OffsetReader
from tests.fakes.kafka import FakeBroker, FakeConsumer
from tests.unit.cli.dead_letters.samples import TOPIC

ZERO, ONE = TopicPartition(TOPIC, 0), TopicPartition(TOPIC, 1)


def reader(records: int) -> FakeConsumer:
    """A consumer that has fetched three records at a time of two partitions."""
    broker = FakeBroker()
    for partition in (ZERO, ONE):
        for _ in range(records):
            broker.append(partition, b"x")
    return FakeConsumer(broker, fetch_records=3)


async def read(
    consumer: FakeConsumer, ranges: dict[TopicPartition, OffsetRange]
) -> list[tuple[int, int]]:
    return [(each.partition, each.offset) async for each in read_records(consumer, ranges)]


async def test_what_comes_after_the_end_is_not_read() -> None:
    found = await read(reader(20), {ZERO: OffsetRange(5, 10), ONE: OffsetRange(0, 2)})
    assert sorted(found) == [(0, n) for n in range(5, 10)] + [(1, 0), (1, 1)]


async def test_an_empty_range_asks_nobody() -> None:
    assert await read(reader(20), {ZERO: OffsetRange(7, 7)}) == []
    assert await read(reader(20), {}) == []


async def test_a_broker_that_is_silent_is_not_waited_for_without_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(topic_reader, "STALL_SECONDS", 0.0)
    with pytest.raises(TimeoutError):
        await read(reader(0), {ZERO: OffsetRange(0, 1)})


async def fetched(consumer: FakeConsumer, *refs: DeadLetterRef) -> list[int]:
    ranges = {ZERO: OffsetRange(10, 5000)}
    return [each.entry.offset async for each in fetch(OffsetReader(None, consumer), ranges, refs)]


async def test_dead_letters_are_fetched_without_reading_all_between_them() -> None:
    consumer = reader(5000)
    refs = [DeadLetterRef(TOPIC, 0, n) for n in (4000, 11, 10, 12 + MAX_GAP)]
    assert await fetched(consumer, *refs) == [10, 11, 12 + MAX_GAP, 4000]
    assert len(consumer.returned) < 2 * MAX_GAP, "what is far between was read"


async def test_references_that_do_not_exist_are_not_read() -> None:
    """
    At the end a reader would wait for the next failure.
    """
    refs = [
        DeadLetterRef(TOPIC, 0, 5000),
        DeadLetterRef(TOPIC, 0, 9),
        DeadLetterRef("other.dead", 0, 10),
    ]
    assert await fetched(reader(0), *refs) == []
