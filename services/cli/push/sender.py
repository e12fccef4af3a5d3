"""Send records, in a bounded window, until each is acknowledged or refused."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError
from aiokafka.structs import RecordMetadata

from services.cli.push.splitters import RawRecord, RefusedRecord, SplitRecord
from services.contracts.topics import MIB

WINDOW_RECORDS = 500
WINDOW_BYTES = 32 * MIB
# The summary lists so many; all of them are printed as they happen.
REFUSALS_KEPT = 100
# The producer itself would repeat for as long as it takes; a person wants to know.
ANSWER_SECONDS = 60.0


@dataclass(slots=True)
class PushSummary:
    """Counts of the records that were acknowledged and refused so far."""

    pushed: int = 0
    refused: int = 0
    sent_bytes: int = 0
    refusals: list[RefusedRecord] = field(default_factory=list)
    begun: float = field(default_factory=time.monotonic)
    seconds: float = 0.0

    def refuse(self, refusal: RefusedRecord) -> None:
        """Count a record that was not sent."""
        self.refused += 1
        if len(self.refusals) < REFUSALS_KEPT:
            self.refusals.append(refusal)

    def stop_clock(self) -> None:
        """Set ``seconds`` to the time since the beginning."""
        self.seconds = time.monotonic() - self.begun

    @property
    def per_second(self) -> float:
        """Records acknowledged in a second."""
        return self.pushed / self.seconds if self.seconds else 0.0

    def to_json(self) -> dict[str, Any]:
        """Return what ``newsline push --json`` prints."""
        return {
            "pushed": self.pushed,
            "refused": self.refused,
            "bytes": self.sent_bytes,
            "seconds": round(self.seconds, 3),
            "records_per_second": round(self.per_second, 1),
            "refusals": [{"place": one.place, "reason": one.reason} for one in self.refusals],
        }


Acknowledged = Callable[[RawRecord, RecordMetadata], None]


class _Sent(NamedTuple):
    """A record that was sent, and the future of its acknowledgement."""

    record: RawRecord
    answer: asyncio.Future[RecordMetadata]


class RecordSender:
    """Sends records to one topic, a bounded number and size of them at a time.

    :param on_acknowledged: called for each record that the broker has taken, in order.
    :param answer_seconds: how long the oldest record waits for its acknowledgement.
    """

    def __init__(  # noqa: PLR0913 - what a sender works with, each by its name
        self,
        producer: AIOKafkaProducer,
        topic: str,
        summary: PushSummary,
        on_refusal: Callable[[RefusedRecord], None],
        *,
        on_acknowledged: Acknowledged | None = None,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self._producer = producer
        self._topic = topic
        self._summary = summary
        self._on_refusal = on_refusal
        self._on_acknowledged = on_acknowledged
        self._window: deque[_Sent] = deque()
        self._window_bytes = 0
        self._answer_seconds = answer_seconds

    async def send(self, record: SplitRecord) -> None:
        """Send one record; waits for the oldest ones when the window is full.

        :raises TimeoutError: the oldest one was not acknowledged in time.
        """
        if isinstance(record, RefusedRecord):
            self._refuse(record)
            return
        size = len(record.value)
        while self._window and (
            self._window[0].answer.done()
            or len(self._window) >= WINDOW_RECORDS
            or self._window_bytes + size > WINDOW_BYTES
        ):
            await self._drain_oldest()
        try:
            answer = await self._producer.send(self._topic, value=record.value)
        except MessageSizeTooLargeError:
            self._refuse(_too_large(record, "the limit"))
            return
        self._window.append(_Sent(record, answer))
        self._window_bytes += size

    async def drain(self) -> None:
        """Wait until every record that was sent is acknowledged or refused.

        :raises TimeoutError: one of them was not, in time.
        """
        while self._window:
            await self._drain_oldest()

    async def _drain_oldest(self) -> None:
        record, answer = self._window.popleft()
        self._window_bytes -= len(record.value)
        try:
            metadata = await asyncio.wait_for(answer, self._answer_seconds)
        except MessageSizeTooLargeError:
            self._refuse(_too_large(record, "the broker's limit"))
            return
        self._summary.pushed += 1
        self._summary.sent_bytes += len(record.value)
        if self._on_acknowledged is not None:
            self._on_acknowledged(record, metadata)

    def _refuse(self, refusal: RefusedRecord) -> None:
        self._summary.refuse(refusal)
        self._on_refusal(refusal)


def _too_large(record: RawRecord, limit: str) -> RefusedRecord:
    return RefusedRecord(record.place, f"{len(record.value)} bytes, over {limit} of a record")
