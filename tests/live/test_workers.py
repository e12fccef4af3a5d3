"""Workers that come, go, and die, with conservation by id as the oracle."""

import asyncio
import json
import signal
from pathlib import Path

from services.contracts.topics import ENRICHED
from services.runtime.kafka.topics import ensure_topics
from tests.support.pipeline import TOPICS, Pipeline, Servers, eventually, pipeline


def articles(count: int) -> list[bytes]:
    return [
        json.dumps(
            {
                "source": "load",
                "id": str(number),
                "title": f"Report {number}",
                "text": f"Report {number} of the committee was discussed in Geneva. " * 8,
                "published_at": f"2025-{number % 12 + 1:02}-01",
            }
        ).encode()
        for number in range(count)
    ]


async def titles(pipe: Pipeline) -> set[str]:
    return {document["title"] for document in (await pipe.documents()).values()}


def expected(count: int) -> set[str]:
    return {f"Report {number}" for number in range(count)}


async def test_two_enrich_workers_share_the_load_and_one_killed_loses_nothing(
    pipe: Pipeline,
) -> None:
    ingest, index = pipe.start("ingest"), pipe.start("index")
    first, second = pipe.start("enrich"), pipe.start("enrich")
    await asyncio.gather(*[worker.ready() for worker in (ingest, index, first, second)])

    async def counted(worker_number: int) -> bool:
        _, page = await (first, second)[worker_number].get("/metrics")
        return 'newsline_articles_total{outcome="enriched"' in page

    async def both() -> bool:
        return await counted(0) and await counted(1)

    pushing = asyncio.create_task(pipe.push(articles(3000)))
    await eventually("both have enriched some", both)
    first.kill()
    await pushing
    await pipe.drained(within=120)

    assert await titles(pipe) == expected(3000)


async def test_every_worker_killed_in_the_middle_loses_nothing(pipe: Pipeline) -> None:
    await pipe.start_all()
    await pipe.push(articles(1500))

    async def under_way() -> bool:
        return bool(await pipe.records(pipe.topic(ENRICHED).name))

    await eventually("the first are enriched", under_way)
    for worker in list(pipe.workers):
        worker.kill()
    await pipe.start_all()
    await pipe.drained(within=120)

    assert await titles(pipe) == expected(1500)


async def test_sigterm_drains_commits_and_exits_0(pipe: Pipeline) -> None:
    await pipe.start_all()
    await pipe.push(articles(1500))

    async def under_way() -> bool:
        return bool(await pipe.records(pipe.topic(ENRICHED).name))

    await eventually("the first are enriched", under_way)
    for worker in pipe.workers:
        worker.kill(signal.SIGTERM)
    codes = [await worker.ended() for worker in pipe.workers]

    assert codes == [0, 0, 0]
    for worker in pipe.workers:
        assert "given up" not in worker.log_file.read_text("utf-8")
    await pipe.start_all()
    await pipe.drained(within=120)
    assert await titles(pipe) == expected(1500)


async def test_workers_that_start_before_the_setup_wait_for_it_and_say_so(
    stack: Servers, tmp_path: Path
) -> None:
    async with pipeline(stack, tmp_path) as ready:
        early = Pipeline(ready.kafka, ready.elasticsearch, ready.client, tmp_path)
        try:
            ingest = early.start("ingest")

            async def waits() -> bool:
                return "newsline setup" in (await ingest.get("/readyz"))[1]

            await eventually("it says what it waits for", waits)
            assert (await ingest.get("/livez"))[0] == 200
            await ensure_topics(early.kafka, early.namespace, TOPICS)
            await ingest.ready()
        finally:
            early.close()


async def test_a_worker_without_servers_waits_and_stops_at_once_when_told(
    stack: Servers, tmp_path: Path
) -> None:
    async with pipeline(stack, tmp_path) as pipe:
        nowhere = {
            "NEWSLINE_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
            "NEWSLINE_ELASTICSEARCH_URL": "http://127.0.0.1:1",
        }
        workers = [pipe.start(name, nowhere) for name in ("ingest", "enrich", "index")]

        async def all_wait() -> bool:
            return all(
                [
                    "waiting for" in (await w.get("/readyz"))[1]
                    or "Kafka" in (await w.get("/readyz"))[1]
                    for w in workers
                ]
            )

        await eventually("all wait", all_wait)
        for worker in workers:
            worker.kill(signal.SIGTERM)

        assert [await worker.ended(within=10) for worker in workers] == [0, 0, 0]


async def test_a_misspelt_setting_stops_the_start_with_one_clear_line(pipe: Pipeline) -> None:
    for service in ("ingest", "enrich", "index"):
        worker = pipe.start(service, {"NEWSLINE_KAFKA_BOOTSTRAP_SERVER": "x"})

        assert await worker.ended() == 2
        assert worker.log_file.read_text("utf-8") == (
            "newsline: NEWSLINE_KAFKA_BOOTSTRAP_SERVER is not a setting of Newsline; "
            "did you mean NEWSLINE_KAFKA_BOOTSTRAP_SERVERS?\n"
        )
