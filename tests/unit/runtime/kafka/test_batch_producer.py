"""What a producer that cannot deliver does to its worker's state, on a broker in memory."""

import asyncio
import logging
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError, MessageSizeTooLargeError

from services.runtime.health import Health
from services.runtime.kafka.batch_producer import BatchProducer, Message, MessageTooLarge
from services.runtime.retry import RetryPolicy

MESSAGES = [Message("articles.test", None, b"%d" % number) for number in range(3)]


class Broker:
    """Fails its first requests, then acknowledges; notes how healthy the worker looked then."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.health = Health("ingest")
        self.health.ready = True
        self.ready: list[bool] = []
        self.values: list[bytes | None] = []

    async def send(self, _topic: str, *, value: bytes | None, **_: Any) -> asyncio.Future[None]:
        self.ready.append(self.health.state()[0])
        if self.failures:
            raise self.failures.pop(0)
        self.values.append(value)
        acknowledged = asyncio.get_running_loop().create_future()
        acknowledged.set_result(None)
        return acknowledged


def producer(broker: Broker) -> BatchProducer:
    return BatchProducer(
        broker, RetryPolicy(broker.health, lambda: False, longest_pause_seconds=0.01)
    )


async def test_an_outage_of_four_attempts_is_one_outage(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="services")
    broker = Broker(*[KafkaConnectionError() for _ in range(4)])

    await producer(broker).send(MESSAGES[:1])

    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    # The first attempt, and four more while it waits.
    assert broker.ready == [True, False, False, False, False]
    assert broker.health.state() == (True, "ready")


async def test_only_what_was_not_acknowledged_is_sent_again() -> None:
    broker = Broker(KafkaConnectionError())

    await producer(broker).send(MESSAGES)

    assert broker.values == [b"1", b"2", b"0"]


async def test_a_record_over_the_limit_is_not_waited_for() -> None:
    with pytest.raises(MessageTooLarge):
        await producer(Broker(MessageSizeTooLargeError())).send(MESSAGES)
