"""Send dead letters back to their topics, and mark them as replayed."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from aiokafka import AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError

from services.cli.dead_letters.reader import DeadLetterRecord
from services.cli.dead_letters.replay_log import replay_marks
from services.cli.replay.selection import Skipped
from services.contracts.dead_letters import DeadLetterRef, now
from services.contracts.topics import MIB

# What a replay that is killed may send a second time.
BATCH_RECORDS = 500
BATCH_BYTES = 16 * MIB


@dataclass(slots=True)
class ReplayProgress:
    """What a replay has sent so far, and what was refused for its size."""

    sent: set[DeadLetterRef] = field(default_factory=set)
    sent_bytes: int = 0
    refused: list[Skipped] = field(default_factory=list)


class ReplayProducer:
    """Sends batches; each is marked as soon as the broker has acknowledged it.

    :param marks_topic: the topic of replay marks.
    """

    def __init__(
        self, producer: AIOKafkaProducer, marks_topic: str, progress: ReplayProgress
    ) -> None:
        self._producer = producer
        self._marks_topic = marks_topic
        self._progress = progress

    async def send_all(self, records: AsyncIterator[DeadLetterRecord]) -> None:
        """Return when every record is acknowledged and marked, or refused for its size.

        :raises KafkaError: the broker could not take them; ``progress`` says which it has.
        """
        batch: list[DeadLetterRecord] = []
        size = 0
        async for record in records:
            batch.append(record)
            size += record.entry.size_bytes
            if len(batch) >= BATCH_RECORDS or size >= BATCH_BYTES:
                await self._send(batch)
                batch, size = [], 0
        await self._send(batch)

    async def _send(self, batch: list[DeadLetterRecord]) -> None:
        outcomes = await asyncio.gather(*map(self._send_one, batch), return_exceptions=True)
        done = [record for record, outcome in zip(batch, outcomes, strict=True) if outcome is None]
        # Counted before they are marked: what was sent must be reported even if marking fails.
        self._progress.sent.update(record.entry.ref for record in done)
        self._progress.sent_bytes += sum(len(record.value or b"") for record in done)
        await self._mark(done)
        for record, outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, MessageSizeTooLargeError):
                reason = f"{len(record.value or b'')} bytes, over the limit of its topic"
                self._progress.refused.append(Skipped(record.entry.ref, reason))
            elif outcome is not None:
                raise outcome

    async def _send_one(self, record: DeadLetterRecord) -> None:
        entry = record.entry
        acknowledged = await self._producer.send(
            entry.source_topic,
            key=record.key,
            value=record.value,
            headers=entry.dead_letter.replay_headers(entry.ref, record.headers),
        )
        await acknowledged

    async def _mark(self, done: list[DeadLetterRecord]) -> None:
        time = now().encode()
        marks = replay_marks(record.entry.ref for record in done)
        await asyncio.gather(
            *[
                self._producer.send_and_wait(self._marks_topic, key=mark.key(), value=time)
                for mark in marks
            ]
        )
