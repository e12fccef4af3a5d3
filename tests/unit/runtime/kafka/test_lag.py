"""How far a group is behind, on a broker in memory that moves on while it is asked."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import GroupCoordinatorNotAvailableError

from services.contracts.topics import ACCEPTED, RAW
from services.runtime.kafka import lag
from services.runtime.kafka.lag import OffsetRange, OffsetReader

FIRST, SECOND = TopicPartition(RAW.name, 0), TopicPartition(RAW.name, 1)


class Broker:
    """One topic with two partitions; plays an admin client and a consumer of it."""

    def __init__(self, committed: dict[TopicPartition, int]) -> None:
        self.offsets = committed
        self.first = {FIRST: 0, SECOND: 0}
        self.ends = {FIRST: 10, SECOND: 10}
        self.asked: list[str] = []
        self.unprepared = 0

    async def describe_topics(self) -> Sequence[dict[str, Any]]:
        return [{"topic": RAW.name, "partitions": [{"partition": 0}, {"partition": 1}]}]

    async def list_consumer_group_offsets(self, _group: str) -> dict[TopicPartition, Any]:
        self.asked.append("committed")
        if self.unprepared:
            self.unprepared -= 1
            raise GroupCoordinatorNotAvailableError
        return {tp: SimpleNamespace(offset=offset) for tp, offset in self.offsets.items()}

    async def beginning_offsets(
        self, partitions: Sequence[TopicPartition]
    ) -> dict[TopicPartition, int]:
        return {partition: self.first[partition] for partition in partitions}

    async def end_offsets(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        self.asked.append("ends")
        return {partition: self.ends[partition] for partition in partitions}


def reader(broker: Broker) -> OffsetReader:
    return OffsetReader(broker, broker)


async def test_lag_is_what_lies_between_the_commits_and_the_ends() -> None:
    broker = Broker({FIRST: 4})

    assert await reader(broker).lag([RAW, ACCEPTED]) == {RAW.name: 16, ACCEPTED.name: None}


async def test_commits_are_read_before_ends() -> None:
    """
    The other way round, a record that comes and is committed in between would hide another.
    """
    broker = Broker({})

    await reader(broker).lag([RAW])

    assert broker.asked == ["committed", "ends"]


async def test_what_retention_has_removed_is_no_lag() -> None:
    broker = Broker({FIRST: 4, SECOND: 10})
    broker.first = {FIRST: 7, SECOND: 10}

    assert await reader(broker).uncommitted(RAW.group, [FIRST, SECOND]) == {
        FIRST: OffsetRange(7, 10),
        SECOND: OffsetRange(10, 10),
    }


async def test_a_coordinator_that_is_not_ready_yet_is_asked_again(monkeypatch: Any) -> None:
    monkeypatch.setattr(lag, "COORDINATOR_PAUSE_SECONDS", 0)
    broker = Broker({FIRST: 10, SECOND: 10})
    broker.unprepared = 3

    assert await reader(broker).lag([RAW]) == {RAW.name: 0}
