"""Long articles: the models work for many sessions on end, and the group does not notice."""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import cycle, islice
from pathlib import Path
from typing import Self

import pytest

from services.contracts.articles import EnrichedArticle
from services.contracts.topics import ACCEPTED, ENRICHED
from services.enrich.pool import CHUNK_BYTES
from services.runtime.kafka.clients import admin
from services.runtime.kafka.settings import KafkaSettings
from tests.support.pipeline import Pipeline, Worker, eventually

WIRE = Path(__file__).parents[1] / "data" / "2025-12-27-new-year-greetings.txt"
ARTICLES, WORDS = 120, 10_000
SESSION_SECONDS = 4
# The loop of a worker answers within milliseconds, one that runs the models after many chunks. Both
# are measured in the same run, so that the machine does not matter.
MOST_CHUNKS = 3
_DONE = re.compile(
    r'^newsline_articles_total\{outcome="(?:accepted|enriched)",.*\} (\d+)', re.MULTILINE
)


def long_articles() -> list[bytes]:
    """A wire article over and over, each time from another paragraph on."""
    paragraphs = [p for p in WIRE.read_text("utf-8").split("\n") if len(p.split()) > 10]
    texts = [" ".join(islice(cycle(paragraphs), n % 7, n % 7 + 400)).split() for n in range(7)]
    return [
        json.dumps(
            {"source": "long", "id": str(n), "text": " ".join(texts[n % 7][:WORDS])}
        ).encode()
        for n in range(ARTICLES)
    ]


async def done(worker: Worker) -> int:
    """How many articles the worker is done with, as its loop tells."""
    _, page = await worker.get("/metrics")
    told = _DONE.search(page)
    return int(float(told[1])) if told else 0


class Watch:
    """What a consumer group was while it was watched: each state with its members and what they
    were assigned.
    """

    def __init__(self, kafka: KafkaSettings, name: str) -> None:
        self._client = admin(kafka)
        self._name = name
        self.seen: list[tuple[str, dict[str, bytes]]] = []

    async def look(self) -> None:
        (answer,) = await self._client.describe_consumer_groups([self._name])
        (told,) = answer.to_object()["groups"]
        now = (
            told["state"],
            {member["member_id"]: member["member_assignment"] for member in told["members"]},
        )
        if now not in self.seen[-1:]:
            self.seen.append(now)

    async def steady(self) -> bool:
        """One member has it all."""
        await self.look()
        state, members = self.seen[-1]
        return state == "Stable" and len(members) == 1

    @asynccontextmanager
    async def asked(self) -> AsyncIterator[None]:
        """Ask the broker for as long as the context lasts."""

        async def on_and_on() -> None:
            while True:
                await self.look()
                await asyncio.sleep(0.1)

        watching = asyncio.create_task(on_and_on())
        try:
            yield
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching

    async def __aenter__(self) -> Self:
        await self._client.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.close()


@pytest.mark.timeout(300)
@pytest.mark.measured
async def test_nothing_slows_the_heartbeat_of_a_worker_that_reads_long_articles(
    pipe: Pipeline,
) -> None:
    """
    The same member keeps its partitions throughout, and its loop is never long away.

    Seen red: with the models in the loop's own process (`EnrichmentPool._run` calls what it is
    given) it answers after seconds; with heartbeats rarer than a session (`stream.py`) the group
    loses its member.
    """
    ingest = await pipe.start("ingest").ready()
    await pipe.push(long_articles())

    async def accepted() -> bool:
        return await done(ingest) == ARTICLES

    # All wait on the topic, so that the batches are as large as they can be.
    await eventually("all are accepted", accepted)
    session = {"NEWSLINE_KAFKA_SESSION_TIMEOUT_SECONDS": str(SESSION_SECONDS)}
    enrich = await pipe.start("enrich", session).ready()
    longest = 0.0
    async with Watch(pipe.kafka, pipe.topic(ACCEPTED).group) as watch:
        await eventually("the worker has its partitions", watch.steady)
        before = watch.seen[-1]
        watch.seen = [before]
        began = time.monotonic()
        async with watch.asked():
            count = 0
            while count < ARTICLES:
                await asyncio.sleep(0.05)
                asked = time.monotonic()
                assert asked - began < 240, f"{count} enriched"
                count = await done(enrich)
                longest = max(longest, time.monotonic() - asked)
        took = time.monotonic() - began
        await watch.look()

    found = [
        EnrichedArticle.decode(record.value)
        for record in await pipe.records(pipe.topic(ENRICHED).name)
    ]
    assert watch.seen == [before]
    chunk = CHUNK_BYTES // len(long_articles()[0])
    assert longest < MOST_CHUNKS * took * chunk / ARTICLES
    assert took > SESSION_SECONDS, "too quick to tell anything"
    assert len({article.article_id for article in found}) == len(found) == ARTICLES
    assert all({"Kim Jong Un", "Vladimir Putin"} <= set(article.people) for article in found)
