from collections.abc import Sequence

import pytest

from services.contracts.errors import ContractViolation
from services.contracts.topics import ENRICHED
from services.enrich.pool import Enriched, EnrichmentResult
from services.enrich.worker import Enricher
from services.runtime.kafka.batch_producer import Message
from services.runtime.kafka.dead_letters import Rejected, TooManyRejections
from tests.fakes.records import FakeRecord


class World:
    """The models, the next topic and the dead letters, in one journal."""

    def __init__(self) -> None:
        self.journal: list[tuple[str, bytes | None]] = []

    async def enrich(self, values: Sequence[bytes | None]) -> list[EnrichmentResult]:
        return [
            ContractViolation("contract", "no article")
            if value == b"poison"
            else Enriched("id", b"x" * 9_000_000 if value == b"large" else value or b"", 0.0)
            for value in values
        ]

    async def send(self, messages: Sequence[Message]) -> None:
        self.journal += [("enriched", message.value) for message in messages]

    async def write(self, rejected: Sequence[Rejected]) -> None:
        self.journal += [("dead", each.record.value) for each in rejected]


def enricher(world: World) -> Enricher:
    return Enricher(world, world, world, ENRICHED)


async def test_poison_costs_only_itself() -> None:
    world = World()

    await enricher(world).process([FakeRecord(b"1"), FakeRecord(b"poison"), FakeRecord(b"2")])

    assert world.journal == [("enriched", b"1"), ("enriched", b"2"), ("dead", b"poison")]


async def test_an_article_too_large_for_the_next_topic_is_a_dead_letter() -> None:
    world = World()

    await enricher(world).process([FakeRecord(b"large")])

    assert world.journal == [("dead", b"large")]


async def test_mostly_poison_stops_the_worker_before_anything_is_sent() -> None:
    world = World()

    with pytest.raises(TooManyRejections):
        await enricher(world).process([FakeRecord(b"poison")] * 21)

    assert world.journal == []
