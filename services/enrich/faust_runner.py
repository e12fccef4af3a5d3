"""The Faust application and its single, total agent.

Faust commits past an event whose agent raised, returned or broke out of its loop (0.15.3,
measured). So this agent does none of these: it processes every batch before the loop turns, and
where that cannot be, the process exits at once with the batch uncommitted.
"""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

import faust
from aiokafka import TopicPartition
from yarl import URL

from services.contracts.topics import Topic
from services.runtime.health import Health
from services.runtime.kafka.batch_consumer import ProcessBatch
from services.runtime.kafka.clients import MAX_POLL_INTERVAL_MS, REBALANCE_TIMEOUT_MS
from services.runtime.kafka.settings import KafkaSettings
from services.runtime.kafka.stall import StallDetector
from services.runtime.lifecycle import EXIT_CRASHED
from services.runtime.retry import Interrupted

logger = logging.getLogger(__name__)

# A batch is taken when it is full or this old: a bound on what batching adds to latency.
BATCH_WITHIN_SECONDS = 0.25

# Two checks that find the same record, and then health.STUCK_SECONDS, end a stalled process.
STALL_CHECK_SECONDS = 30.0

# Faust's classes carry no usable types.
FaustApp = Any
Stream = Any
ReadUnprocessed = Callable[[AbstractSet[int]], Awaitable[Mapping[TopicPartition, int]]]


class StreamCrashed(RuntimeError):
    """Faust has stopped by itself."""


class _StatelessApp(faust.App):
    async def on_first_start(self) -> None:
        """Make no folders: they are for tables, and a killed worker would leave them behind."""


def application(broker: KafkaSettings, topic: Topic) -> FaustApp:
    """A Faust application that reads one topic and declares, sends, serves and stores nothing."""
    seconds = broker.session_timeout_seconds
    return _StatelessApp(
        topic.group,
        broker=[URL(f"aiokafka://{server}") for server in broker.bootstrap_servers.split(",")],
        broker_credentials=_credentials(broker),
        broker_session_timeout=seconds,
        broker_heartbeat_interval=seconds * 0.3,
        broker_rebalance_timeout=REBALANCE_TIMEOUT_MS / 1000,
        # Exceeding it would freeze the consumer for good; liveness is judged by progress instead.
        broker_max_poll_interval=MAX_POLL_INTERVAL_MS / 1000,
        broker_max_poll_records=500,
        broker_commit_interval=0.5,
        broker_commit_every=1000,
        consumer_auto_offset_reset="earliest",
        stream_buffer_maxsize=1000,
        # Revoked partitions wait for the current batch.
        stream_wait_empty=True,
        key_serializer="raw",
        value_serializer="raw",
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
        autodiscover=False,
    )


class FaustRunner:
    """Reads a topic with Faust in batches of at most ``batch_records`` and has each processed."""

    def __init__(  # noqa: PLR0913 - what a worker is made of, each by its name
        self,
        app: FaustApp,
        topic: Topic,
        process: ProcessBatch,
        health: Health,
        *,
        batch_records: int,
        read_unprocessed: ReadUnprocessed,
    ) -> None:
        self._app = app
        self._stall_detector = StallDetector(lambda: read_unprocessed(self._own_partitions()))
        self._stalled = False
        self._stopping = asyncio.Event()
        self._process = process
        self._health = health
        self._batch_records = batch_records
        self._busy = False
        source = app.topic(topic.name, key_type=bytes, value_type=bytes)
        # One: with more, Faust commits past work in flight, and a killed worker loses it.
        app.agent(source, concurrency=1)(self._agent)

    async def run(self, stopping: asyncio.Event) -> None:
        """Consume until the worker stops, then finish and commit the current batch.

        :raises StreamCrashed: Faust stopped by itself.
        """
        self._stopping = stopping
        await self._app.start()
        self._health.ready = True
        stall_check = asyncio.create_task(self._check_for_stall(), name="stall-check")
        try:
            while not stopping.is_set():
                # While a batch is processed, the models report progress themselves.
                if not self._busy and not self._stalled:
                    self._health.beat()
                await self._app.wait(stopping, timeout=1.0)
                if self._app.should_stop:
                    raise StreamCrashed("Faust stopped") from self._app.crash_reason
        finally:
            stall_check.cancel()
            # Stops fetching, waits for the current batch, commits, leaves the group.
            await self._app.stop()

    async def _agent(self, stream: Stream) -> None:
        batches = stream.take_events(self._batch_records, within=BATCH_WITHIN_SECONDS)
        async for events in batches:
            self._busy, self._stalled = True, False
            try:
                records = [event.message for event in events]
                with self._health.processing(min(record.timestamp for record in records)):
                    await self._process(records)
            except BaseException as error:  # noqa: BLE001 - whatever leaves this loop loses a batch
                _exit_uncommitted(error, stopping=self._stopping.is_set())
            self._busy = False
            self._stall_detector.progressed()

    async def _check_for_stall(self) -> None:
        """Check at intervals whether records wait that this worker does not read."""
        while True:
            await asyncio.sleep(STALL_CHECK_SECONDS)
            self._stalled = await self._stall_detector.stalled() and not self._busy
            if self._stalled:
                logger.warning("The consumer is stalled: records wait, and none arrive.")

    def _own_partitions(self) -> set[int]:
        return {tp.partition for tp in self._app.consumer.assignment()}


def _exit_uncommitted(error: BaseException, *, stopping: bool) -> None:
    """Exit without returning to Faust: every other way out would commit the batch."""
    if stopping and isinstance(error, Interrupted | asyncio.CancelledError):
        logger.warning("A batch was given up uncommitted; it will be done again.")
        code = 0
    else:
        logger.critical("The batch cannot be processed; the process ends.", exc_info=error)
        code = EXIT_CRASHED
    logging.shutdown()
    os._exit(code)


def _credentials(broker: KafkaSettings) -> Any:  # noqa: ANN401 - a union of Faust's classes
    connection = broker.connection()
    context = connection.get("ssl_context")
    if "sasl_mechanism" in connection:
        return faust.SASLCredentials(
            username=connection["sasl_plain_username"],
            password=connection["sasl_plain_password"],
            ssl_context=context,
            mechanism=connection["sasl_mechanism"],
        )
    return faust.SSLCredentials(context) if context is not None else None
