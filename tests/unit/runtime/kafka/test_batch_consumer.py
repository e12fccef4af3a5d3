"""The order of processing and committing, on a broker in memory."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from aiokafka import ConsumerRecord, TopicPartition

from services.runtime.health import Health
from services.runtime.kafka.batch_consumer import MAX_BATCH_BYTES, BatchConsumer
from services.runtime.retry import Interrupted
from tests.fakes.kafka import FakeBroker, FakeConsumer

PARTITION = TopicPartition("articles.test", 0)
OTHER = TopicPartition("articles.test", 1)

Process = Callable[[Sequence[ConsumerRecord]], Awaitable[None]]


@dataclass
class World:
    """Records from offset 7 on, a consumer of them, and a journal of what is done and committed."""

    values: Sequence[bytes]
    fetch_records: int = 500
    broker: FakeBroker = field(default_factory=lambda: FakeBroker(first_offset=7))

    def __post_init__(self) -> None:
        self.consumer = FakeConsumer(
            self.broker, group_id="group", fetch_records=self.fetch_records
        )
        for value in self.values:
            self.broker.append(PARTITION, value)
        self.journal = self.broker.journal
        self.journal.clear()
        self.consumer.assign([PARTITION])

    def loop(self, max_records: int = 10) -> BatchConsumer:
        """It stops once all is read."""
        return BatchConsumer(Health("index"), self.consumer.drained, max_records=max_records)

    async def run(self, process: Process | None = None, loop: BatchConsumer | None = None) -> None:
        running = (loop or self.loop()).run(self.consumer, process or self.process)
        await asyncio.wait_for(running, timeout=5)

    async def process(self, records: Sequence[ConsumerRecord]) -> None:
        self.journal += [("processed", record.offset) for record in records]


async def test_a_batch_is_committed_after_it_is_processed_at_the_next_offset() -> None:
    world = World([b"x"])

    await world.run()

    assert world.journal == [("processed", 7), ("commit", 8)]


async def test_what_a_transaction_leaves_behind_a_batch_is_committed_too() -> None:
    world = World([b"x"])
    world.broker.append_marker(PARTITION)

    await world.run()

    assert world.journal == [("processed", 7), ("commit", 8), ("commit", 9)]


async def test_a_batch_that_is_given_up_is_not_committed_while_idle_either() -> None:
    world = World([b"x", b"x"], fetch_records=1)
    world.broker.append_marker(PARTITION)

    async def give_up_the_second(records: Sequence[ConsumerRecord]) -> None:
        if records[0].offset == 8:
            raise Interrupted
        await world.process(records)

    await world.run(give_up_the_second, world.loop(max_records=1))

    assert world.journal == [("processed", 7), ("commit", 8)]


async def test_a_batch_is_processed_in_the_order_of_arrival() -> None:
    world = World([])
    world.consumer.assign([PARTITION, OTHER])
    world.broker.append(PARTITION, b"late", timestamp=2)
    world.broker.append(OTHER, b"early", timestamp=1)
    processed: list[bytes | None] = []

    async def process(records: Sequence[ConsumerRecord]) -> None:
        processed.extend(record.value for record in records)

    await world.run(process)

    assert processed == [b"early", b"late"]


async def test_a_batch_grows_by_what_has_been_fetched_until_it_is_full() -> None:
    world = World([b"x"] * 4, fetch_records=1)

    await world.run(loop=world.loop(max_records=3))

    assert world.journal == [
        *[("processed", 7), ("processed", 8), ("processed", 9), ("commit", 10)],
        *[("processed", 10), ("commit", 11)],
    ]


async def test_a_batch_of_many_bytes_is_full_with_few_records() -> None:
    world = World([b"x", bytes(MAX_BATCH_BYTES), b"x"], fetch_records=1)

    await world.run()

    assert world.journal == [
        *[("processed", 7), ("processed", 8), ("commit", 9)],
        *[("processed", 9), ("commit", 10)],
    ]


async def test_a_batch_that_is_given_up_is_not_committed() -> None:
    world = World([b"x"])

    async def give_up(_: Sequence[ConsumerRecord]) -> None:
        raise Interrupted

    await world.run(give_up)

    assert world.journal == []


async def test_a_partition_that_is_anothers_now_is_not_committed_and_the_others_are() -> None:
    world = World([b"x"])
    world.broker.append(OTHER, b"x")
    world.journal.clear()
    world.consumer.assign([PARTITION, OTHER])

    async def process(records: Sequence[ConsumerRecord]) -> None:
        world.consumer.assign([OTHER])
        world.consumer.seek(OTHER, records[-1].offset + 1)

    await world.run(process)

    assert world.broker.committed == {("group", OTHER): 8}


async def test_a_refused_commit_does_not_end_the_loop() -> None:
    world = World([b"x", b"x"])
    world.broker.refuses_commits = True

    await world.run(loop=world.loop(max_records=1))

    assert world.journal == [("processed", 7), ("processed", 8)]


async def test_a_rebalance_waits_for_the_batch_in_hand() -> None:
    world = World([b"x"])
    loop = world.loop()
    entered, finish = asyncio.Event(), asyncio.Event()

    async def process(records: Sequence[ConsumerRecord]) -> None:
        entered.set()
        await finish.wait()
        await world.process(records)

    async def revoke() -> None:
        await loop.on_partitions_revoked([PARTITION])
        world.journal.append(("revoked", 0))

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(world.run(process, loop))
        await entered.wait()
        tasks.create_task(revoke())
        await asyncio.sleep(0)
        finish.set()

    assert world.journal == [("processed", 7), ("commit", 8), ("revoked", 0)]
