from collections.abc import Mapping

from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError

from services.runtime.kafka.lag import FreezeWatch

FIRST, SECOND = TopicPartition("t", 0), TopicPartition("t", 1)


class Broker:
    """What each look will see; None is a broker that is away."""

    def __init__(self, *looks: Mapping[TopicPartition, int] | None) -> None:
        self._looks = list(looks)

    async def look(self) -> Mapping[TopicPartition, int]:
        seen = self._looks.pop(0)
        if seen is None:
            raise KafkaConnectionError
        return seen


async def looks(*seen: Mapping[TopicPartition, int] | None) -> list[bool]:
    watch = FreezeWatch(Broker(*seen).look)
    return [await watch.frozen() for _ in seen]


async def test_work_that_moves_on_or_is_not_there_is_no_freeze() -> None:
    assert await looks({}, {FIRST: 1}, {FIRST: 2}, {SECOND: 2}, {}) == [False] * 5


async def test_a_record_that_lies_where_it_lay_is_a_freeze() -> None:
    assert await looks({FIRST: 1, SECOND: 5}, {FIRST: 1, SECOND: 6}) == [False, True]


async def test_while_the_broker_is_away_nobody_is_frozen() -> None:
    assert await looks({FIRST: 1}, None, {FIRST: 1}, {FIRST: 1}) == [False, False, False, True]


async def test_a_batch_between_two_looks_is_work() -> None:
    watch = FreezeWatch(Broker({FIRST: 1}, {FIRST: 1}).look)
    await watch.frozen()
    watch.worked()

    assert not await watch.frozen()
