"""Steps that several tests of faults share: workers behind a proxy, and conditions to wait for."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.contracts.topics import ENRICHED
from tests.faults.tcp_proxy import TcpProxy, tcp_proxy
from tests.support.pipeline import Pipeline, Worker, eventually


@asynccontextmanager
async def behind_a_proxy(
    pipe: Pipeline, **environment: str
) -> AsyncIterator[tuple[Worker, TcpProxy]]:
    """An index worker whose wire to Elasticsearch can be cut, and one of each other kind."""
    async with tcp_proxy(int(pipe.elasticsearch.url.rsplit(":", 1)[1])) as proxy:
        url = {"NEWSLINE_ELASTICSEARCH_URL": f"http://127.0.0.1:{proxy.port}", **environment}
        workers = [pipe.start("ingest"), pipe.start("enrich"), pipe.start("index", url)]
        await asyncio.gather(*[worker.ready() for worker in workers])
        yield workers[2], proxy


async def waits(index: Worker, word: str = "waiting: Elasticsearch") -> None:
    """Return once an index worker says on its readiness page what it waits for."""

    async def told() -> bool:
        status, text = await index.get("/readyz")
        return status == 503 and word in text

    await eventually("the indexer says what it waits for", told, within=45)


async def all_enriched(pipe: Pipeline, count: int) -> None:
    """Return once so many articles are in the last topic."""

    async def there() -> bool:
        return len(await pipe.records(pipe.topic(ENRICHED).name)) >= count

    await eventually("all are enriched", there)


async def under_way(pipe: Pipeline) -> None:
    """Return once the first articles are in the last topic."""

    async def some() -> bool:
        return bool(await pipe.records(pipe.topic(ENRICHED).name))

    await eventually("the first are enriched", some)
