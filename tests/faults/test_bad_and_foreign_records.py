"""Bad records, records of newer producers, impossible dates, and how records are keyed."""

import json
from collections import defaultdict

import pytest

from services.contracts.articles import AcceptedArticle
from services.contracts.topics import ACCEPTED, ENRICHED, Topic
from tests.fakes.records import accepted, enriched
from tests.faults.conservation import article, articles, conserved
from tests.support.pipeline import Pipeline, eventually


async def test_half_of_what_users_write_may_be_bad(pipe: Pipeline) -> None:
    workers = await pipe.start_all()
    pushed: list[bytes | None] = []
    for number, good in enumerate(articles(600)):
        pushed += [good, b'{"text": "broken %d' % number]
    await pipe.push(pushed)
    await pipe.drained(within=60)

    balance = await conserved(pipe, pushed)
    assert (balance.indexed, balance.dead) == (600, 600)
    assert workers["ingest"].process.poll() is None


@pytest.mark.parametrize(("service", "topic"), [("enrich", ACCEPTED), ("index", ENRICHED)])
async def test_half_of_what_we_write_may_not(pipe: Pipeline, service: str, topic: Topic) -> None:
    """
    A bad deploy upstream: the worker stops before it has written one dead letter or committed.
    """
    values = [b"from a newer service %d" % number for number in range(100)]
    await pipe.push(values, topic=topic)
    for _ in range(2):  # a restart does not wear it down
        worker = pipe.start(service)
        assert await worker.ended(within=60) == 1
        assert "were refused" in worker.log_file.read_text("utf-8")
        assert (await pipe.lag())[pipe.topic(topic).name] == 100
    assert not await pipe.dead(topic)


async def test_a_field_that_a_newer_producer_adds_is_read_past(pipe: Pipeline) -> None:
    await pipe.start("enrich").ready()
    await pipe.start("index").ready()
    for topic, written in ((ACCEPTED, accepted(1)), (ENRICHED, enriched(2))):
        newer = json.loads(written.encode()) | {"mood": {"of": ["the", "day"]}}
        await pipe.push([json.dumps(newer).encode()], key=b"k", topic=topic)

    async def both() -> bool:
        return len(await pipe.documents()) == 2

    await eventually("both are indexed", both)
    await pipe.drained()
    assert not await pipe.dead(ACCEPTED)
    assert not await pipe.dead(ENRICHED)


async def test_clocks_and_dates_that_cannot_be_are_kept_and_said(pipe: Pipeline) -> None:
    await pipe.start_all()
    dates = ["99999-01-01", "0000-01-01", "2025-02-31", "9999-12-31T23:59:59Z", "yesterday", ""]
    pushed = [
        json.dumps({"source": "dates", "id": date, "text": "x", "published_at": date}).encode()
        for date in dates
    ]
    await pipe.push(pushed)
    await pipe.drained()

    assert (await conserved(pipe, pushed)).dead == 0
    documents = {d["extra"]["id"]: d for d in (await pipe.documents()).values()}
    assert set(documents) == set(dates)
    for date in ("99999-01-01", "0000-01-01", "2025-02-31", "yesterday"):
        assert documents[date]["published_at"] is None
        assert documents[date]["extra"]["published_at"] == date
    indices = await pipe.client.indices.get(index=f"{pipe.alias}-*")
    assert len(indices) == 1, "no index of a year that has not come"


async def test_a_hot_source_is_spread_and_an_article_is_not(pipe: Pipeline) -> None:
    await pipe.start("ingest").ready()
    pushed = [article(number, version) for number in range(100) for version in range(3)]
    await pipe.push(pushed)

    async def all_accepted() -> bool:
        return len(await pipe.records(pipe.topic(ACCEPTED).name)) >= len(pushed)

    await eventually("all are accepted", all_accepted)
    partitions: defaultdict[str, set[int]] = defaultdict(set)
    counts: defaultdict[int, int] = defaultdict(int)
    for record in await pipe.records(pipe.topic(ACCEPTED).name):
        said = AcceptedArticle.decode(record.value)
        assert record.key == said.article_id.encode()
        partitions[said.article_id].add(record.partition)
        counts[record.partition] += 1

    assert all(len(each) == 1 for each in partitions.values())
    assert len(counts) == 4
    assert min(counts.values()) > len(pushed) / 16
