"""Elasticsearch answers, and takes some or nothing of what it is given."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from services.elastic.bulk import BulkOperation, BulkWriter
from services.index.writer import STORED, ArticleStore
from services.runtime.health import Health
from services.runtime.retry import RetryPolicy
from tests.fakes.records import enriched
from tests.faults.conservation import articles, conserved
from tests.faults.servers import OwnServers, own_servers
from tests.faults.steps import waits
from tests.faults.usage import report
from tests.support.pipeline import Pipeline, pipeline
from tests.support.stack import RunningStack


def operation(pipe: Pipeline, key: str, **fields: Any) -> BulkOperation:
    target = {"_index": f"{pipe.alias}-2025.01", "_id": key} | fields
    return BulkOperation(json.dumps({"index": target}).encode(), b'{"article_id": "x"}')


@pytest.mark.faults
@pytest.mark.timeout(180)
async def test_a_node_that_can_take_a_part_of_a_bulk_gets_parts_until_all_is_there(
    mortal: OwnServers, tmp_path: Path
) -> None:
    """
    Three indexers, and a node that may hold a fraction of what one of them sends.
    """
    pressed: dict[str, object] = {"indexing_pressure.memory.limit": "256kb"}
    with own_servers(tmp_path / "home", names=("elasticsearch",), elasticsearch=pressed) as own:
        both = RunningStack(mortal.local, mortal.bootstrap_servers, own.elasticsearch_url)
        async with pipeline(both, tmp_path) as pipe:
            await pipe.start_all()
            for service in ("index", "index"):
                await pipe.start(service).ready()
            pushed = articles(1200, corrected=200)
            await pipe.push(pushed)
            await pipe.drained(within=60)

            assert (await conserved(pipe, pushed)).indexed == 1200
            stats = await pipe.client.nodes.stats(metric="indexing_pressure")
            (node,) = stats["nodes"].values()
            rejections = node["indexing_pressure"]["memory"]["total"]
            report(str(rejections))
            assert rejections["coordinating_rejections"] + rejections["primary_rejections"] > 0


async def test_a_bulk_that_one_item_poisons_is_halved_until_the_culprit_stands_alone(
    pipe: Pipeline,
) -> None:
    """
    We build none of these: ids are hashes and versions are positive. A whole request is refused.
    """
    culprits = [
        operation(pipe, "x" * 513),
        operation(pipe, "negative", version=-1, version_type="external_gte"),
        operation(pipe, "unknown", colour="blue"),
    ]
    batch = [operation(pipe, str(number)) for number in range(40)]
    for place, culprit in zip((7, 20, 42), culprits, strict=True):
        batch.insert(place, culprit)
    bulk = BulkWriter(pipe.client, RetryPolicy(Health("index"), lambda: False))

    results = await bulk.run(batch)

    refused = [number for number, result in enumerate(results) if result.refusal]
    assert refused == [7, 20, 42]
    await pipe.client.indices.refresh(index=f"{pipe.alias}-2025.01")
    assert (await pipe.client.count(index=f"{pipe.alias}-2025.01"))["count"] == 40


async def test_no_room_for_another_months_index_is_waited_for(
    stack: RunningStack, tmp_path: Path
) -> None:
    """
    The limit is the whole node's, so the node is this test's own.
    """
    with own_servers(tmp_path / "home", names=("elasticsearch",)) as own:
        both = RunningStack(stack.local, stack.bootstrap_servers, own.elasticsearch_url)
        async with pipeline(both, tmp_path) as pipe:
            retry = RetryPolicy(Health("index"), lambda: False)
            store = ArticleStore(pipe.client, pipe.namespace, retry)
            there = (await pipe.client.cluster.health())["active_shards"]
            await limit_shards(pipe, there)

            writing = asyncio.create_task(store.write([enriched(1, published_at="2011-01-01")]))
            done, _ = await asyncio.wait([writing], timeout=3)
            assert not done, "a full cluster was taken for a bad article"

            await limit_shards(pipe, None)
            assert await asyncio.wait_for(writing, timeout=30) == [STORED]


async def limit_shards(pipe: Pipeline, shards: int | None) -> None:
    limit = {"cluster.max_shards_per_node": shards}
    await pipe.client.cluster.put_settings(persistent=limit)


async def test_a_blocked_index_makes_the_indexer_wait_until_it_is_released(
    pipe: Pipeline,
) -> None:
    """
    The block that a node puts on its indices when its disk is nearly full.
    """
    index = (await pipe.start_all())["index"]
    first = articles(200)
    await pipe.push(first)
    await pipe.drained()
    everything = f"{pipe.alias}-*,{pipe.namespace}-newsline-*"
    block = "index.blocks.read_only_allow_delete"
    await pipe.client.indices.put_settings(index=everything, settings={block: True})
    second = articles(200, corrected=200)
    await pipe.push(second)
    await waits(index, "cluster_block_exception")

    await pipe.client.indices.put_settings(index=everything, settings={block: None})
    await pipe.drained(within=30)
    assert (await conserved(pipe, first + second)).indexed == 200
