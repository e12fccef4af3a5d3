"""The index is made again beside the one that is searched, and no search misses an article."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from services.cli.setup.generations import AliasSwitch, NotReadyToSwitch
from services.contracts.topics import ENRICHED
from services.elastic import naming
from services.elastic.schema import install_schema, searched_generation
from services.elastic.settings import IndexSettings
from tests.support.pipeline import Pipeline, Servers, eventually, pipeline

SECOND = IndexSettings(generation=2)
BEFORE, DURING, AFTER = 120, 60, 20


@pytest.fixture
async def flow(stack: Servers, tmp_path: Path) -> AsyncIterator[Pipeline]:
    async with pipeline(stack, tmp_path) as made:
        await made.start_all()
        yield made


@dataclass
class Reader:
    """Somebody who searches all the time, and notes whatever was there and is not any more."""

    flow: Pipeline
    seen: set[str] = field(default_factory=set)
    misses: list[set[str]] = field(default_factory=list)
    doubles: int = 0
    searches: int = 0
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    async def read(self) -> None:
        while not self.stop.is_set():
            answer = await self.flow.client.search(
                index=self.flow.alias, query={"match": {"text": "Vienna"}}, size=1000, source=False
            )
            ids = [hit["_id"] for hit in answer["hits"]["hits"]]
            self.doubles += len(ids) - len(set(ids))
            if lost := self.seen - set(ids):
                self.misses.append(lost)
            self.seen |= set(ids)
            self.searches += 1


def articles(first: int, count: int) -> list[bytes]:
    return [
        json.dumps(
            {
                "source": "wire",
                "id": str(number),
                "text": f"Something happened in Vienna, number {number}.",
                "published_at": f"2026-0{1 + number % 6}-01",
            }
        ).encode()
        for number in range(first, first + count)
    ]


async def visible(reader: Reader, count: int) -> None:
    async def there() -> bool:
        return len(reader.seen) >= count

    await eventually(f"{count} articles are seen", there, within=90)


async def test_a_reindex_is_never_noticed_by_those_who_search(flow: Pipeline) -> None:
    reader = Reader(flow)
    switch = AliasSwitch(flow.kafka, flow.elasticsearch, flow.namespace, SECOND)
    await flow.push(articles(0, BEFORE))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(reader.read())
        await visible(reader, BEFORE)

        # A second set of indices, not searched, filled from the topic's start.
        await install_schema(flow.client, flow.namespace, SECOND)
        await flow.start("index", {"NEWSLINE_INDEX_GENERATION": "2"}).ready()
        await flow.push(articles(BEFORE, DURING))
        await visible(reader, BEFORE + DURING)
        with pytest.raises(
            NotReadyToSwitch, match="Stop the 1 index workers of generation 1 first"
        ):
            await switch.move_alias()

        (first,) = [w for w in flow.workers if w.service == "index"][:1]
        first.kill(15)
        assert await first.ended() == 0
        await flow.push(articles(BEFORE + DURING, AFTER))

        async def moved() -> bool:
            try:
                await switch.move_alias()
            except NotReadyToSwitch:
                return False
            return True

        await eventually("the alias has moved", moved, within=60)
        await visible(reader, BEFORE + DURING + AFTER)
        searched = reader.searches
        await asyncio.sleep(1)
        reader.stop.set()

    assert reader.misses == []
    assert reader.doubles == 0
    assert reader.searches > searched > 20
    assert await searched_generation(flow.client, flow.namespace) == 2
    shown = await flow.client.indices.get_alias(name=flow.alias)
    assert {naming.generation_of(flow.namespace, index) for index in shown} == {2}
    assert not await flow.dead(ENRICHED)


async def test_a_generation_that_is_not_full_is_not_shown(flow: Pipeline) -> None:
    await flow.push(articles(0, 10))
    await flow.drained()
    (worker,) = [w for w in flow.workers if w.service == "index"]
    worker.kill(15)
    assert await worker.ended() == 0
    await install_schema(flow.client, flow.namespace, SECOND)

    with pytest.raises(NotReadyToSwitch, match="Generation 2 is still 10 records behind"):
        await AliasSwitch(flow.kafka, flow.elasticsearch, flow.namespace, SECOND).move_alias()

    assert await searched_generation(flow.client, flow.namespace) == 1
