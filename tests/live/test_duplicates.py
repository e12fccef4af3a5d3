"""The same story from two outlets: which is the first, and that it stays so, on real servers."""

import json
import os
import random
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, cast

import elastic_transport
import pytest
import pytest_asyncio
from elasticsearch import AsyncElasticsearch

from services.cli.search.query import SearchQuery, search_request
from services.contracts.articles import EnrichedArticle, Entity, Status
from services.index.writer import STORED, ArticleStore, Outcome
from services.runtime.health import Health
from services.runtime.retry import RetryPolicy
from tests.fakes.records import enriched
from tests.support.pipeline import Pipeline, Servers, pipeline

FERRY = """\
The island ferry resumed service on Monday after a repair of its main engine that took three weeks,
the harbour authority said, ending a period in which residents of the northern villages had to
travel by fishing boat to reach the hospital and the market town. The company promised refunds to
the holders of season tickets, and said that a second vessel would be kept in reserve during the
winter storms, when waves often close the strait for several days in a row. Fares stay as they are
until the spring, when the contract with the province is due to be renewed."""
ORCHARD = """\
Fruit growers in the valley expect their smallest harvest in eleven years after two nights of frost
in late April killed most of the blossom on cherry and apricot trees. Several cooperatives have
asked the ministry to delay the repayment of loans that were taken out for sprinklers and nets.
Apples, which flower later, seem to have escaped with little damage, an adviser to the growers said
during a tour of orchards. Prices in the shops depend on imports and are not likely to change."""
MUSEUM = """\
The city museum will close its east wing from January so that workers can replace a glass roof that
has leaked since it was built. About four hundred paintings move to a former tram depot, where a
third of them will be shown to schools by appointment. The director told reporters that the budget
had been approved with a reserve for surprises behind the walls, and that visitors would pay half
the usual price until the wing opens again, which is planned for the autumn of the year after."""


def edited(story: str, dateline: str) -> str:
    """As another outlet would bring it: its own opening, a word here and there."""
    safe_text = {"villages": "settlements", "visitors": "guests"}
    for old, new in safe_text.items():
        story = story.replace(old, new)
    return f"{dateline} (Agency) - {story}"


# ── workers ──────────────────────────────────────────────────────────────────────────────────────


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def flow(stack: Servers, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pipeline]:
    """One pipeline for the tests of workers; each has a story of its own."""
    async with pipeline(stack, tmp_path_factory.mktemp("duplicates")) as made:
        await made.start_all()
        yield made


def push(source: str, text: str, **fields: Any) -> bytes:
    named = {"source": source, "id": "1", "published_at": "2026-03-02T10:00:00Z"}
    return json.dumps(named | {"text": text} | fields).encode()


async def settled(flow: Pipeline, *values: bytes) -> dict[str, dict[str, Any]]:
    """Push, and wait until all is searchable; documents by their source."""
    await flow.push(values)
    await flow.drained()
    return {document["source"]: document for document in (await flow.documents()).values()}


def workers(flow: Pipeline) -> int:
    return sum(w.service == "index" and w.process.poll() is None for w in flow.workers)


@pytest.mark.asyncio(loop_scope="module")
async def test_a_second_outlets_copy_is_marked_also_after_the_worker_was_killed(
    flow: Pipeline,
) -> None:
    await settled(flow, push("wire-a", FERRY))
    documents = await settled(flow, push("wire-b", edited(FERRY, "HARBOUR TOWN")))
    first = documents["wire-a"]["article_id"]
    assert documents["wire-a"]["duplicate_of"] is None
    assert documents["wire-b"]["duplicate_of"] == first

    (index,) = [worker for worker in flow.workers if worker.service == "index"]
    index.kill()
    await index.ended()
    await flow.start("index").ready()
    await flow.start("index").ready()  # and two workers know as much as one
    copies = [push(f"wire-{n}", edited(FERRY, f"TOWN {n}"), id=str(n)) for n in range(8)]
    documents = await settled(flow, *copies, push("other", ORCHARD))

    assert workers(flow) == 2
    assert {documents[f"wire-{n}"]["duplicate_of"] for n in range(8)} == {first}
    assert documents["other"]["duplicate_of"] is None
    once = search_request(SearchQuery('"island ferry"', copies=False))
    found = await flow.client.search(index=flow.alias, **once)
    assert [hit["_source"]["source"] for hit in found["hits"]["hits"]] == ["wire-a"]


