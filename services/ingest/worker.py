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
from services.runtime.kafka.batch_producer import Message, MessageSender
from services.runtime.kafka.compat.bounded_batches import TruncatedValue
from services.runtime.kafka.dead_letters import DeadLetterSink, Rejected

STAGE = "ingest"

# Records prepared at once in a thread; in between, the event loop sends heartbeats.
CHUNK_RECORDS = 50


class Accept(Protocol):
    """Turns bytes into an article."""

    def __call__(self, value: bytes | None, *, arrival: datetime, now: datetime) -> AcceptedArticle:
        """:raises ContractViolation: the bytes are no article."""


class Prepared(NamedTuple):
    """The outcome of a chunk of records, in order."""

    accepted: list[Message]
    arrivals: list[datetime]
    rejected: list[Rejected]


@dataclass(frozen=True, slots=True)
class Ingester:
    """Processes batches of ``articles.raw``."""

    accept: Accept
    producer: MessageSender
    dead_letters: DeadLetterSink
    accepted_topic: Topic
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    async def process(self, records: Sequence[ConsumerRecord]) -> None:
        """Return once every record is an accepted article or a dead letter, acknowledged.

        :raises Interrupted: the worker must stop while the broker could not take them.
        """
        for start in range(0, len(records), CHUNK_RECORDS):
            chunk = records[start : start + CHUNK_RECORDS]
            prepared = await asyncio.to_thread(self._prepare, chunk)
            await self.producer.send(prepared.accepted)
            if prepared.rejected:
                await self.dead_letters.write(prepared.rejected)
            _count(prepared)

    def _prepare(self, records: Sequence[ConsumerRecord]) -> Prepared:
        prepared = Prepared([], [], [])
        for record in records:
            arrival_ms = first_arrival_ms(record)
            arrival = datetime.fromtimestamp(arrival_ms / 1000, UTC)
            try:
                refuse_truncated(record.value)
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


def refuse_truncated(value: bytes | None) -> None:
    """:raises ContractViolation: the record was larger than ``MAX_RECORD_BYTES``, decompressed."""
    if isinstance(value, TruncatedValue):
        raise ContractViolation("too_large", value.reason)


def first_arrival_ms(record: ConsumerRecord) -> int:
    """ParsedDate the record first arrived, in Unix milliseconds by the broker's clock.

    A replayed dead letter has it in a header; a header from the future is ignored.
    """
    claimed = dead_letters.integer(record.headers, dead_letters.FIRST_ARRIVAL)
    arrived = max(int(record.timestamp), 0)
    return claimed if claimed is not None and claimed <= arrived else arrived


def _count(prepared: Prepared) -> None:
    now = time.time()
    metrics.ARTICLES.labels(STAGE, "accepted").inc(len(prepared.accepted))
    latency = metrics.LATENCY_SECONDS.labels(STAGE)
    for arrival in prepared.arrivals:
        latency.observe(max(now - arrival.timestamp(), 0))
