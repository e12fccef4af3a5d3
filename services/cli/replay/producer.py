"""Send dead letters back to their topics, and write down that they were sent."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from aiokafka import AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError, RecordTooLargeError

from services.cli.dead_letters.reader import Exhumed
from services.cli.dead_letters.replay_log import runs
from services.cli.push.splitters import RefusedRecord
from services.contracts.dead_letters import DeadLetterRef, now
from services.contracts.topics import MIB

# What a replay that dies may send a second time.
BATCH_RECORDS = 500
BATCH_BYTES = 16 * MIB

_TOO_LARGE = (MessageSizeTooLargeError, RecordTooLargeError)


@dataclass(slots=True)
class Sent:
    """What became of a replay so far."""

    places: set[DeadLetterRef] = field(default_factory=set)
    sent_bytes: int = 0
    refusals: list[RefusedRecord] = field(default_factory=list)


class Resender:
    """Sends batches; each is written down as soon as the broker has acknowledged it.

    :param marks: the topic that says which letters were replayed.
    """

    def __init__(self, producer: AIOKafkaProducer, marks: str, sent: Sent) -> None:
        self._producer = producer
        self._marks = marks
        self._sent = sent

    async def send_all(self, letters: AsyncIterator[Exhumed]) -> None:
        """Return when every letter is acknowledged and written down, or refused for its size.

        :raises KafkaError: the broker could not take them; ``sent`` says which it has.
        """
        batch: list[Exhumed] = []
        size = 0
        async for letter in letters:
            batch.append(letter)
            size += letter.buried.size_bytes
            if len(batch) >= BATCH_RECORDS or size >= BATCH_BYTES:
                await self._send(batch)
                batch, size = [], 0
        await self._send(batch)

    async def _send(self, batch: list[Exhumed]) -> None:
        outcomes = await asyncio.gather(*map(self._send_one, batch), return_exceptions=True)
        done = [letter for letter, outcome in zip(batch, outcomes, strict=True) if outcome is None]
        # Counted before they are written down: what went is to be told even if that fails.
        self._sent.places.update(letter.buried.place for letter in done)
        self._sent.sent_bytes += sum(len(letter.value or b"") for letter in done)
        await self._write_down(done)
        for letter, outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, _TOO_LARGE):
                reason = f"{len(letter.value or b'')} bytes, over the limit of its topic"
                self._sent.refusals.append(RefusedRecord(str(letter.buried.place), reason))
            elif outcome is not None:
                raise outcome

    async def _send_one(self, letter: Exhumed) -> None:
        buried = letter.buried
        acknowledged = await self._producer.send(
            buried.home,
            key=letter.key,
            value=letter.value,
            headers=buried.letter.replay_headers(buried.place, letter.headers),
        )
        await acknowledged

    async def _write_down(self, done: list[Exhumed]) -> None:
        when = now().encode()
        marks = [run.key() for run in runs(letter.buried.place for letter in done)]
        await asyncio.gather(
            *[self._producer.send_and_wait(self._marks, key=mark, value=when) for mark in marks]
        )
