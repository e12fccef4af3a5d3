from collections.abc import Mapping

from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError

from services.runtime.kafka.stall import StallDetector

FIRST, SECOND = TopicPartition("t", 0), TopicPartition("t", 1)


class Broker:
    """What each check will find; None is a broker that is away."""

    def __init__(self, *checks: Mapping[TopicPartition, int] | None) -> None:
        self._checks = list(checks)

    async def unprocessed(self) -> Mapping[TopicPartition, int]:
        found = self._checks.pop(0)
        if found is None:
            raise KafkaConnectionError
        return found


async def checks(*found: Mapping[TopicPartition, int] | None) -> list[bool]:
    detector = StallDetector(Broker(*found).unprocessed)
    return [await detector.stalled() for _ in found]


async def test_work_that_moves_on_or_is_not_there_is_no_stall() -> None:
    assert await checks({}, {FIRST: 1}, {FIRST: 2}, {SECOND: 2}, {}) == [False] * 5


async def test_a_record_that_lies_where_it_lay_is_a_stall() -> None:
    assert await checks({FIRST: 1, SECOND: 5}, {FIRST: 1, SECOND: 6}) == [False, True]


async def test_while_the_broker_is_away_nobody_is_stalled() -> None:
    assert await checks({FIRST: 1}, None, {FIRST: 1}, {FIRST: 1}) == [False, False, False, True]


async def test_a_batch_between_two_checks_is_work() -> None:
    detector = StallDetector(Broker({FIRST: 1}, {FIRST: 1}).unprocessed)
    await detector.stalled()
    detector.progressed()

    assert not await detector.stalled()
