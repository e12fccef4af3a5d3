"""How many records wait on a topic, and how many lie in its dead letters."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import (
    GroupCoordinatorNotAvailableError,
    GroupLoadInProgressError,
    NotCoordinatorForGroupError,
)
from aiokafka.structs import OffsetAndMetadata

from services.cli.support.clients import CONNECT_SECONDS, connected
from services.contracts.topics import MAX_RECORD_BYTES, Topic
from services.runtime.kafka.clients import admin
from services.runtime.kafka.settings import KafkaSettings

# Together within what a status may take.
COORDINATOR_ATTEMPTS = 12
COORDINATOR_PAUSE_SECONDS = 0.25
_NO_COORDINATOR_YET = (
    GroupCoordinatorNotAvailableError,
    GroupLoadInProgressError,
    NotCoordinatorForGroupError,
)


@dataclass(frozen=True, slots=True)
class Spans:
    """What a broker holds of a partition: from the first offset, up to the next one."""

    first: dict[TopicPartition, int]
    next: dict[TopicPartition, int]

    def records(self) -> int:
        """How many records there can be, in all partitions together."""
        return sum(end - self.first[partition] for partition, end in self.next.items())


class _Admin:
    """An admin client under the names that other clients have."""

    def __init__(self, client: AIOKafkaAdminClient) -> None:
        self.client = client

    async def start(self) -> None:
        await self.client.start()

    async def stop(self) -> None:
        await self.client.close()


class Broker:
    """Reads offsets, and changes nothing: it is in no group and makes no topic."""

    def __init__(self, client: AIOKafkaAdminClient, reader: AIOKafkaConsumer) -> None:
        self._client = client
        self.reader = reader

    async def partitions(self, topics: Iterable[str]) -> dict[str, list[TopicPartition]]:
        """The partitions of those of the topics that exist."""
        wanted = set(topics)
        # Of all topics: to ask for one by name would make it, where the broker allows that.
        return {
            told["topic"]: [
                TopicPartition(told["topic"], p["partition"]) for p in told["partitions"]
            ]
            for told in await self._client.describe_topics()
            if told["topic"] in wanted
        }

    async def spans(self, partitions: Sequence[TopicPartition]) -> Spans:
        """What there is to read now."""
        first = await self.reader.beginning_offsets(partitions)
        return Spans(first, await self.reader.end_offsets(partitions))

    async def lag(self, topics: Sequence[Topic]) -> dict[str, int | None]:
        """Records that the group of each topic has yet to commit; None if the topic is not there.

        Asked in the order of the topics. In the order of the flow, all zeros mean that what had
        been pushed before has come out at the end: a group commits after it has handed on.
        """
        there = await self.partitions(topic.name for topic in topics)
        behind: dict[str, int | None] = {}
        for topic in topics:
            partitions = there.get(topic.name)
            behind[topic.name] = await self._lag_of(topic, partitions) if partitions else None
        return behind

    async def dead_letters(self, topics: Sequence[Topic]) -> dict[str, int | None]:
        """How many dead letters each topic has; None if there is no topic for them."""
        there = await self.partitions(topic.dead for topic in topics)
        return {
            topic.name: (await self.spans(partitions)).records()
            if (partitions := there.get(topic.dead))
            else None
            for topic in topics
        }

    async def committed(self, group: str) -> dict[TopicPartition, int]:
        """The offset up to which a group has finished each partition that it has begun."""
        return {partition: told.offset for partition, told in (await self._commits(group)).items()}

    async def _lag_of(self, topic: Topic, partitions: Sequence[TopicPartition]) -> int:
        # Commits before ends: the other way round, what comes in between would look done.
        commits = await self._commits(topic.group)
        spans = await self.spans(partitions)
        behind = 0
        for partition in partitions:
            told = commits.get(partition)
            done = max(told.offset if told else 0, spans.first[partition])
            behind += max(0, spans.next[partition] - done)
        return behind

    async def _commits(self, group: str) -> dict[TopicPartition, OffsetAndMetadata]:
        """What the group has committed. A broker asked for the first time has yet to prepare."""
        for _ in range(COORDINATOR_ATTEMPTS):
            with suppress(*_NO_COORDINATOR_YET):
                return dict(await self._client.list_consumer_group_offsets(group))
            await asyncio.sleep(COORDINATOR_PAUSE_SECONDS)
        return dict(await self._client.list_consumer_group_offsets(group))


@asynccontextmanager
async def broker(
    settings: KafkaSettings, within_seconds: float = CONNECT_SECONDS
) -> AsyncIterator[Broker]:
    """A connected reader of offsets."""
    async with (
        connected(_Admin(admin(settings)), within_seconds) as client,
        connected(_reader(settings, within_seconds), within_seconds) as reader,
    ):
        yield Broker(client.client, reader)


def _reader(settings: KafkaSettings, within_seconds: float) -> AIOKafkaConsumer:
    # runtime.kafka.consumer is a member of a group; looking on must not disturb one.
    return AIOKafkaConsumer(
        **settings.connection(),
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=MAX_RECORD_BYTES,
        fetch_max_wait_ms=100,
        request_timeout_ms=int(within_seconds * 1000),
    )
