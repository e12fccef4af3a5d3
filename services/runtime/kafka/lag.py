"""What a consumer group has left to do, as the broker tells it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from collections.abc import Set as AbstractSet

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from services.contracts.topics import Topic
from services.runtime.kafka.settings import KafkaSettings

# A broker that takes longer is asked again at the next look.
LOOK_SECONDS = 20.0


class FreezeWatch:
    """Tells a worker that has nothing to do from one that has stopped doing it.

    A consumer can lose its place in the group and neither end nor say so.

    :param look: the committed offset of each partition that has records behind it.
    """

    def __init__(self, look: Callable[[], Awaitable[Mapping[TopicPartition, int]]]) -> None:
        self._look = look
        self._left: set[tuple[TopicPartition, int]] = set()

    def worked(self) -> None:
        """The worker took a batch since the last look."""
        self._left = set()

    async def frozen(self) -> bool:
        """True where something lies as it lay at the last look; False if nobody can tell."""
        before = self._left
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                self._left = set((await self._look()).items())
        except (KafkaError, TimeoutError):
            self._left = set()
        return bool(before & self._left)


async def backlog(
    settings: KafkaSettings, topic: Topic, own: AbstractSet[int]
) -> Mapping[TopicPartition, int]:
    """The committed offset of each partition that has records behind it.

    :param own: the partitions to ask for; none is all of the topic.
    :raises KafkaError: the broker cannot be reached.
    """
    # It has the group's name to ask for its offsets, and no subscription: it is no member.
    reader = AIOKafkaConsumer(
        **settings.connection(), group_id=topic.group, enable_auto_commit=False
    )
    await reader.start()
    try:
        if not own:
            await reader.topics()
        numbers = own or reader.partitions_for_topic(topic.name) or set()
        partitions = [TopicPartition(topic.name, number) for number in numbers]
        firsts = await reader.beginning_offsets(partitions)
        ends = await reader.end_offsets(partitions)
        done = {tp: await reader.committed(tp) for tp in partitions}
    finally:
        await reader.stop()
    starts = {tp: offset if offset is not None else firsts[tp] for tp, offset in done.items()}
    return {tp: start for tp, start in starts.items() if start < ends[tp]}
