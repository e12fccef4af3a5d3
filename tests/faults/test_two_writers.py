"""Two writers of one article: a worker that died in between, or does not know that it was
replaced. An article that moves to another month is where two writers can leave two documents.
"""

import asyncio
from typing import Any, cast

import pytest
from elasticsearch import AsyncElasticsearch

from services.contracts.articles import Status
from services.index.writer import STALE, STORED, ArticleStore
from services.runtime.health import Health
from services.runtime.retry import RetryPolicy
from tests.fakes.records import enriched
from tests.support.pipeline import Pipeline

OLD: dict[str, Any] = {"version": 1, "published_at": "2025-11-30"}
NEW: dict[str, Any] = {"version": 2, "published_at": "2025-12-01"}


class SlowClient:
    """Stops before its second bulk request: documents are written, their locations are not."""

    def __init__(self, client: AsyncElasticsearch) -> None:
        self._client = client
        self._requests = 0
        self.stopped = asyncio.Event()
        self.go_on = asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    async def bulk(self, **arguments: Any) -> Any:
        self._requests += 1
        if self._requests == 2:
            self.stopped.set()
            await self.go_on.wait()
        return await self._client.bulk(**arguments)


def store(pipe: Pipeline, client: object = None) -> ArticleStore:
    retry = RetryPolicy(Health("index"), lambda: False)
    return ArticleStore(cast("AsyncElasticsearch", client or pipe.client), pipe.namespace, retry)


async def versions(pipe: Pipeline) -> list[int]:
    """Of all that is stored; two documents of one article fail."""
    return [d["version"] for d in (await pipe.documents(everything=True)).values()]


async def test_what_a_killed_worker_left_is_removed_though_the_next_batch_is_another(
    pipe: Pipeline,
) -> None:
    """
    It had written the first version and said so nowhere; its successor reads both at once.
    """
    slow = SlowClient(pipe.client)
    killed = asyncio.create_task(store(pipe, slow).write([enriched(**OLD)]))
    await slow.stopped.wait()
    killed.cancel()

    assert await store(pipe).write([enriched(**OLD), enriched(**NEW)]) == [STALE, STORED]
    assert await versions(pipe) == [2]


@pytest.mark.parametrize("batches", [[(OLD, NEW)], [(OLD,), (NEW,)]])
async def test_an_older_version_of_a_worker_that_wakes_does_not_stay(
    pipe: Pipeline, batches: list[tuple[dict[str, Any], ...]]
) -> None:
    slow = SlowClient(pipe.client)
    sleeper = asyncio.create_task(store(pipe, slow).write([enriched(**OLD)]))
    await slow.stopped.wait()
    for batch in batches:
        await store(pipe).write([enriched(**fields) for fields in batch])
    slow.go_on.set()

    assert await sleeper == [STALE]
    assert await versions(pipe) == [2]


async def test_a_newer_version_of_a_worker_that_wakes_removes_what_was_written_meanwhile(
    pipe: Pipeline,
) -> None:
    slow = SlowClient(pipe.client)
    sleeper = asyncio.create_task(store(pipe, slow).write([enriched(**NEW)]))
    await slow.stopped.wait()
    await store(pipe).write([enriched(**OLD)])
    slow.go_on.set()

    assert await sleeper == [STORED]
    assert await store(pipe).write([enriched(**NEW)]) == [STORED]
    assert await versions(pipe) == [2]


async def test_a_kill_notice_holds_against_a_worker_that_wakes(pipe: Pipeline) -> None:
    slow = SlowClient(pipe.client)
    sleeper = asyncio.create_task(store(pipe, slow).write([enriched(**OLD)]))
    await slow.stopped.wait()
    await store(pipe).write([enriched(version=2**63 - 1, status=Status.CANCELED, text="")])
    slow.go_on.set()

    assert await sleeper == [STALE]
    assert not await pipe.documents()
    assert await versions(pipe) == [2**63 - 1]
