from collections.abc import Sequence

import pytest

from services.contracts.articles import EnrichedArticle
from services.index.worker import Indexer
from services.index.writer import STALE, STORED, Outcome, WriteResult
from services.runtime.kafka.dead_letters import Rejected, RejectionGuard, TooManyRejections
from tests.fakes.records import FakeRecord, enriched

POISON = b"not json"


class World:
    """An index and a dead-letter topic that share a journal."""

    def __init__(self, *verdicts: WriteResult) -> None:
        self.verdicts = list(verdicts)
        self.journal: list[tuple[str, str]] = []

    async def write(self, items: Sequence[EnrichedArticle | Rejected]) -> list[WriteResult]:
        for item in items:
            if isinstance(item, Rejected):
                self.journal.append(("dead", str(item.violation)))
            else:
                self.journal.append(("index", item.article_id[-1]))
        return [self.verdicts.pop(0) if self.verdicts else STORED for _ in items]


def records(*values: bytes) -> list[FakeRecord]:
    return [FakeRecord(value, offset) for offset, value in enumerate(values)]


async def test_poison_costs_only_itself() -> None:
    world = World()

    await Indexer(world, world).process(records(enriched(1).encode(), POISON, enriched(2).encode()))  # type: ignore[arg-type] # one world plays both ports

    assert world.journal == [("index", "1"), ("index", "2"), ("dead", "contract: : json_invalid")]


async def test_a_refused_document_is_a_dead_letter_and_a_stale_one_is_not() -> None:
    world = World(WriteResult(Outcome.REFUSED, "mapper_parsing_exception"), STALE)

    await Indexer(world, world).process(records(enriched(1).encode(), enriched(2).encode()))  # type: ignore[arg-type] # one world plays both ports

    assert world.journal[2:] == [("dead", "refused: mapper_parsing_exception")]


async def test_mostly_poison_stops_the_worker_before_any_dead_letter() -> None:
    """
    A bad deploy must not drain the topic into the dead letters.
    """
    world = World()
    indexer = Indexer(world, world, RejectionGuard(allowed=1))  # type: ignore[arg-type] # as above

    with pytest.raises(TooManyRejections):
        await indexer.process(records(POISON, POISON, enriched(1).encode()))

    assert world.journal == [("index", "1")]
