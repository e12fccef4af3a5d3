"""The fakes of Kafka allow and refuse what the real clients and a real broker do.

Every case runs on both. A fake that is made more lenient or stricter turns its half red.
"""

import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import NewTopic
from aiokafka.errors import (
    CommitFailedError,
    IllegalOperation,
    IllegalStateError,
    MessageSizeTooLargeError,
)

from services.runtime.kafka.clients import admin
from services.runtime.kafka.settings import KafkaSettings
from tests.fakes.kafka import FakeBroker, FakeConsumer, FakeProducer

pytestmark = pytest.mark.asyncio(loop_scope="module")

PARTITIONS = 2
MAX_MESSAGE_BYTES = 50_000
MAX_REQUEST_BYTES = 100_000


@dataclass
class Fake:
    """Clients of the broker in memory."""

    broker: FakeBroker

    async def producer(self) -> FakeProducer:
        return FakeProducer(self.broker, max_request_size=MAX_REQUEST_BYTES)

    async def consumer(self, group_id: str | None = None) -> FakeConsumer:
        return FakeConsumer(self.broker, group_id=group_id)

    async def expel(self, topic: str, group_id: str) -> None:
        self.broker.refuses_commits = True


@dataclass
class Real:
    """Clients of a real broker, which end with the stack of contexts."""

    bootstrap_servers: str
    contexts: AsyncExitStack

    async def producer(self) -> Any:
        return await self.contexts.enter_async_context(
            AIOKafkaProducer(
                bootstrap_servers=self.bootstrap_servers, max_request_size=MAX_REQUEST_BYTES
            )
        )

    async def consumer(self, group_id: str | None = None) -> Any:
        return await self.contexts.enter_async_context(
            AIOKafkaConsumer(
                bootstrap_servers=self.bootstrap_servers,
                group_id=group_id,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
            )
        )

    async def expel(self, topic: str, group_id: str) -> None:
        """Another member is all of the group now."""
        member = AIOKafkaConsumer(
            topic, bootstrap_servers=self.bootstrap_servers, group_id=group_id
        )
        await self.contexts.enter_async_context(member)
        assert member.assignment()


Clients = Fake | Real


@pytest_asyncio.fixture(loop_scope="module", params=["fake", "real"])
async def clients(request: pytest.FixtureRequest, topic: str) -> AsyncIterator[Clients]:
    if request.param == "fake":
        yield Fake(FakeBroker(PARTITIONS, max_message_bytes=MAX_MESSAGE_BYTES))
        return
    address = request.getfixturevalue("stack").bootstrap_servers
    client = admin(KafkaSettings(bootstrap_servers=address))
    await client.start()
    try:
        configs = {"max.message.bytes": str(MAX_MESSAGE_BYTES)}
        new = NewTopic(topic, PARTITIONS, 1, topic_configs=configs)
        await client.create_topics([new])
        async with AsyncExitStack() as contexts:
            yield Real(address, contexts)
        await client.delete_topics([topic])
    finally:
        await client.close()


@pytest.fixture
def topic() -> str:
    return f"conformance-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def first(topic: str) -> TopicPartition:
    return TopicPartition(topic, 0)


@pytest.fixture
def second(topic: str) -> TopicPartition:
    return TopicPartition(topic, 1)


async def fill(clients: Clients, partition: TopicPartition, *values: bytes) -> None:
    producer = await clients.producer()
    for value in values:
        await producer.send_and_wait(partition.topic, value, partition=partition.partition)


async def read(consumer: Any, count: int) -> list[bytes | None]:
    """So many values, however many calls it takes."""
    values: list[bytes | None] = []
    while len(values) < count:
        for records in (await consumer.getmany(timeout_ms=5000)).values():
            values += [record.value for record in records]
    return values


async def test_a_record_comes_out_as_it_went_in(clients: Clients, first: TopicPartition) -> None:
    producer, consumer = await clients.producer(), await clients.consumer()
    headers = [("one", b"1"), ("two", b"\xff")]
    done = await producer.send_and_wait(
        first.topic, b"value", key=b"key", partition=0, headers=headers
    )
    nothing = await producer.send_and_wait(first.topic, None, key=b"key", partition=0)
    consumer.assign([first])

    found = (await consumer.getmany(timeout_ms=5000))[first]
    if len(found) == 1:
        found += (await consumer.getmany(timeout_ms=5000))[first]

    assert (done.topic, done.partition, done.offset, nothing.offset) == (*first, 0, 1)
    assert [(r.topic, r.partition, r.offset, r.key, r.value) for r in found] == [
        (*first, 0, b"key", b"value"),
        (*first, 1, b"key", None),
    ]
    assert [tuple(record.headers) for record in found] == [tuple(headers), ()]
    assert found[0].timestamp > 0


async def test_a_record_without_key_and_value_is_refused(
    clients: Clients, first: TopicPartition
) -> None:
    producer = await clients.producer()

    with pytest.raises(AssertionError):
        await producer.send(first.topic)


async def test_records_of_one_key_share_a_partition(
    clients: Clients, first: TopicPartition
) -> None:
    producer = await clients.producer()

    done = [await producer.send_and_wait(first.topic, b"x", key=b"key") for _ in range(8)]

    assert len({each.partition for each in done}) == 1


async def test_a_record_over_the_clients_limit_is_refused_at_once(
    clients: Clients, first: TopicPartition
) -> None:
    producer = await clients.producer()

    with pytest.raises(MessageSizeTooLargeError):
        await producer.send(first.topic, bytes(MAX_REQUEST_BYTES))


