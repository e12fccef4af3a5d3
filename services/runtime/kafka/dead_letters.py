"""Writing dead letters, and stopping when a faulty deploy would write most of them."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from services.contracts import dead_letters
from services.contracts.dead_letters import DeadLetter, Headers
from services.contracts.errors import ContractViolation
from services.contracts.topics import Topic
from services.runtime import metrics
from services.runtime.kafka.batch_producer import Message, MessageSender


class TooManyRejections(RuntimeError):
    """Most of what another of our services wrote was refused: a bad deploy, not bad data."""


class ConsumedRecord(Protocol):
    """A consumed record, whichever client read it."""

    @property
    def topic(self) -> str:
        """The topic's name."""

    @property
    def partition(self) -> int:
        """The partition's number."""

    @property
    def offset(self) -> int:
        """The record's offset in its partition."""

    @property
    def key(self) -> bytes | None:
        """The key's bytes."""

    @property
    def value(self) -> bytes | None:
        """The value's bytes; None is a record without one."""

    @property
    def headers(self) -> Headers:
        """Names and values, in order."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that can never be processed, and the reason."""

    record: ConsumedRecord
    violation: ContractViolation
    first_arrival_ms: int | None = None


class DeadLetterSink(Protocol):
    """Where records go that can never be processed."""

    async def write(self, rejected: Sequence[Rejected]) -> None:
        """Return once a dead letter for each is acknowledged."""


class DeadLetterWriter:
    """Writes the dead letters of one topic."""

    def __init__(self, service: str, topic: Topic, producer: MessageSender) -> None:
        self._service = service
        self._topic = topic
        self._producer = producer

    async def write(self, rejected: Sequence[Rejected]) -> None:
        """Return once the broker has acknowledged a dead letter for each.

        :raises Interrupted: the worker must stop before that.
        """
        await self._producer.send([self._message(each) for each in rejected])
        for each in rejected:
            metrics.DEAD_LETTERS.labels(self._service, each.violation.code).inc()
            metrics.ARTICLES.labels(self._service, "dead").inc()

    def _message(self, rejected: Rejected) -> Message:
        record = rejected.record
        key, value, reason = record.key, record.value, str(rejected.violation)
        if len(key or b"") + len(value or b"") > self._topic.max_message_bytes:
            # In a compressed batch keys may be of any length; the dead letter must be writable.
            reason = f"{reason}; its key of {len(key or b'')} bytes is left out"
            key = None
        dead_letter = DeadLetter(
            service=self._service,
            time=dead_letters.now(),
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            attempt=dead_letters.attempt(record.headers),
            reason=reason,
            first_arrival_ms=rejected.first_arrival_ms,
        )
        # The client writes no record that has neither key nor value; others' clients do.
        value = b"" if key is None and value is None else value
        return Message(self._topic.dead, key, value, dead_letter.headers(record.headers))


class RejectionGuard:
    """Stops a worker that would drain its topic into the dead letters.

    Only for topics that our own services write: on ``articles.raw`` there is no limit to trip.

    :param allowed: up to so many refusals among the last ``window`` records count as bad data,
        whatever their share.
    """

    def __init__(self, *, allowed: int = 20, window: int = 400) -> None:
        self._allowed = allowed
        self._was_refused: deque[bool] = deque(maxlen=window)

    def check(self, rejected: Sequence[Rejected], *, total: int) -> None:
        """Count a batch, before its dead letters are written.

        A replay that fails again does not count: a person has sent it, and no deploy.

        :raises TooManyRejections: more than half, and more than allowed, were refused.
        """
        bad = sum(dead_letters.attempt(each.record.headers) == 1 for each in rejected)
        self._was_refused.extend([True] * bad + [False] * (total - bad))
        refused = sum(self._was_refused)
        if refused > self._allowed and 2 * refused > len(self._was_refused):
            raise TooManyRejections(
                f"{refused} of the last {len(self._was_refused)} records were refused; "
                "is an older or newer service writing this topic?"
            )
