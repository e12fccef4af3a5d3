"""Handing records to the broker, and waiting until it has them."""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, KafkaTimeoutError, MessageSizeTooLargeError

from services.contracts.dead_letters import Headers
from services.runtime.retry import RetryPolicy, Unavailable


class Message(NamedTuple):
    """A record to be written."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers = ()


class MessageTooLarge(RuntimeError):
    """The broker or the client refuses a record for its size: limits that should agree do not."""


class BatchProducer:
    """Sends batches of records, in their order, and repeats what the broker could not take."""

    def __init__(self, producer: AIOKafkaProducer, retry: RetryPolicy) -> None:
        self._producer = producer
        self._retry = retry

    async def send(self, messages: Sequence[Message]) -> None:
        """Return once the broker has acknowledged every one.

        :raises Interrupted: told to stop before that.
        :raises MessageTooLarge: a record is over the limit of its topic.
        """
        waiting = list(messages)

        async def attempt() -> None:
            nonlocal waiting
            # An idempotent producer repeats a batch for as long as it takes.
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
            # A full buffer is no error of the broker's, but passes as those do.
            if error.retriable or isinstance(error, KafkaTimeoutError):
                raise Unavailable("Kafka") from error
            raise
