"""Outcome of a replay: whether the workers have finished it, and what failed again."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from aiokafka import TopicPartition

from services.cli.dead_letters.reader import DeadLetterEntry, offset_ranges, read_entries
from services.cli.replay.producer import ReplayProgress
from services.contracts.dead_letters import REPLAY_OF, DeadLetterRef
from services.contracts.topics import Topic
from services.runtime.kafka.lag import OffsetRange, OffsetReader

POLL_SECONDS = 0.25


class FailedAgain(NamedTuple):
    """A replayed dead letter, and the new dead letter that its record has become."""

    ref: DeadLetterRef
    again: DeadLetterEntry


@dataclass(slots=True)
class ReplayResult:
    """What a replay has sent, and what the workers made of it.

    :param waited: whether the workers were waited for; without that, the rest is not known.
    :param unfinished_topic: the topic that the workers had not finished when the time was over.
    """

    progress: ReplayProgress = field(default_factory=ReplayProgress)
    waited: bool = False
    unfinished_topic: str | None = None
    failed_again: list[FailedAgain] = field(default_factory=list)


async def wait_for_workers(
    offset_reader: OffsetReader, flow: Sequence[Topic], within_seconds: float
) -> str | None:
    """Wait until the workers have processed all that is on these topics now.

    Topic after topic, in the order of the flow: a group commits after it has handed on, so what
    it made of a record is on the next topic by then. New records that keep coming do not count.

    :returns: None when they have, or the topic they were working on when the time was over.
    """
    deadline = time.monotonic() + within_seconds
    for topic in flow:
        ends = await offset_reader.ends(topic.name)
        while await offset_reader.records_before(topic.group, ends):
            if time.monotonic() > deadline:
                return topic.name
            await asyncio.sleep(POLL_SECONDS)
    return None


async def find_failed_again(
    offset_reader: OffsetReader,
    flow: Sequence[Topic],
    before: Mapping[TopicPartition, OffsetRange],
    replayed: set[DeadLetterRef],
) -> list[FailedAgain]:
    """Find new dead letters, of whatever worker, that come from these replayed ones.

    :param before: offsets of the dead-letter topics before the replay.
    :raises TimeoutError: Kafka has not answered for half a minute.
    """
    since = {
        partition: OffsetRange(max(start, before.get(partition, (0, 0))[1]), end)
        for partition, (start, end) in (await offset_ranges(offset_reader, flow)).items()
    }
    by_name = {str(ref): ref for ref in replayed}
    found: dict[DeadLetterRef, FailedAgain] = {}
    async for entry, headers in read_entries(offset_reader, since):
        name = (dict(headers).get(REPLAY_OF) or b"").decode("utf-8", "replace")
        if name in by_name:
            ref = by_name[name]
            found[ref] = FailedAgain(ref, entry)
    return [found[ref] for ref in sorted(found)]
