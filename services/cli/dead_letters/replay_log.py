"""Which dead letters were replayed: read the topic of replay marks, and make new marks.

A dead letter is open until a younger mark covers it. Marks are written after the broker has
acknowledged the replayed records: a replay that is killed in between sends at most one batch a
second time, which ids and versions make harmless, and never leaves one out.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from typing import NamedTuple

from services.cli.dead_letters.reader import DeadLetterEntry
from services.cli.support.topic_reader import read_records
from services.contracts.dead_letters import DeadLetterRef
from services.contracts.replay_marks import ReplayMark
from services.runtime.kafka.lag import OffsetReader


class ReplayedRange(NamedTuple):
    """Offsets of a partition (inclusive) and when they were replayed, by the broker's clock."""

    first: int
    last: int
    at_ms: int


class ReplayLog:
    """All replays of a deployment, by partition and offset."""

    def __init__(self) -> None:
        # Of each partition in order, and without overlaps.
        self._ranges: defaultdict[tuple[str, int], list[ReplayedRange]] = defaultdict(list)

    def add(self, mark: ReplayMark, at_ms: int) -> None:
        """Add a mark; it replaces what earlier marks say of the same offsets."""
        ranges = self._ranges[mark.topic, mark.partition]
        low = bisect_left(ranges, mark.first, key=lambda each: each.last)
        high = bisect_right(ranges, mark.last, key=lambda each: each.first)
        covered = ranges[low:high]
        before = [each._replace(last=mark.first - 1) for each in covered if each.first < mark.first]
        after = [each._replace(first=mark.last + 1) for each in covered if each.last > mark.last]
        ranges[low:high] = [*before, ReplayedRange(mark.first, mark.last, at_ms), *after]

    def replayed_ms(self, entry: DeadLetterEntry) -> int | None:
        """Time of a dead letter's last replay, in Unix milliseconds; None if it is open."""
        ranges = self._ranges.get((entry.topic, entry.partition), [])
        at = bisect_left(ranges, entry.offset, key=lambda each: each.last)
        if at == len(ranges) or ranges[at].first > entry.offset:
            return None
        return ranges[at].at_ms if ranges[at].at_ms >= entry.written_ms else None


async def read_replay_log(offset_reader: OffsetReader, topic: str) -> ReplayLog:
    """Read all marks of a topic, which need not exist.

    :raises TimeoutError: no record has come for half a minute.
    """
    log = ReplayLog()
    partitions = (await offset_reader.partitions([topic])).get(topic)
    if not partitions:
        return log
    ranges = await offset_reader.ranges(partitions)
    async for record in read_records(offset_reader.consumer, ranges):
        # A record that is no mark was written by someone else.
        with suppress(ValueError):
            log.add(ReplayMark.parse(record.key or b""), record.timestamp)
    return log


def replay_marks(refs: Iterable[DeadLetterRef]) -> list[ReplayMark]:
    """The fewest marks that cover exactly these dead letters."""
    marks: list[ReplayMark] = []
    for topic, partition, offset in sorted(set(refs)):
        if marks and marks[-1] == (topic, partition, marks[-1].first, offset - 1):
            marks[-1] = marks[-1]._replace(last=offset)
        else:
            marks.append(ReplayMark(topic, partition, offset, offset))
    return marks
