"""Clients that are connected for as long as a context lasts, however late the broker comes."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Protocol, TypeVar

from aiokafka.errors import KafkaError

from services.runtime.kafka import KafkaSettings, admin
from services.runtime.patience import Patience, Unavailable


class Client(Protocol):
    """A consumer or a producer."""

    async def start(self) -> None:
        """Connect."""

    async def stop(self) -> None:
        """Disconnect."""


C = TypeVar("C", bound=Client)


@asynccontextmanager
async def connected(build: Callable[[], C], patience: Patience) -> AsyncIterator[C]:
    """A started client; waits for the broker.

    :raises Interrupted: told to stop before the broker came.
    """

    async def attempt() -> C:
        client = build()
        try:
            await client.start()
        except KafkaError as error:
            with suppress(KafkaError):
                await client.stop()
            if error.retriable:
                raise Unavailable("Kafka") from error
            raise
        return client

    client = await patience.until_done(attempt)
    try:
        yield client
    finally:
        await client.stop()


async def wait_for_topics(
    settings: KafkaSettings, names: Sequence[str], patience: Patience
) -> None:
    """Return once the topics are there and may be seen by us.

    :raises Interrupted: told to stop before that.
    """
    wanted = set(names)

    async def attempt() -> None:
        try:
            missing = wanted - await topic_names(settings)
        except KafkaError as error:
            raise Unavailable("Kafka") from error
        if missing:
            listed = ", ".join(sorted(missing))
            raise Unavailable(f"the topics {listed}; `newsline setup` makes them")

    await patience.until_done(attempt)


async def topic_names(settings: KafkaSettings) -> set[str]:
    """The names of all topics on the broker."""
    client = admin(settings)
    try:
        await client.start()
        return set(await client.list_topics())
    finally:
        await client.close()
