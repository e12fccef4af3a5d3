"""Kafka clients of the workers, built with settings that lose nothing; measured on Kafka 4.1.

Enrich's consumer is Faust's (enrich/faust_runner.py); commands read offsets and topics with a
consumer that is in no group (lag.py). Both take what these have in common from here.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Protocol, TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from services.contracts.topics import MAX_RECORD_BYTES, MIB
from services.runtime.kafka.compat import bounded_batches
from services.runtime.kafka.settings import KafkaSettings
from services.runtime.retry import RetryPolicy, Unavailable

# A day: model work and outages may take long, and aiokafka's and Faust's answer to passing this
# limit is a frozen consumer. Liveness is judged by progress instead (see health.py).
MAX_POLL_INTERVAL_MS = 86_400_000
REBALANCE_TIMEOUT_MS = 60_000

CONNECT_SECONDS = 15.0
# A broken connection must not keep a command from ending.
STOP_SECONDS = 5.0

# Room for the largest record, its envelope and framing.
MAX_REQUEST_BYTES = 4 * MAX_RECORD_BYTES


def consumer(
    settings: KafkaSettings,
    *,
    topic: str,
    group: str,
    listener: ConsumerRebalanceListener | None = None,
) -> AIOKafkaConsumer:
    """A member of a consumer group, with manual commits.

    Values larger than ``MAX_RECORD_BYTES`` come as a ``TruncatedValue`` (compat/bounded_batches).
    """
    bounded_batches.patch_fetcher()
    member = AIOKafkaConsumer(
        **settings.connection(),
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        # Records of an aborted transaction were never pushed.
        isolation_level="read_committed",
        session_timeout_ms=int(settings.session_timeout_seconds * 1000),
        heartbeat_interval_ms=int(settings.session_timeout_seconds * 300),
        rebalance_timeout_ms=REBALANCE_TIMEOUT_MS,
        max_poll_interval_ms=MAX_POLL_INTERVAL_MS,
        max_partition_fetch_bytes=2 * MIB,
        fetch_max_bytes=16 * MIB,
        # A little delay costs nothing that a reader sees, and makes batches under load.
        fetch_max_wait_ms=100,
    )
    member.subscribe(topics=[topic], listener=listener)
    return member


def producer(settings: KafkaSettings) -> AIOKafkaProducer:
    """Idempotent, acknowledged by all in-sync replicas, batched for 10 ms."""
    return AIOKafkaProducer(
        **settings.connection(),
        acks="all",
        enable_idempotence=True,
        linger_ms=10,
        # The best ratio for news text at a fifth of gzip's cost.
        compression_type="zstd",
        max_batch_size=256 * 1024,
        max_request_size=MAX_REQUEST_BYTES,
        request_timeout_ms=30_000,
    )


class AdminClient(AIOKafkaAdminClient):  # type: ignore[misc] # aiokafka ships no types
    """aiokafka's admin client, which ends as its consumers and producers do."""

    async def stop(self) -> None:
        """Disconnect."""
        await self.close()


def admin(settings: KafkaSettings) -> AdminClient:
    """A client for topics, groups and offsets."""
    return AdminClient(**settings.connection(), request_timeout_ms=15_000)


class Client(Protocol):
    """A consumer, a producer or an admin client."""

    async def start(self) -> None:
        """Connect."""

    async def stop(self) -> None:
        """Disconnect."""


C = TypeVar("C", bound=Client)


@asynccontextmanager
async def connected(build: Callable[[], C], retry: RetryPolicy) -> AsyncIterator[C]:
    """A started client, for workers: waits for the broker as long as it takes.

    :raises Interrupted: the worker must stop before the broker came.
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

    client = await retry.run(attempt)
    try:
        yield client
    finally:
        await client.stop()


@asynccontextmanager
async def bounded_connection(
    client: C, within_seconds: float = CONNECT_SECONDS
) -> AsyncIterator[C]:
    """A client, for commands and checks: started in bounded time and stopped in bounded time.

    :raises KafkaError: the broker cannot be reached, or refuses.
    :raises TimeoutError: the broker does not answer in time.
    """
    try:
        async with asyncio.timeout(within_seconds):
            await client.start()
        yield client
    finally:
        with suppress(TimeoutError, KafkaError):
            async with asyncio.timeout(STOP_SECONDS):
                await client.stop()
