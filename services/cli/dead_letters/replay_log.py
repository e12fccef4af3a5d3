"""Which dead letters were replayed: reading and writing the topic that says so.

A letter is open until a mark that is younger than it says that it was replayed. Marks are written
when the broker has acknowledged what they are about: a replay that dies in between sends at most
one batch a second time, which ids and versions make harmless, and never leaves a letter out.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from typing import NamedTuple

from services.cli.dead_letters.reader import Buried
from services.cli.support.topic_reader import records
from services.contracts.dead_letters import DeadLetterRef, Run
from services.runtime.kafka.lag import OffsetReader


class Replayed(NamedTuple):
    """A run of letters, and when the broker was told that they were replayed."""

    first: int
    last: int
    at_ms: int


class History:
    """Every replay of a deployment."""

    def __init__(self) -> None:
        # Of each partition in order, and no two of them about the same letter.
        self._runs: defaultdict[tuple[str, int], list[Replayed]] = defaultdict(list)

    def add(self, run: Run, at_ms: int) -> None:
        """Take in a run; where it is about letters that an earlier one was about, it holds."""
        runs = self._runs[run.topic, run.partition]
        low = bisect_left(runs, run.first, key=lambda each: each.last)
        high = bisect_right(runs, run.last, key=lambda each: each.first)
        covered = runs[low:high]
        before = [each._replace(last=run.first - 1) for each in covered if each.first < run.first]
        after = [each._replace(first=run.last + 1) for each in covered if each.last > run.last]
        runs[low:high] = [*before, Replayed(run.first, run.last, at_ms), *after]

    def replayed_ms(self, buried: Buried) -> int | None:
        """When a letter was last replayed; None if it is open."""
        runs = self._runs.get((buried.topic, buried.partition), [])
        at = bisect_left(runs, buried.offset, key=lambda each: each.last)
        if at == len(runs) or runs[at].first > buried.offset:
            return None
        return runs[at].at_ms if runs[at].at_ms >= buried.buried_ms else None


async def history(broker: OffsetReader, topic: str) -> History:
    """Read all marks; there are none where there is no such topic.

    :raises TimeoutError: nothing has come for half a minute.
    """
    told = History()
    partitions = (await broker.partitions([topic])).get(topic)
    if not partitions:
        return told
    async for record in records(broker.consumer, await broker.ranges(partitions)):
        # What is none of ours says nothing.
        with suppress(ValueError):
            told.add(Run.parse(record.key or b""), record.timestamp)
    return told


def runs(places: Iterable[DeadLetterRef]) -> list[Run]:
    """As few runs as say exactly these places."""
    found: list[Run] = []
    for topic, partition, offset in sorted(set(places)):
        if found and found[-1] == (topic, partition, found[-1].first, offset - 1):
            found[-1] = found[-1]._replace(last=offset)
        else:
            found.append(Run(topic, partition, offset, offset))
    return found