async def test_a_record_over_the_topics_limit_is_refused_by_the_broker(
    clients: Clients, first: TopicPartition
) -> None:
    producer = await clients.producer()
    answer = await producer.send(first.topic, bytes(MAX_MESSAGE_BYTES + 1))

    with pytest.raises(MessageSizeTooLargeError):
        await answer


async def test_records_come_in_order_and_no_more_than_asked_for(
    clients: Clients, first: TopicPartition
) -> None:
    values = [b"%d" % number for number in range(20)]
    await fill(clients, first, *values)
    consumer = await clients.consumer()
    consumer.assign([first])

    found: list[bytes | None] = []
    while len(found) < len(values):
        batch = await consumer.getmany(timeout_ms=5000, max_records=3)
        records = batch[first]
        assert len(records) <= 3
        found += [record.value for record in records]
        assert await consumer.position(first) == len(found)

    assert found == values


async def test_a_limit_is_of_all_partitions_together(
    clients: Clients, first: TopicPartition, second: TopicPartition
) -> None:
    for partition in (first, second):
        await fill(clients, partition, *[b"x"] * 5)
    consumer = await clients.consumer()
    consumer.assign([first, second])

    seen = 0
    while seen < 10:
        batch = await consumer.getmany(timeout_ms=5000, max_records=4)
        count = sum(map(len, batch.values()))
        assert 0 < count <= 4
        seen += count


async def test_where_nothing_is_nothing_comes(clients: Clients, first: TopicPartition) -> None:
    consumer = await clients.consumer()
    consumer.assign([first])

    assert await consumer.getmany(timeout_ms=0) == {}
    assert await consumer.getmany(timeout_ms=50, max_records=10) == {}
    assert await consumer.position(first) == 0


async def test_only_the_partitions_that_are_named_are_read(
    clients: Clients, first: TopicPartition, second: TopicPartition
) -> None:
    await fill(clients, first, b"first")
    await fill(clients, second, b"second")
    consumer = await clients.consumer()
    consumer.assign([first, second])

    batch: dict[TopicPartition, Any] = {}
    while not batch:
        batch = await consumer.getmany(second, timeout_ms=5000)

    assert [record.value for record in batch.pop(second)] == [b"second"]
    assert batch == {}
    assert await consumer.position(first) == 0


async def test_a_consumer_may_go_back_and_past_the_end(
    clients: Clients, first: TopicPartition
) -> None:
    await fill(clients, first, b"a", b"b", b"c")
    consumer = await clients.consumer()
    consumer.assign([first])
    assert await read(consumer, 3) == [b"a", b"b", b"c"]

    consumer.seek(first, 1)
    assert await read(consumer, 2) == [b"b", b"c"]
    consumer.seek(first, 3)

    assert await consumer.getmany(timeout_ms=50) == {}
    with pytest.raises(ValueError, match="positive"):
        consumer.seek(first, -1)


async def test_the_ends_of_a_partition_are_told_whoever_reads_it(
    clients: Clients, first: TopicPartition, second: TopicPartition
) -> None:
    await fill(clients, first, b"a", b"b", b"c")
    consumer = await clients.consumer()

    assert await consumer.beginning_offsets([first, second]) == {first: 0, second: 0}
    assert await consumer.end_offsets([first, second]) == {first: 3, second: 0}


async def test_a_partition_of_nobody_is_not_read_sought_or_committed(
    clients: Clients, first: TopicPartition, second: TopicPartition
) -> None:
    consumer = await clients.consumer(f"{first.topic}-group")
    consumer.assign([first])

    assert consumer.assignment() == {first}
    with pytest.raises(IllegalStateError):
        await consumer.position(second)
    with pytest.raises(IllegalStateError):
        consumer.seek(second, 0)
    with pytest.raises(IllegalStateError):
        await consumer.commit({second: 1})
    consumer.unsubscribe()
    assert consumer.assignment() == set()


async def test_an_offset_that_was_committed_is_where_the_next_one_of_the_group_begins(
    clients: Clients, first: TopicPartition, second: TopicPartition
) -> None:
    await fill(clients, first, b"a", b"b", b"c")
    group = f"{first.topic}-group"
    before, after, other = [
        await clients.consumer(name) for name in (group, group, f"{group}-other")
    ]
    before.assign([first, second])
    await before.commit({first: 2})
    for consumer in (after, other):
        consumer.assign([first, second])

    assert await after.committed(first) == 2
    assert await after.committed(second) is None
    assert await read(after, 1) == [b"c"]
    assert await read(other, 3) == [b"a", b"b", b"c"]


async def test_an_empty_commit_and_one_without_a_group_are_refused(
    clients: Clients, first: TopicPartition
) -> None:
    member, nobody = await clients.consumer(f"{first.topic}-group"), await clients.consumer()
    for consumer in (member, nobody):
        consumer.assign([first])

    with pytest.raises(ValueError, match=r"\{\}"):
        await member.commit({})
    with pytest.raises(IllegalOperation):
        await nobody.commit({first: 1})
    with pytest.raises(IllegalOperation):
        await nobody.committed(first)


async def test_a_commit_of_one_whom_the_group_does_not_know_is_refused(
    clients: Clients, first: TopicPartition
) -> None:
    group = f"{first.topic}-group"
    consumer = await clients.consumer(group)
    consumer.assign([first])
    await clients.expel(first.topic, group)

    with pytest.raises(CommitFailedError):
        await consumer.commit({first: 1})
