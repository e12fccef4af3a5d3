"""Consuming batches with manual commits, at least once.

The order is always: every record of the batch processed, then the commit.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from itertools import chain

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.errors import CommitFailedError, IllegalStateError

from services.contracts.topics import MIB
from services.runtime import metrics
from services.runtime.health import Health
from services.runtime.kafka import clients
from services.runtime.kafka.settings import KafkaSettings
from services.runtime.retry import Interrupted, RetryPolicy

logger = logging.getLogger(__name__)

POLL_MS = 300
# A batch is taken in slices until it is full or holds so many bytes: records of a compressed batch
# may be thousands of times larger than what was fetched.
SLICE_RECORDS = 50
MAX_BATCH_BYTES = 32 * MIB
# A rebalance waits this long for the current batch; the group's limit is a minute.
REVOKE_WAIT_SECONDS = 8.0

Batch = dict[TopicPartition, list[ConsumerRecord]]
# Records in the order of their arrival.
ProcessBatch = Callable[[Sequence[ConsumerRecord]], Awaitable[None]]


def _arrival(record: ConsumerRecord) -> tuple[int, str, int, int]:
    return record.timestamp, record.topic, record.partition, record.offset


class BatchConsumer(ConsumerRebalanceListener):  # type: ignore[misc] # aiokafka ships no types
    """Takes batches, has them processed, commits explicit offsets.

    ``process(records)`` returns when every record is stored, or produced to the next topic and
    acknowledged, or an acknowledged dead letter; it raises ``Interrupted`` to give the batch up.

    :ivar retry: waits for servers until the worker stops or the batch's partitions are revoked.
    """

    def __init__(self, health: Health, stopping: asyncio.Event, *, max_records: int) -> None:
        self._health = health
        self._stopping = stopping
        self._max_records = max_records
        self._batch_lock = asyncio.Lock()
        self._revoked = False
        self.retry = RetryPolicy(health, self.interrupted)
        # The next offset of each assigned partition, as far as it is known to be committed.
        self._committed: dict[TopicPartition, int] = {}
        # False from when a batch was given up, which positions are past, until the next assignment.
        self._may_commit_positions = True

    def interrupted(self) -> bool:
        """True when the current batch cannot be committed any more, or should not be waited for."""
        return self._stopping.is_set() or self._revoked

    async def consume(
        self, settings: KafkaSettings, *, topic: str, group: str, process: ProcessBatch
    ) -> None:
        """Join a group, then ``run`` until the worker stops.

        :raises Interrupted: the worker must stop before the broker came.
        """
        build = partial(clients.consumer, settings, topic=topic, group=group, listener=self)
        async with clients.connected(build, self.retry) as consumer:
            await self.run(consumer, process)

    async def run(self, consumer: AIOKafkaConsumer, process: ProcessBatch) -> None:
        """Consume until the worker stops; the current batch is finished first."""
        while not self._stopping.is_set():
            self._health.beat()
            first = min(SLICE_RECORDS, self._max_records)
            batch = await consumer.getmany(timeout_ms=POLL_MS, max_records=first)
            self._health.ready = bool(consumer.assignment()) or self._health.ready
            if not batch:
                await self._idle(consumer)
                continue
            async with self._batch_lock:
                self._revoked = False
                await self._fill(consumer, batch)
                await self._process(consumer, batch, process)

    async def _idle(self, consumer: AIOKafkaConsumer) -> None:
        if not self._may_commit_positions:
            return
        try:
            await self._commit_positions(consumer)
        except (Interrupted, CommitFailedError, IllegalStateError):
            logger.debug("Positions were not committed; they will be with the next batch.")

    async def _fill(self, consumer: AIOKafkaConsumer, batch: Batch) -> None:
        """Add records that are fetched already, up to the limits of a batch."""
        more: Mapping[TopicPartition, Sequence[ConsumerRecord]] = batch
        count = size = 0
        while more:
            taken = list(chain.from_iterable(more.values()))
            count += len(taken)
            size += sum(len(record.value or b"") for record in taken)
            room = min(SLICE_RECORDS, self._max_records - count)
            if room <= 0 or size >= MAX_BATCH_BYTES:
                return
            more = await consumer.getmany(timeout_ms=0, max_records=room)
            for partition, records in more.items():
                batch.setdefault(partition, []).extend(records)

    async def _process(
        self,
        consumer: AIOKafkaConsumer,
        batch: Batch,
        process: ProcessBatch,
    ) -> None:
        started = time.monotonic()
        stage = self._health.service
        # By arrival: of two versions that claim the same time, the one that came later is newer,
        # and clients without keys put them into different partitions.
        records = sorted(chain.from_iterable(batch.values()), key=_arrival)
        metrics.BATCH_RECORDS.labels(stage).observe(len(records))
        oldest = min(record.timestamp for record in records) / 1000
        try:
            with self._health.processing(oldest):
                await process(records)
                await self._commit(consumer, batch)
        except Interrupted:
            # Nothing to rewind: a worker that stops reads no more, and partitions that come back
            # after a rebalance are read from their committed offset.
            self._may_commit_positions = False
            logger.warning("A batch was given up uncommitted; it will be done again.")
        except (CommitFailedError, IllegalStateError):
            # The new owner repeats the batch; ids and versions make that harmless.
            self._may_commit_positions = False
            logger.warning("Partitions were revoked before their batch was committed.")
        metrics.BATCH_SECONDS.labels(stage).observe(time.monotonic() - started)

    async def _commit(self, consumer: AIOKafkaConsumer, batch: Batch) -> None:
        await self._commit_offsets(
            consumer, {tp: records[-1].offset + 1 for tp, records in batch.items()}
        )

    async def _commit_positions(self, consumer: AIOKafkaConsumer) -> None:
        """Commit past transaction markers: they are no records, but count as lag."""
        offsets = {}
        for partition in consumer.assignment():
            position = await self.retry.wait_for("Kafka", consumer.position(partition))
            if position > self._committed.setdefault(partition, position):
                offsets[partition] = position
        await self._commit_offsets(consumer, offsets)

    async def _commit_offsets(
        self, consumer: AIOKafkaConsumer, offsets: Mapping[TopicPartition, int]
    ) -> None:
        assigned = consumer.assignment()
        ours = {tp: offset for tp, offset in offsets.items() if tp in assigned}
        if ours:  # aiokafka refuses an empty commit
            await self.retry.wait_for("Kafka", consumer.commit(ours))
            self._committed |= ours

    async def on_partitions_revoked(self, revoked: list[TopicPartition]) -> None:
        """Wait a while for the current batch to finish; then have it given up."""
        if not revoked:
            return
        try:
            async with asyncio.timeout(REVOKE_WAIT_SECONDS):
                async with self._batch_lock:
                    pass
        except TimeoutError:
            self._revoked = True

    async def on_partitions_assigned(self, assigned: list[TopicPartition]) -> None:
        """Start over at the committed offsets of the new assignment."""
        logger.info("Partitions were assigned.", extra={"partitions": len(assigned)})
        self._committed.clear()
        self._may_commit_positions = True
        self._health.ready = True
