"""Turn accepted articles into enriched ones, at least once.

Every record becomes an enriched article or a dead letter, both acknowledged, before its offset may
be committed (see ``faust_runner.py``).
"""

import time
from collections.abc import Sequence
from typing import Protocol

from services.contracts.dead_letters import carried
from services.contracts.errors import ContractViolation
from services.contracts.topics import Topic
from services.enrich.pool import Enriched, EnrichmentResult
from services.runtime import metrics
from services.runtime.kafka.batch_producer import Message, MessageSender
from services.runtime.kafka.dead_letters import (
    ConsumedRecord,
    DeadLetterSink,
    Rejected,
    RejectionGuard,
)

STAGE = "enrich"


class ValueEnricher(Protocol):
    """Enriches the values of records."""

    async def enrich(self, values: Sequence[bytes | None]) -> list[EnrichmentResult]:
        """One result for each value, in order."""


class Enricher:
    """Processes batches of ``articles.accepted``."""

    def __init__(
        self,
        models: ValueEnricher,
        producer: MessageSender,
        dead_letters: DeadLetterSink,
        enriched_topic: Topic,
    ) -> None:
        self._models = models
        self._producer = producer
        self._dead_letters = dead_letters
        self._topic = enriched_topic
        self._guard = RejectionGuard()

    async def process(self, records: Sequence[ConsumedRecord]) -> None:
        """Return once every record is an enriched article or a dead letter, acknowledged.

        :raises Interrupted: the worker must stop while the broker could not take them.
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
        await self._producer.send(messages)
        if rejected:
            await self._dead_letters.write(rejected)
        metrics.ARTICLES.labels(STAGE, "enriched").inc(len(messages))
        now = time.time()
        for arrival in arrivals:
            metrics.LATENCY_SECONDS.labels(STAGE).observe(max(now - arrival, 0))

    def _message(self, record: ConsumedRecord, result: Enriched) -> Message:
        self._topic.refuse_oversize(result.value)
        headers = carried(record.headers)
        return Message(self._topic.name, result.article_id.encode(), result.value, headers)
