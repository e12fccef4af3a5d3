"""Detecting a consumer that has stopped consuming without ending or saying so."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from collections.abc import Set as AbstractSet

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from services.contracts.topics import Topic
from services.runtime.kafka.lag import offset_reader
from services.runtime.kafka.settings import KafkaSettings

# A broker that takes longer is asked again at the next check.
CHECK_SECONDS = 20.0


class StallDetector:
    """Tells a worker that has nothing to do from one that has stopped doing it.

    A consumer can lose its place in the group and neither end nor say so.

    :param unprocessed: reads the committed offset of each partition that has records behind it.
    """

    def __init__(self, unprocessed: Callable[[], Awaitable[Mapping[TopicPartition, int]]]) -> None:
        self._read_unprocessed = unprocessed
        self._unprocessed: set[tuple[TopicPartition, int]] = set()

    def progressed(self) -> None:
        """Note that the worker took a batch since the last check."""
        self._unprocessed = set()

    async def stalled(self) -> bool:
        """True where a record waits that waited at the last check too; False if Kafka is away."""
        before = self._unprocessed
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                self._unprocessed = set((await self._read_unprocessed()).items())
        except (KafkaError, TimeoutError):
            self._unprocessed = set()
        return bool(before & self._unprocessed)


async def unprocessed_offsets(
    settings: KafkaSettings, topic: Topic, own: AbstractSet[int]
) -> Mapping[TopicPartition, int]:
    """The committed offset of each partition that has records behind it.

    :param own: the partitions to ask for; none is all of the topic.
    :raises KafkaError: the broker cannot be reached.
    :raises TimeoutError: the broker does not answer in time.
    """
    async with offset_reader(settings) as offsets:
        if own:
            partitions = [TopicPartition(topic.name, number) for number in own]
        else:
            partitions = (await offsets.partitions([topic.name])).get(topic.name, [])
        ranges = await offsets.uncommitted(topic.group, partitions)
    return {partition: each.start for partition, each in ranges.items() if each.records}