@pytest.mark.asyncio(loop_scope="module")
async def test_corrections_and_another_enrichment_turn_no_roles_around(flow: Pipeline) -> None:
    await settled(flow, push("museum-a", MUSEUM))
    before = await settled(flow, push("museum-b", edited(MUSEUM, "CAPITAL")))
    first = before["museum-a"]["article_id"]
    later = "2026-03-02T12:00:00Z"
    corrected = MUSEUM.replace("four hundred", "five hundred")
    await settled(flow, push("museum-a", corrected, updated_at=later))
    correction = edited(corrected, "CAPITAL")
    after = await settled(flow, push("museum-b", correction, updated_at=later))

    assert "five hundred" in after["museum-a"]["text"]
    assert "five hundred" in after["museum-b"]["text"]
    for documents in (before, after, await reenriched(flow)):
        assert documents["museum-a"]["duplicate_of"] is None
        assert documents["museum-b"]["duplicate_of"] == first


async def reenriched(flow: Pipeline) -> dict[str, dict[str, Any]]:
    """Send everything through enrichment again; documents by their source."""
    old = {d["article_id"]: d["enriched_at"] for d in (await flow.documents()).values()}
    done = subprocess.run(  # noqa: ASYNC221 - our own module, and nothing else goes on
        [sys.executable, "-m", "services.cli", "reenrich", "--all", "--wait"],
        env={
            **os.environ,
            "NEWSLINE_KAFKA_BOOTSTRAP_SERVERS": flow.kafka.bootstrap_servers,
            "NEWSLINE_ELASTICSEARCH_URL": flow.elasticsearch.url,
            "NEWSLINE_NAMESPACE": flow.namespace,
        },
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    new = (await flow.documents()).values()
    assert all(old[document["article_id"]] < document["enriched_at"] for document in new)
    return {document["source"]: document for document in new}


async def test_a_window_of_nothing_marks_nothing(pipe: Pipeline) -> None:
    environment = {"NEWSLINE_INDEX_DUPLICATE_WINDOW_HOURS": "0"}
    for worker in (pipe.start("ingest"), pipe.start("enrich"), pipe.start("index", environment)):
        await worker.ready()

    documents = await settled(
        pipe, push("a", FERRY), push("b", edited(FERRY, "X")), push("c", FERRY)
    )

    assert [document["duplicate_of"] for document in documents.values()] == [None] * 3


# ── the store ────────────────────────────────────────────────────────────────────────────────────


def store(pipe: Pipeline, client: object = None) -> ArticleStore:
    """What one index worker writes through."""
    return ArticleStore(
        cast("AsyncElasticsearch", client or pipe.client),
        pipe.namespace,
        RetryPolicy(Health("index"), lambda: False),
        duplicate_window=timedelta(hours=72),
    )


def article(number: int, fingerprint: int = 0, **fields: Any) -> EnrichedArticle:
    known = {"text": FERRY, "fingerprint": f"{fingerprint:016x}", "published_at": "2025-12-01"}
    return enriched(number, **known | fields)


async def roles(pipe: Pipeline) -> dict[int, int | None]:
    """By number of the article, that of its first; also makes all searchable."""
    return {
        int(key, 16): document["duplicate_of"] and int(document["duplicate_of"], 16)
        for key, document in (await pipe.documents(everything=True)).items()
    }


async def test_every_copy_within_the_distance_is_found_by_another_worker(pipe: Pipeline) -> None:
    """
    All eight bits may differ, wherever they are: the search is exact.
    """
    rng = random.Random(7)  # noqa: S311 - the same ones every time
    prints = [rng.getrandbits(64) for _ in range(300)]
    await store(pipe).write([article(n, each) for n, each in enumerate(prints, 1)])
    await roles(pipe)
    copies = []
    for number, each in enumerate(prints, 1):
        flips = sum(1 << place for place in rng.sample(range(64), number % 9))
        copies.append(article(1000 + number, each ^ flips))

    assert set(await store(pipe).write(copies)) == {STORED}

    told = await roles(pipe)
    assert {n: told[n] for n in range(1, 301)} == dict.fromkeys(range(1, 301))
    assert {n: told[1000 + n] for n in range(1, 301)} == {n: n for n in range(1, 301)}


async def test_the_window_is_of_publication_and_reaches_over_the_end_of_a_month(
    pipe: Pipeline,
) -> None:
    await store(pipe).write([article(1, published_at="2025-11-28T12:00:00Z")])
    await roles(pipe)
    await store(pipe).write([article(2, published_at="2025-12-01T12:00:00Z")])
    await store(pipe).write([article(3, published_at="2025-11-25T12:00:00Z")])
    await store(pipe).write([article(4, published_at="2025-11-20")])

    assert await roles(pipe) == {1: None, 2: 1, 3: 1, 4: None}


async def test_a_copy_a_moment_outside_the_window_is_a_first(pipe: Pipeline) -> None:
    await store(pipe).write([article(1, published_at="2025-11-28T12:00:00Z")])
    await roles(pipe)

    await store(pipe).write([article(2, published_at="2025-12-01T12:00:01Z")])
    await store(pipe).write([article(3, published_at="2025-11-25T11:59:59Z")])

    assert await roles(pipe) == {1: None, 2: None, 3: None}


async def test_before_a_refresh_a_worker_knows_its_own_articles_and_no_others(
    pipe: Pipeline,
) -> None:
    """
    The limit of what is promised: two workers, and two copies in the same moment.
    """
    never = {"refresh_interval": "-1"}
    await pipe.client.indices.create(index=f"{pipe.alias}-2025.12", settings=never)
    one, another = store(pipe), store(pipe)
    await one.write([article(1)])
    await one.write([article(2)])
    await another.write([article(3)])

    assert await roles(pipe) == {1: None, 2: 1, 3: None}


async def test_short_and_different_texts_are_no_copies(pipe: Pipeline) -> None:
    await store(pipe).write([article(1), article(2, text="Too short.")])
    await roles(pipe)

    await store(pipe).write([article(3, 0x1FF), article(4, text="Too short."), article(5, 1 << 63)])

    assert await roles(pipe) == {1: None, 2: None, 3: None, 4: None, 5: 1}


async def test_a_redelivered_batch_leaves_everything_as_it_was(pipe: Pipeline) -> None:
    batch = [article(1), article(2, 1), article(3, 3)]
    worker = store(pipe)
    for again in (worker, worker, store(pipe)):
        assert await again.write(batch) == [STORED] * 3
        assert await roles(pipe) == {1: None, 2: 1, 3: 1}
    # Without the first, and by a worker that knows of nothing.
    assert await store(pipe).write(batch[1:]) == [STORED] * 2
    assert await roles(pipe) == {1: None, 2: 1, 3: 1}


async def test_copies_of_a_killed_first_stay_its_copies(pipe: Pipeline) -> None:
    await store(pipe).write([article(1), article(2)])
    await roles(pipe)
    kill = enriched(
        1, version=2**63 - 1, status=Status.CANCELED, text="", published_at="2025-12-01"
    )
    await store(pipe).write([kill])
    await roles(pipe)

    await store(pipe).write([article(2), article(3)])

    assert await roles(pipe) == {1: None, 2: 1, 3: 1}
    assert len(await pipe.documents()) == 2


async def test_copies_of_an_article_that_is_refused_have_a_first_among_them(pipe: Pipeline) -> None:
    entities = (Entity(name="x", type="PER", mentions=1, salience=0),) * 2001

    told = await store(pipe).write([article(1, entities=entities), article(2), article(3)])

    assert [verdict.outcome for verdict in told] == [
        Outcome.REFUSED,
        Outcome.STORED,
        Outcome.STORED,
    ]
    assert await roles(pipe) == {2: None, 3: 2}


class Failing:
    """Elasticsearch, but its searches fail so many times."""

    def __init__(self, client: AsyncElasticsearch, failures: list[Any]) -> None:
        self._client = client
        self.failures = failures

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    async def msearch(self, **arguments: Any) -> Any:
        if self.failures:
            failure = self.failures.pop()
            if isinstance(failure, Exception):
                raise failure
            return failure
        return await self._client.msearch(**arguments)


async def test_a_search_that_fails_is_waited_for_and_makes_no_second_first(pipe: Pipeline) -> None:
    await store(pipe).write([article(1)])
    await roles(pipe)
    busy = {"responses": [{"status": 429, "error": {"type": "es_rejected_execution_exception"}}]}
    red = {"responses": [{"status": 503, "error": {"type": "search_phase_execution_exception"}}]}
    away = elastic_transport.ConnectionError("away")
    failing = Failing(pipe.client, [away, busy, red])

    assert await store(pipe, failing).write([article(2)]) == [STORED]

    assert failing.failures == []
    assert await roles(pipe) == {1: None, 2: 1}


async def test_no_index_of_the_window_needs_to_be_there(pipe: Pipeline) -> None:
    lonely = article(1, published_at="1987-05-05")

    assert await store(pipe).write([lonely]) == [STORED]
    assert await roles(pipe) == {1: None}
