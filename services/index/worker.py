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
from services.index.writer import Outcome, Verdict
from services.runtime import metrics
from services.runtime.kafka.dead_letters import Rejected, RejectionGuard

STAGE = "index"


class Store(Protocol):
    """Where articles go."""

    async def write(self, articles: Sequence[EnrichedArticle]) -> list[Verdict]:
        """One verdict per article, in order."""


class DeadLetters(Protocol):
    """Where records go that can never be stored."""

    async def write(self, rejected: Sequence[Rejected]) -> None:
        """Return once the broker has acknowledged them."""


Decoded = tuple[ConsumerRecord, EnrichedArticle]


@dataclass(frozen=True, slots=True)
class Indexer:
    """Settles batches of ``articles.enriched``."""

    store: Store
    dead_letters: DeadLetters
    guard: RejectionGuard = field(default_factory=RejectionGuard)

    async def process(self, records: Sequence[ConsumerRecord]) -> None:
        """Bring every record to its final place: the index or the dead letters.

        :raises Interrupted: told to stop while a server could not take them.
        :raises TooManyRejections: the topic's writer is at fault, not its records.
        """
        decoded, rejected = await asyncio.to_thread(decode, records)
        verdicts = await self.store.write([article for _, article in decoded])
        for (record, _), verdict in zip(decoded, verdicts, strict=True):
            if verdict.outcome is Outcome.REFUSED:
                rejected.append(Rejected(record, ContractViolation("refused", verdict.refusal)))
        self.guard.check(rejected, total=len(records))
        if rejected:
            await self.dead_letters.write(rejected)
        self._count(decoded, verdicts)

    @staticmethod
    def _count(decoded: Sequence[Decoded], verdicts: Sequence[Verdict]) -> None:
        now = time.time()
        latency = metrics.LATENCY_SECONDS.labels(STAGE)
        for (_, article), verdict in zip(decoded, verdicts, strict=True):
            if verdict.outcome is not Outcome.REFUSED:
                metrics.ARTICLES.labels(STAGE, verdict.outcome).inc()
                latency.observe(max(now - article.received_at.timestamp(), 0))


def decode(records: Sequence[ConsumerRecord]) -> tuple[list[Decoded], list[Rejected]]:
    """Read the records; what is no enriched article is rejected."""
    decoded, rejected = [], []
    for record in records:
        try:
            decoded.append((record, EnrichedArticle.decode(record.value)))
        except ContractViolation as violation:
            rejected.append(Rejected(record, violation))
    return decoded, rejected
