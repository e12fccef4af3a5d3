"""See what becomes of replayed letters: how far the workers are, and what they buried again."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from aiokafka import TopicPartition

from services.cli.dead_letters.reader import Buried, letters, stretches
from services.cli.support.topic_reader import Stretch
from services.contracts.dead_letters import REPLAY_OF, DeadLetterRef
from services.contracts.topics import Topic
from services.runtime.kafka.lag import OffsetRange, OffsetReader

POLL_SECONDS = 0.25


class DeadAgain(NamedTuple):
    """A replayed letter that is a dead letter again, and which."""

    place: DeadLetterRef
    again: Buried


async def passed(broker: OffsetReader, flow: Sequence[Topic], within_seconds: float) -> str | None:
    """Wait until the workers are past all that lies on these topics now, and what comes of it.

    Topic after topic, in the order of the flow: a group commits after it has handed on, so what
    it made of a record lies on the next topic by then. New records that keep coming do not count.

    :returns: None when they are, or the topic on which they were when the time was over.
    """
    deadline = time.monotonic() + within_seconds
    for topic in flow:
        partitions = (await broker.partitions([topic.name])).get(topic.name, [])
        ranges = await broker.ranges(partitions)
        while not _is_past(await broker.committed(topic.group), ranges):
            if time.monotonic() > deadline:
                return topic.name
            await asyncio.sleep(POLL_SECONDS)
    return None


def _is_past(
    committed: Mapping[TopicPartition, int], ranges: Mapping[TopicPartition, OffsetRange]
) -> bool:
    # What its retention has removed before anybody read it is not waited for.
    return all(
        max(committed.get(partition, 0), first) >= end for partition, (first, end) in ranges.items()
    )


async def dead_again(
    broker: OffsetReader,
    flow: Sequence[Topic],
    before: Mapping[TopicPartition, Stretch],
    replayed: set[DeadLetterRef],
) -> list[DeadAgain]:
    """Which of the replayed letters have a new dead letter, at whatever worker, since before.

    :raises TimeoutError: Kafka has not answered for half a minute.
    """
    since = {
        partition: (max(first, before.get(partition, (0, 0))[1]), end)
        for partition, (first, end) in (await stretches(broker, flow)).items()
    }
    names = {str(place): place for place in replayed}
    found: dict[DeadLetterRef, DeadAgain] = {}
    async for buried, headers in letters(broker, since):
        name = (dict(headers).get(REPLAY_OF) or b"").decode("utf-8", "replace")
        if name in names:
            place = names[name]
            found[place] = DeadAgain(place, buried)
    return [found[place] for place in sorted(found)]
