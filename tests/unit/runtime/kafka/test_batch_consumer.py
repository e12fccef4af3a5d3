"""The order of processing and committing, on a partition in memory."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import CommitFailedError

from services.runtime.health import Health
from services.runtime.kafka.batch_consumer import MAX_BATCH_BYTES, BatchConsumer
from services.runtime.retry import Interrupted
from tests.fakes.records import FakeRecord

PARTITION = TopicPartition("articles.test", 0)
OTHER = TopicPartition("articles.test", 1)


class Partition:
    """A consumer of one partition that writes a journal."""

    def __init__(self, *offsets: int, stopping: asyncio.Event) -> None:
        self.batches = [{PARTITION: [FakeRecord(b"x", offset)]} for offset in offsets]
        self.fetched: list[list[FakeRecord]] = []
        self.journal: list[tuple[str, int]] = []
        self.ours = {PARTITION}
        self.refuse_commit = False
        self.next = offsets[0] if offsets else 0
        self.idle: list[int] = []
        self._stopping = stopping

    async def getmany(
        self, *, timeout_ms: int, max_records: int
    ) -> Mapping[TopicPartition, Sequence[FakeRecord]]:
        if not timeout_ms:
            return self._passed({PARTITION: self.fetched.pop(0)} if self.fetched else {})
        if self.batches:
            return self._passed(self.batches.pop(0))
        if self.idle:
            self.next = self.idle.pop(0)
        else:
            self._stopping.set()
        return {}

    def _passed(
        self, batch: Mapping[TopicPartition, Sequence[FakeRecord]]
    ) -> Mapping[TopicPartition, Sequence[FakeRecord]]:
        for records in batch.values():
            self.next = records[-1].offset + 1
        return batch

    async def position(self, _: TopicPartition) -> int:
        return self.next

    def assignment(self) -> set[TopicPartition]:
        return self.ours

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        assert offsets, "aiokafka refuses an empty commit"
        if self.refuse_commit:
            raise CommitFailedError
        self.journal += [("commit", offset) for offset in offsets.values()]

    async def process(self, records: Sequence[Any]) -> None:
        self.journal += [("processed", record.offset) for record in records]


async def run(partition: Partition, stopping: asyncio.Event, **how: Any) -> None:
    loop = how.pop("loop", None) or BatchConsumer(Health("index"), stopping, max_records=10)
    await asyncio.wait_for(loop.run(partition, how.get("process", partition.process)), timeout=5)


async def test_a_batch_is_committed_after_it_is_processed_at_the_next_offset() -> None:
    stopping = asyncio.Event()
    partition = Partition(7, stopping=stopping)

    await run(partition, stopping)

    assert partition.journal == [("processed", 7), ("commit", 8)]


async def test_what_a_transaction_leaves_behind_a_batch_is_committed_too() -> None:
    stopping = asyncio.Event()
    partition = Partition(7, stopping=stopping)
    partition.idle = [9, 9]

    await run(partition, stopping)

    assert partition.journal == [("processed", 7), ("commit", 8), ("commit", 9)]


async def test_a_batch_that_is_given_up_is_not_committed_while_idle_either() -> None:
    stopping = asyncio.Event()
    partition = Partition(7, 8, stopping=stopping)
    partition.idle = [9, 9]
    process = partition.process

    async def give_up_the_second(records: Sequence[Any]) -> None:
        if records[0].offset == 8:
            raise Interrupted
        await process(records)

    await run(partition, stopping, process=give_up_the_second)

    assert partition.journal == [("processed", 7), ("commit", 8)]


async def test_a_batch_is_processed_in_the_order_of_arrival() -> None:
    stopping = asyncio.Event()
    partition = Partition(stopping=stopping)
    late, early = FakeRecord(b"x", 7, timestamp=2), FakeRecord(b"x", 3, "t", 1, timestamp=1)
    partition.batches = [{PARTITION: [late], OTHER: [early]}]

    await run(partition, stopping)

    assert partition.journal[:2] == [("processed", 3), ("processed", 7)]


async def test_a_batch_grows_by_what_has_been_fetched_until_it_is_full() -> None:
    stopping = asyncio.Event()
    partition = Partition(7, stopping=stopping)
    partition.fetched = [[FakeRecord(b"x", offset)] for offset in (8, 9, 10)]
    loop = BatchConsumer(Health("index"), stopping, max_records=3)

    await run(partition, stopping, loop=loop)

    processed = [("processed", offset) for offset in (7, 8, 9)]
    assert partition.journal == [*processed, ("commit", 10)]


async def test_a_batch_of_many_bytes_is_full_with_few_records() -> None:
    stopping = asyncio.Event()
    partition = Partition(7, stopping=stopping)
    partition.fetched = [[FakeRecord(bytes(MAX_BATCH_BYTES), 8)], [FakeRecord(b"x", 9)]]

    await run(partition, stopping)

    assert partition.journal == [("processed", 7), ("processed", 8), ("commit", 9)]


async def test_a_batch_that_is_given_up_is_not_committed() -> None:
    stopping = asyncio.Event()
    partition = Partition(7, stopping=stopping)

    async def give_up(_: Sequence[Any]) -> None:
        raise Interrupted

    await run(partition, stopping, process=give_up)

    assert partition.journal == []


async def test_a_partition_that_is_anothers_now_is_not_committed() -> None:
    stopping = asyncio.Event()
    partition = Partition(7, stopping=stopping)
    partition.ours = {OTHER}

    await run(partition, stopping)

    assert partition.journal == [("processed", 7)]


async def test_a_refused_commit_does_not_end_the_loop() -> None:
    stopping = asyncio.Event()
    partition = Partition(7, 8, stopping=stopping)
    partition.refuse_commit = True

    await run(partition, stopping)

    assert partition.journal == [("processed", 7), ("processed", 8)]


async def test_a_rebalance_waits_for_the_current_batch() -> None:
    stopping = asyncio.Event()
    partition = Partition(7, stopping=stopping)
    loop = BatchConsumer(Health("index"), stopping, max_records=10)
    entered, finish = asyncio.Event(), asyncio.Event()

    async def process(records: Sequence[Any]) -> None:
        entered.set()
        await finish.wait()
        await partition.process(records)

    async def revoke() -> None:
        await loop.on_partitions_revoked([PARTITION])
        partition.journal.append(("revoked", 0))

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(run(partition, stopping, loop=loop, process=process))
        await entered.wait()
        tasks.create_task(revoke())
        await asyncio.sleep(0)
        finish.set()

    assert partition.journal == [("processed", 7), ("commit", 8), ("revoked", 0)]
