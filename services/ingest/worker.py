"""Turn raw records into accepted articles, at least once.

An offset is committed only when its article is in ``articles.accepted``, or is an acknowledged
dead letter: produce → dead letters → commit. Anyone may write ``articles.raw``, so there is no
limit to how many dead letters a batch may have.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple, Protocol

from aiokafka import ConsumerRecord

from services.contracts import dead_letters
from services.contracts.articles import AcceptedArticle
from services.contracts.errors import ContractViolation
from services.contracts.topics import Topic
from services.runtime import metrics
from services.runtime.kafka.batch_producer import Message
from services.runtime.kafka.compat.bounded_batches import CutValue
from services.runtime.kafka.dead_letters import Rejected

STAGE = "ingest"

# Records prepared in one go outside the event loop; in between, heartbeats have their turn.
CHUNK_RECORDS = 50


class Accept(Protocol):
    """Turns bytes into an article."""

    def __call__(self, value: bytes | None, *, arrival: datetime, now: datetime) -> AcceptedArticle:
        """:raises ContractViolation: the bytes are no article."""


class Send(Protocol):
    """Where accepted articles go."""

    async def send(self, messages: Sequence[Message]) -> None:
        """Return once the broker has acknowledged them."""


class DeadLetters(Protocol):
    """Where records go that are no article."""

    async def write(self, rejected: Sequence[Rejected]) -> None:
        """Return once the broker has acknowledged them."""


class Prepared(NamedTuple):
    """What a chunk of records became, in order."""

    accepted: list[Message]
    arrivals: list[datetime]
    rejected: list[Rejected]


@dataclass(frozen=True, slots=True)
class Ingester:
    """Settles batches of ``articles.raw``."""

    accept: Accept
    sender: Send
    dead_letters: DeadLetters
    accepted_topic: Topic
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    async def process(self, records: Sequence[ConsumerRecord]) -> None:
        """Bring every record to its final place: the next topic or the dead letters.

        :raises Interrupted: told to stop while the broker could not take them.
        """
        for start in range(0, len(records), CHUNK_RECORDS):
            chunk = records[start : start + CHUNK_RECORDS]
            prepared = await asyncio.to_thread(self._prepare, chunk)
            await self.sender.send(prepared.accepted)
            if prepared.rejected:
                await self.dead_letters.write(prepared.rejected)
            _count(prepared)

    def _prepare(self, records: Sequence[ConsumerRecord]) -> Prepared:
        prepared = Prepared([], [], [])
        for record in records:
            arrival_ms = first_arrival_ms(record)
            arrival = datetime.fromtimestamp(arrival_ms / 1000, UTC)
            try:
                refuse_cut(record.value)
                article = self.accept(record.value, arrival=arrival, now=self.now())
                value = article.encode()
                self.accepted_topic.refuse_oversize(value)
            except ContractViolation as violation:
                prepared.rejected.append(Rejected(record, violation, arrival_ms))
                continue
            headers = dead_letters.carried(record.headers)
            key = article.article_id.encode()
            prepared.accepted.append(Message(self.accepted_topic.name, key, value, headers))
            prepared.arrivals.append(arrival)
        return prepared


def refuse_cut(value: bytes | None) -> None:
    """:raises ContractViolation: more came than the door takes unpacked."""
    if isinstance(value, CutValue):
        raise ContractViolation("too_large", value.why)


def first_arrival_ms(record: ConsumerRecord) -> int:
    """When the record first came, in Unix milliseconds by the broker's clock.

    A replayed dead letter says it in a header; a header from the future is not believed.
    """
    told = dead_letters.integer(record.headers, dead_letters.FIRST_ARRIVAL)
    arrived = max(int(record.timestamp), 0)
    return told if told is not None and told <= arrived else arrived


def _count(prepared: Prepared) -> None:
    now = time.time()
    metrics.ARTICLES.labels(STAGE, "accepted").inc(len(prepared.accepted))
    latency = metrics.LATENCY_SECONDS.labels(STAGE)
    for arrival in prepared.arrivals:
        latency.observe(max(now - arrival.timestamp(), 0))
