"""Turn accepted articles into enriched ones, at least once.

Every record becomes an enriched article or a dead letter, both acknowledged, before its offset may
be committed (see ``stream.py``).
"""

import time
from collections.abc import Sequence
from typing import Protocol

from services.contracts import dead_letters
from services.contracts.errors import ContractViolation
from services.contracts.topics import Topic
from services.enrich.pool import Enriched, Result
from services.runtime import metrics
from services.runtime.kafka.batch_producer import Message
from services.runtime.kafka.dead_letters import Record, Rejected, RejectionGuard

STAGE = "enrich"


class Models(Protocol):
    """What enriches articles."""

    async def enrich(self, values: Sequence[bytes | None]) -> list[Result]:
        """One result for each value, in order."""


class Send(Protocol):
    """Where enriched articles go."""

    async def send(self, messages: Sequence[Message]) -> None:
        """Return once the broker has acknowledged them."""


class DeadLetters(Protocol):
    """Where records go that can never be enriched."""

    async def write(self, rejected: Sequence[Rejected]) -> None:
        """Return once the broker has acknowledged them."""


class Enricher:
    """Settles batches of ``articles.accepted``."""

    def __init__(
        self, models: Models, sender: Send, letters: DeadLetters, enriched_topic: Topic
    ) -> None:
        self._models = models
        self._sender = sender
        self._dead_letters = letters
        self._topic = enriched_topic
        self._guard = RejectionGuard()

    async def process(self, records: Sequence[Record]) -> None:
        """Bring every record to its final place: the next topic or the dead letters.

        :raises Interrupted: told to stop while the broker could not take them.
        :raises TooManyRejections: the topic's writer is at fault, not its records.
        """
        results = await self._models.enrich([record.value for record in records])
        messages, arrivals, rejected = [], [], []
        for record, result in zip(records, results, strict=True):
            try:
                if isinstance(result, ContractViolation):
                    raise result
                messages.append(self._message(record, result))
                arrivals.append(result.received_at_seconds)
            except ContractViolation as violation:
                rejected.append(Rejected(record, violation))
        self._guard.check(rejected, total=len(records))
        await self._sender.send(messages)
        if rejected:
            await self._dead_letters.write(rejected)
        metrics.ARTICLES.labels(STAGE, "enriched").inc(len(messages))
        now = time.time()
        for arrival in arrivals:
            metrics.LATENCY_SECONDS.labels(STAGE).observe(max(now - arrival, 0))

    def _message(self, record: Record, result: Enriched) -> Message:
        self._topic.refuse_oversize(result.value)
        headers = dead_letters.carried(record.headers)
        return Message(self._topic.name, result.article_id.encode(), result.value, headers)
