"""How long a push waits, and for what."""

from collections.abc import Iterable, Sequence

import pytest
from aiokafka import TopicPartition

from services.cli.push import wait
from services.cli.push.wait import WaitLimits, wait_until_passed
from services.contracts.topics import FLOW, RAW, Topic
from services.runtime.kafka.lag import OffsetRange, OffsetReader

OURS = TopicPartition(RAW.name, 0)
LONG = WaitLimits(60, 60)


class Pipeline(OffsetReader):
    """Offsets of one partition a topic. At each look every group finishes ``pace`` records, which
    the next topic then has.
    """

    def __init__(self, *ends: int, pace: int) -> None:
        self.sizes = dict(zip([topic.name for topic in FLOW], ends, strict=True))
        self.done = dict.fromkeys(self.sizes, 0)
        self.pace = pace

    async def partitions(self, topics: Iterable[str]) -> dict[str, list[TopicPartition]]:
        return {name: [TopicPartition(name, 0)] for name in topics}

    async def ranges(
        self, partitions: Sequence[TopicPartition]
    ) -> dict[TopicPartition, OffsetRange]:
        return {p: OffsetRange(0, self.sizes[p.topic]) for p in partitions}

    async def committed(self, group: str) -> dict[TopicPartition, int]:
        (number,) = (n for n, topic in enumerate(FLOW) if topic.group == group)
        names = list(self.sizes)
        moved = min(self.pace, self.sizes[names[number]] - self.done[names[number]])
        self.done[names[number]] += moved
        if number + 1 < len(names):
            self.sizes[names[number + 1]] += moved
        return {TopicPartition(names[number], 0): self.done[names[number]]}

    async def lag(self, topics: Sequence[Topic]) -> dict[str, int | None]:
        return {topic.name: self.sizes[topic.name] - self.done[topic.name] for topic in topics}


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wait, "POLL_SECONDS", 0)


async def test_only_the_records_before_the_ends_are_waited_for() -> None:
    """On a busy pipeline others' records never end."""
    pipeline, left = Pipeline(1000, 0, 0, pace=3), list[int]()

    passed = await wait_until_passed(pipeline, FLOW, {OURS: 10}, LONG, left.append)

    assert passed
    assert pipeline.done[RAW.name] < 20
    assert pipeline.done[FLOW[2].name] >= 10
    # Ten records with three hops each, of which three had one behind them.
    assert left[0] <= 30
    assert left[-1] < left[0]


async def test_a_pipeline_that_stands_still_is_given_up() -> None:
    pipeline = Pipeline(10, 0, 0, pace=0)

    limits = WaitLimits(60, 0.01)
    assert not await wait_until_passed(pipeline, FLOW, {OURS: 10}, limits, print)


async def test_a_pipeline_that_moves_is_waited_for_until_the_time_is_over() -> None:
    pipeline = Pipeline(10**9, 0, 0, pace=1)

    limits = WaitLimits(0.05, 60)
    assert not await wait_until_passed(pipeline, FLOW, {OURS: 10**9}, limits, lambda _: None)
    assert pipeline.done[RAW.name] > 1


async def test_nothing_pushed_is_nothing_to_wait_for() -> None:
    assert await wait_until_passed(Pipeline(0, 0, 0, pace=0), FLOW, {}, WaitLimits(0, 0), print)


def test_the_time_is_scaled_to_the_work() -> None:
    assert WaitLimits.of(None, 0).total_seconds == 60
    assert WaitLimits.of(None, 3000) == WaitLimits(3060, 120)
    assert WaitLimits.of(5, 3000) == WaitLimits(5, 5)
