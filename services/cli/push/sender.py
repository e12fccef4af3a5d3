"""Send records, in a bounded window, until each is acknowledged or refused."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError, RecordTooLargeError

from services.cli.push.splitters import Piece, Refusal
from services.contracts.topics import MIB

WINDOW_RECORDS = 500
WINDOW_BYTES = 32 * MIB
# The summary shows so many; all of them are told as they happen.
REFUSALS_KEPT = 100


@dataclass(slots=True)
class Tally:
    """What became of a push so far."""

    pushed: int = 0
    refused: int = 0
    sent_bytes: int = 0
    refusals: list[Refusal] = field(default_factory=list)
    begun: float = field(default_factory=time.monotonic)
    seconds: float = 0.0

    def refuse(self, refusal: Refusal) -> None:
        """Count a record that was not pushed."""
        self.refused += 1
        if len(self.refusals) < REFUSALS_KEPT:
            self.refusals.append(refusal)

    def stop_clock(self) -> None:
        """The push is over."""
        self.seconds = time.monotonic() - self.begun

    @property
    def per_second(self) -> float:
        """Records acknowledged in a second."""
        return self.pushed / self.seconds if self.seconds else 0.0

    def to_json(self) -> dict[str, Any]:
        """What ``newsline push --json`` prints."""
        return {
            "pushed": self.pushed,
            "refused": self.refused,
            "bytes": self.sent_bytes,
            "seconds": round(self.seconds, 3),
            "records_per_second": round(self.per_second, 1),
            "refusals": [{"place": one.place, "reason": one.reason} for one in self.refusals],
        }


# The producer itself would repeat for as long as it takes; a person wants to know.
ANSWER_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class _Sent:
    """A record on its way."""

    place: str
    size: int
    acknowledged: asyncio.Future[Any]


class Sender:
    """Sends to one topic; ``settle`` returns when everything sent so far has its answer.

    :param answer_seconds: how long the oldest record waits for its own.
    """

    def __init__(
        self,
        producer: AIOKafkaProducer,
        topic: str,
        tally: Tally,
        on_refusal: Callable[[Refusal], None],
        *,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self._producer = producer
        self._topic = topic
        self._tally = tally
        self._on_refusal = on_refusal
        self._window: deque[_Sent] = deque()
        self._window_bytes = 0
        self._answer_seconds = answer_seconds

    async def send(self, piece: Piece) -> None:
        """Send one record; waits for the oldest ones when too much is on its way."""
        if isinstance(piece, Refusal):
            self._refuse(piece)
            return
        size = len(piece.value)
        while self._window and (
            self._window[0].acknowledged.done()
            or len(self._window) >= WINDOW_RECORDS
            or self._window_bytes + size > WINDOW_BYTES
        ):
            await self._settle_oldest()
        try:
            future = await self._producer.send(self._topic, value=piece.value)
        except MessageSizeTooLargeError as error:
            self._refuse(_too_large(piece.place, size, error))
            return
        self._window.append(_Sent(piece.place, size, future))
        self._window_bytes += size

    async def settle(self) -> None:
        """Wait for the answers to all that was sent."""
        while self._window:
            await self._settle_oldest()

    async def _settle_oldest(self) -> None:
        sent = self._window.popleft()
        self._window_bytes -= sent.size
        try:
            await asyncio.wait_for(sent.acknowledged, self._answer_seconds)
        except (MessageSizeTooLargeError, RecordTooLargeError) as error:
            self._refuse(_too_large(sent.place, sent.size, error))
        else:
            self._tally.pushed += 1
            self._tally.sent_bytes += sent.size

    def _refuse(self, refusal: Refusal) -> None:
        self._tally.refuse(refusal)
        self._on_refusal(refusal)


def _too_large(place: str, size: int, error: Exception) -> Refusal:
    limits = "the broker's limit" if isinstance(error, RecordTooLargeError) else "the limit"
    return Refusal(place, f"{size} bytes, over {limits} of a record")
