"""Wait until pushed records have passed all workers, for a bounded time."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from aiokafka import TopicPartition

from services.cli.support.clients import reaching_kafka
from services.cli.support.errors import CommandError, ExitCode
from services.cli.support.target import Target
from services.contracts.topics import Topic
from services.runtime.kafka.lag import OffsetReader, offset_reader

POLL_SECONDS = 0.25
# From a cold start the workers load their models first.
BASE_SECONDS = 60.0
# The slowest models take a third of it for an article, on one core.
SECONDS_PER_RECORD = 1.0
# The slowest models take a minute for a batch, and commit after it.
STALL_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class WaitLimits:
    """How long to wait in all, and how long while nothing moves."""

    total_seconds: float
    stall_seconds: float

    @classmethod
    def of(cls, timeout: float | None, records: int) -> "WaitLimits":
        """Take the time-out that was given, or one that is scaled to the number of records."""
        if timeout is not None:
            return cls(timeout, timeout)
        return cls(BASE_SECONDS + SECONDS_PER_RECORD * records, STALL_SECONDS)


async def wait_until_passed(
    offsets: OffsetReader,
    flow: Sequence[Topic],
    ends: Mapping[TopicPartition, int],
    limits: WaitLimits,
    report: Callable[[int], None],
) -> bool:
    """Wait until all records before these offsets of the first topic have passed all workers.

    Only these: on a busy pipeline some records are always behind. A group commits after it has
    handed on, so what a group has finished lies before the ends of the next topic.

    :param report: called with the hops from worker to worker that are left, at most.
    :returns: False if the time was over before that.
    """
    began = moved = time.monotonic()
    for stage, topic in enumerate(flow):
        if stage:
            ends = await offsets.ends(topic.name)
        least: int | None = None
        while left := await offsets.records_before(topic.group, ends):
            now = time.monotonic()
            if least is None or left < least:
                least, moved = left, now
            if now - began >= limits.total_seconds or now - moved >= limits.stall_seconds:
                return False
            later = (await offsets.lag(flow[stage + 1 :])).values()
            counts = [left, *(count or 0 for count in later)]
            report(sum(count * (len(counts) - hop) for hop, count in enumerate(counts)))
            await asyncio.sleep(POLL_SECONDS)
    return True


async def wait_until_done(target: Target, seconds: float) -> None:
    """Wait until no topic has records that its group has yet to finish.

    :raises CommandError: that took longer; the message says what is left.
    """
    deadline = time.monotonic() + seconds
    with reaching_kafka(target.kafka):
        async with offset_reader(target.kafka) as offsets:
            while any((await offsets.lag(target.flow)).values()):
                if time.monotonic() > deadline:
                    raise CommandError(
                        await describe_lag(offsets, target, seconds), ExitCode.UNFINISHED
                    )
                await asyncio.sleep(POLL_SECONDS)


async def describe_lag(offsets: OffsetReader, target: Target, seconds: float) -> str:
    """Say after how long the pipeline has how many records left."""
    lag = await offsets.lag(target.flow)
    left = ", ".join(f"{count} on {name}" for name, count in lag.items() if count)
    return (
        f"after {seconds:.3g} s the pipeline has records left: {left or 'none'}; "
        "`newsline status` tells whether the workers run"
    )
