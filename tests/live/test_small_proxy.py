"""A proxy in front of Elasticsearch that takes smaller requests than the node does, as nginx with
its usual limit of 1 MiB: it answers for itself, with a page and no JSON.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
from aiohttp import web

from services.elastic.settings import ElasticsearchSettings
from services.index.writer import STORED, ArticleStore, Outcome
from services.runtime.health import Health
from services.runtime.retry import RetryPolicy
from tests.fakes.records import enriched
from tests.support.pipeline import Pipeline

MOST_BYTES = 100_000
PAGE = "<html><head><title>413 Request Entity Too Large</title></head></html>"
# What the client asks for; the rest is about one connection, and not the other one's.
PASSED_ON = ("accept", "content-type")
ANSWERED = ("content-type", "x-elastic-product")


@dataclass
class SmallProxy:
    """Where it listens, and how many requests it refused and passed on."""

    url: str = ""
    refused: int = 0
    passed: int = 0


@asynccontextmanager
async def small_proxy(node: str) -> AsyncIterator[SmallProxy]:
    """A proxy that serves while the context lasts."""
    proxy = SmallProxy()
    async with aiohttp.ClientSession() as session:
        runner = web.ServerRunner(web.Server(_answers(proxy, node, session)))
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            proxy.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            yield proxy
        finally:
            await runner.cleanup()


def _answers(
    proxy: SmallProxy, node: str, session: aiohttp.ClientSession
) -> Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]:
    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        body = await request.read()
        if len(body) > MOST_BYTES:
            proxy.refused += 1
            return web.Response(status=413, text=PAGE, content_type="text/html")
        proxy.passed += 1
        asked = {name: request.headers[name] for name in PASSED_ON if name in request.headers}
        async with session.request(
            request.method, node + request.path_qs, data=body, headers=asked
        ) as told:
            headers = {name: told.headers[name] for name in ANSWERED if name in told.headers}
            return web.Response(status=told.status, body=await told.read(), headers=headers)

    return answer


async def test_what_a_proxy_refuses_for_its_size_is_sent_in_parts_and_only_the_largest_is_refused(
    pipe: Pipeline,
) -> None:
    """
    Thirty articles of 10 kB are three times what it takes, and one is more than it takes alone.
    """
    articles = [enriched(number, text="long " * 2_000) for number in range(1, 31)]
    articles.insert(17, enriched(31, text="long " * 40_000))
    async with (
        small_proxy(pipe.elasticsearch.url) as proxy,
        ElasticsearchSettings(url=proxy.url).client() as client,
    ):
        store = ArticleStore(client, pipe.namespace, RetryPolicy(Health("index"), lambda: False))
        verdicts = await store.write(articles)

    large = verdicts.pop(17)
    assert verdicts == [STORED] * 30
    assert large.outcome is Outcome.REFUSED
    assert large.refusal
    assert set(await pipe.documents(everything=True)) == {
        article.article_id for article in articles if article.article_id != enriched(31).article_id
    }
    # Halves: no request for each article.
    assert 3 <= proxy.refused < 31
