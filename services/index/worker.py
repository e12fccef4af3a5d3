"""Move enriched articles into Elasticsearch, at least once.

An offset is committed only when its article is stored or superseded, or is an acknowledged dead
letter: store → dead letters → commit.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from aiokafka import ConsumerRecord

from services.contracts.articles import EnrichedArticle
from services.contracts.errors import ContractViolation
from services.index.writer import Outcome, WriteResult
from services.runtime import metrics
from services.runtime.kafka.dead_letters import DeadLetterSink, Rejected, RejectionGuard

STAGE = "index"


class ArticleSink(Protocol):
    """Where articles are stored."""

    async def write(self, articles: Sequence[EnrichedArticle]) -> list[WriteResult]:
        """One result per article, in order."""


Decoded = tuple[ConsumerRecord, EnrichedArticle]


@dataclass(frozen=True, slots=True)
class Indexer:
    """Processes batches of ``articles.enriched``."""

    store: ArticleSink
    dead_letters: DeadLetterSink
    guard: RejectionGuard = field(default_factory=RejectionGuard)

    async def process(self, records: Sequence[ConsumerRecord]) -> None:
        """Return once every article is stored or superseded, or an acknowledged dead letter.

        :raises Interrupted: the worker must stop while a server could not take them.
        :raises TooManyRejections: the topic's writer is at fault, not its records.
        """
        decoded, rejected = await asyncio.to_thread(decode, records)
        results = await self.store.write([article for _, article in decoded])
        for (record, _), result in zip(decoded, results, strict=True):
            if result.outcome is Outcome.REFUSED:
                rejected.append(Rejected(record, ContractViolation("refused", result.refusal)))
        self.guard.check(rejected, total=len(records))
        if rejected:
            await self.dead_letters.write(rejected)
        self._count(decoded, results)

    @staticmethod
    def _count(decoded: Sequence[Decoded], results: Sequence[WriteResult]) -> None:
        now = time.time()
        latency = metrics.LATENCY_SECONDS.labels(STAGE)
        for (_, article), result in zip(decoded, results, strict=True):
            if result.outcome is not Outcome.REFUSED:
                metrics.ARTICLES.labels(STAGE, result.outcome).inc()
                latency.observe(max(now - article.received_at.timestamp(), 0))


def decode(records: Sequence[ConsumerRecord]) -> tuple[list[Decoded], list[Rejected]]:
    """Decode the records; what is no enriched article is rejected."""
    decoded, rejected = [], []
    for record in records:
        try:
            decoded.append((record, EnrichedArticle.decode(record.value)))
        except ContractViolation as violation:
            rejected.append(Rejected(record, violation))
    return decoded, rejected
