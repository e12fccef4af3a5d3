"""Consumer lag: what a group has yet to commit of a topic. The only place that computes it."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import (
    GroupCoordinatorNotAvailableError,
    GroupLoadInProgressError,
    NotCoordinatorForGroupError,
)

from services.contracts.topics import MAX_RECORD_BYTES, Topic
from services.runtime.kafka.clients import CONNECT_SECONDS, admin, bounded_connection
from services.runtime.kafka.settings import KafkaSettings

# Together within what a status may take.
COORDINATOR_ATTEMPTS = 12
COORDINATOR_PAUSE_SECONDS = 0.25
_NO_COORDINATOR_YET = (
    GroupCoordinatorNotAvailableError,
    GroupLoadInProgressError,
    NotCoordinatorForGroupError,
)


class OffsetRange(NamedTuple):
    """Offsets of one partition, from ``start`` up to, but not including, ``end``."""

    start: int
    end: int

    @property
    def records(self) -> int:
        """How many records there can be."""
        return max(self.end - self.start, 0)


class OffsetReader:
    """Reads offsets, and changes nothing: it joins no group and makes no topic.

    :ivar consumer: reads records too, once partitions are assigned to it.
    """

    def __init__(self, client: AIOKafkaAdminClient, consumer: AIOKafkaConsumer) -> None:
        self._client = client
        self.consumer = consumer

    async def partitions(self, topics: Iterable[str]) -> dict[str, list[TopicPartition]]:
        """The partitions of those of the topics that exist."""
        wanted = set(topics)
        # Of all topics: to ask for one by name would make it, where the broker allows that.
        return {
            topic["topic"]: [
                TopicPartition(topic["topic"], p["partition"]) for p in topic["partitions"]
            ]
            for topic in await self._client.describe_topics()
            if topic["topic"] in wanted
        }

    async def ranges(
        self, partitions: Sequence[TopicPartition]
    ) -> dict[TopicPartition, OffsetRange]:
        """What the broker holds of each partition now."""
        if not partitions:
            return {}
        first = await self.consumer.beginning_offsets(partitions)
        ends = await self.consumer.end_offsets(partitions)
        return {
            partition: OffsetRange(first[partition], ends[partition]) for partition in partitions
        }

    async def committed(self, group: str) -> dict[TopicPartition, int]:
        """The offset up to which a group has finished each partition that it has begun."""
        for _ in range(COORDINATOR_ATTEMPTS):
            # A broker that is asked for the first time has yet to prepare.
            with suppress(*_NO_COORDINATOR_YET):
                return await self._committed(group)
            await asyncio.sleep(COORDINATOR_PAUSE_SECONDS)
        return await self._committed(group)

    async def uncommitted(
        self, group: str, partitions: Sequence[TopicPartition]
    ) -> dict[TopicPartition, OffsetRange]:
        """What a group has yet to commit of each partition; an empty range where that is nothing.

        What retention has removed does not count.
        """
        # Commits before ends: the other way round, what comes in between would look done.
        committed = await self.committed(group)
        return {
            partition: OffsetRange(max(committed.get(partition, 0), first), end)
            for partition, (first, end) in (await self.ranges(partitions)).items()
        }

    async def records_before(self, group: str, ends: Mapping[TopicPartition, int]) -> int:
        """How many records before these offsets a group has yet to commit.

        What retention has removed does not count.
        """
        ranges = await self.uncommitted(group, list(ends)) if ends else {}
        return sum(max(0, end - ranges[partition].start) for partition, end in ends.items())

    async def ends(self, topic: str) -> dict[TopicPartition, int]:
        """The offset after the last record of each partition, as it is now."""
        partitions = (await self.partitions([topic])).get(topic, [])
        return {partition: end for partition, (_, end) in (await self.ranges(partitions)).items()}

    async def lag(self, topics: Sequence[Topic]) -> dict[str, int | None]:
        """Records that the group of each topic has yet to commit; None if the topic is not there.

        Asked in the order of the topics. In the order of the flow, all zeros mean that what had
        been pushed before has come out at the end: a group commits after it has handed on.
        """
        there = await self.partitions(topic.name for topic in topics)
        behind: dict[str, int | None] = {}
        for topic in topics:
            if partitions := there.get(topic.name):
                ranges = await self.uncommitted(topic.group, partitions)
                behind[topic.name] = sum(each.records for each in ranges.values())
            else:
                behind[topic.name] = None
        return behind

    async def dead_letters(self, topics: Sequence[Topic]) -> dict[str, int | None]:
        """How many dead letters each topic has; None if there is no topic for them."""
        there = await self.partitions(topic.dead for topic in topics)
        counts: dict[str, int | None] = {}
        for topic in topics:
            if partitions := there.get(topic.dead):
                ranges = await self.ranges(partitions)
                counts[topic.name] = sum(each.records for each in ranges.values())
            else:
                counts[topic.name] = None
        return counts

    async def _committed(self, group: str) -> dict[TopicPartition, int]:
        offsets = await self._client.list_consumer_group_offsets(group)
        return {partition: committed.offset for partition, committed in offsets.items()}


@asynccontextmanager
async def offset_reader(
    settings: KafkaSettings, within_seconds: float = CONNECT_SECONDS
) -> AsyncIterator[OffsetReader]:
    """A connected reader of offsets.

    :raises KafkaError: the broker cannot be reached, or refuses.
    :raises TimeoutError: the broker does not answer in time.
    """
    async with (
        bounded_connection(admin(settings), within_seconds) as client,
        bounded_connection(_consumer(settings, within_seconds), within_seconds) as consumer,
    ):
        yield OffsetReader(client, consumer)


def _consumer(settings: KafkaSettings, within_seconds: float) -> AIOKafkaConsumer:
    # clients.consumer() is a member of a group; looking on must not disturb one.
    return AIOKafkaConsumer(
        **settings.connection(),
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=MAX_RECORD_BYTES,
        fetch_max_wait_ms=100,
        request_timeout_ms=int(within_seconds * 1000),
    )
