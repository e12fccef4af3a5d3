"""Producing batches of records, acknowledged by the broker."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple, Protocol

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, KafkaTimeoutError, MessageSizeTooLargeError

from services.contracts.dead_letters import Headers
from services.runtime.kafka import clients
from services.runtime.kafka.settings import KafkaSettings
from services.runtime.retry import RetryPolicy, Unavailable


class Message(NamedTuple):
    """A record to be produced."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers = ()


class MessageSender(Protocol):
    """Where a worker's output goes."""

    async def send(self, messages: Sequence[Message]) -> None:
        """Return once the broker has acknowledged every one."""


class MessageTooLarge(RuntimeError):
    """The broker or the client refuses a record for its size: limits that should agree do not."""


class BatchProducer:
    """Produces batches of records, in their order, and repeats what the broker could not take."""

    def __init__(self, producer: AIOKafkaProducer, retry: RetryPolicy) -> None:
        self._producer = producer
        self._retry = retry

    async def send(self, messages: Sequence[Message]) -> None:
        """Return once the broker has acknowledged every one.

        :raises Interrupted: the worker must stop before that.
        :raises MessageTooLarge: a record is over the limit of its topic.
        """
        waiting = list(messages)

        async def attempt() -> None:
            nonlocal waiting
            # An idempotent producer repeats a request by itself, for as long as the broker is away.
            outcomes = await self._retry.wait_for(
                "Kafka",
                asyncio.gather(
                    *[self._send(message) for message in waiting], return_exceptions=True
                ),
            )
            failures = [outcome for outcome in outcomes if outcome is not None]
            waiting = [m for m, outcome in zip(waiting, outcomes, strict=True) if outcome]
            for failure in failures:
                if not isinstance(failure, Unavailable):
                    raise failure
            if failures:
                raise failures[0]

        await self._retry.run(attempt)

    async def _send(self, message: Message) -> None:
        """:raises Unavailable: the broker could not take it now."""
        try:
            acknowledged = await self._producer.send(
                message.topic,
                key=message.key,
                value=message.value,
                headers=list(message.headers),
            )
            await acknowledged
        except MessageSizeTooLargeError as error:
            raise MessageTooLarge(f"a record for {message.topic} is over its limit") from error
        except KafkaError as error:
            # KafkaTimeoutError: the buffer is full, until the broker takes records again.
            if error.retriable or isinstance(error, KafkaTimeoutError):
                raise Unavailable("Kafka") from error
            raise


@asynccontextmanager
async def batch_producer(
    settings: KafkaSettings, retry: RetryPolicy
) -> AsyncIterator[BatchProducer]:
    """A connected producer; waits for the broker.

    :raises Interrupted: the worker must stop before the broker came.
    """
    async with clients.connected(lambda: clients.producer(settings), retry) as producer:
        yield BatchProducer(producer, retry)
