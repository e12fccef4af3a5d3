"""What people do with Newsline, on real servers and real workers: push, and search."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from services.contracts.dead_letters import DeadLetter
from services.contracts.topics import RAW
from tests.support.pipeline import Pipeline, Servers, eventually, pipeline

pytestmark = pytest.mark.asyncio(loop_scope="module")

WIRE = Path(__file__).parents[1] / "data" / "2025-12-27-new-year-greetings.txt"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def flow(stack: Servers, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pipeline]:
    """One pipeline with one worker of each kind, for all tests of this module."""
    folder = tmp_path_factory.mktemp("flow")
    async with pipeline(stack, folder) as made:
        await made.start_all()
        yield made


def article(**fields: Any) -> bytes:
    return json.dumps({"text": "Something happened in Vienna today.", **fields}).encode()


async def found(flow: Pipeline, **query: Any) -> list[dict[str, Any]]:
    """Search as a reader would: through the alias, with nothing refreshed by us."""
    answer = await flow.client.search(index=flow.alias, query=query)
    return [hit["_source"] for hit in answer["hits"]["hits"]]


async def searchable(flow: Pipeline, count: int = 1, **query: Any) -> list[dict[str, Any]]:
    async def there() -> bool:
        return len(await found(flow, **query)) == count

    await eventually(f"{count} found by {query}", there, within=30)
    return await found(flow, **query)


async def test_the_wire_article_comes_out_with_what_a_reader_would_find_in_it(
    flow: Pipeline,
) -> None:
    await flow.push([WIRE.read_bytes()])

    (document,) = await searchable(flow, match_phrase={"text": "sharing blood, life and death"})

    assert (document["published_at"], document["published_precision"]) == ("2025-12-27", "day")
    assert document["title"].startswith("North Korean, Russian leaders send New Year’s greetings")
    assert len(document["text"].split("\n\n")) == 10
    assert {"Kim Jong Un", "Vladimir Putin"} <= set(document["people"])
    assert {"North Korea", "Russia", "Ukraine"} <= set(document["places"])
    assert document["sentiment"]["label"] in {"negative", "neutral", "positive"}
    assert document["language"] == "en"
    for entity in document["entities"]:
        assert entity["offsets"]
        for start, end in entity["offsets"]:
            assert document["text"][start:end]


async def test_the_same_article_pushed_twice_is_one_document(flow: Pipeline) -> None:
    wire = article(source="wire", id="twice", title="Sent twice")

    await flow.push([wire])
    await searchable(flow, term={"source": "wire"})
    await flow.push([wire])
    await flow.drained()

    assert len([d for d in (await flow.documents()).values() if d["title"] == "Sent twice"]) == 1


async def test_fields_that_we_do_not_name_are_kept(flow: Pipeline) -> None:
    await flow.push([article(source="extra", id="1", desk={"name": "Foreign", "rank": None})])

    (document,) = await searchable(flow, term={"source": "extra"})

    assert document["extra"] == {"id": "1", "desk": {"name": "Foreign", "rank": None}}


async def test_bad_records_become_dead_letters_with_reasons_and_the_workers_go_on(
    flow: Pipeline,
) -> None:
    bad = {
        "invalid_json": b'{"text": "unfinished',
        "empty": b"",
        "too_large": article(text="x " * 1_000_000),
        "no_text": b'{"title": "Nothing to say"}',
        "not_utf8": b"\xff\xfe",
        "too_deep": b'{"text": "x", "a": ' + b"[" * 5000 + b"]" * 5000 + b"}",
    }

    await flow.push([None], key=b"a key alone")
    await flow.push([*bad.values(), article(source="after", id="1")])
    await searchable(flow, term={"source": "after"})
    await flow.drained()

    letters = await flow.dead(RAW)
    told = [(DeadLetter.from_headers(each.headers).code, each.value) for each in letters]
    assert sorted(told, key=str) == sorted([*bad.items(), ("empty", None)], key=str)
    assert all(
        DeadLetter.from_headers(each.headers).service == "ingest"
        and b"unfinished" not in dict(each.headers)["newsline-reason"]
        for each in letters
    )


async def test_a_correction_that_moves_the_date_leaves_one_document(flow: Pipeline) -> None:
    first = article(source="moved", id="1", published_at="2025-11-30", title="Old")
    corrected = article(
        source="moved",
        id="1",
        published_at="2025-12-01",
        updated_at="2025-12-02T00:00:00Z",
        title="New",
    )

    await flow.push([first])
    await searchable(flow, term={"source": "moved"})
    await flow.push([corrected])
    await flow.drained()
    # The original comes once more, late: it must not come back, in either index.
    await flow.push([first])
    await flow.drained()

    documents = [d for d in (await flow.documents()).values() if d["source"] == "moved"]
    assert [document["title"] for document in documents] == ["New"]


async def test_the_newest_version_wins_in_any_order_within_one_batch(flow: Pipeline) -> None:
    versions = [
        article(source="order", id="1", updated_at=f"2025-06-{day:02}T00:00:00Z", title=f"v{day}")
        for day in (3, 9, 1, 7)
    ]

    await flow.push(versions)
    await flow.drained()

    documents = [d for d in (await flow.documents()).values() if d["source"] == "order"]
    assert [document["title"] for document in documents] == ["v9"]


async def test_a_kill_notice_hides_at_once_and_no_late_copy_raises_it(flow: Pipeline) -> None:
    live = article(source="killed", id="1", published_at="2025-12-24", title="To be killed")
    newer = article(source="killed", id="1", updated_at="2030-01-01T00:00:00Z", title="Late")

    await flow.push([live])
    await searchable(flow, term={"source": "killed"})
    await flow.push([b'{"source": "killed", "id": "1", "status": "canceled"}'])
    await searchable(flow, count=0, term={"source": "killed"})
    await flow.push([live, newer])
    await flow.drained()

    assert not [d for d in (await flow.documents()).values() if d["source"] == "killed"]
    tombstones = [
        d for d in (await flow.documents(everything=True)).values() if d["source"] == "killed"
    ]
    assert [(d["status"], d["text"]) for d in tombstones] == [("canceled", "")]


async def test_a_withheld_article_is_stored_and_not_shown(flow: Pipeline) -> None:
    await flow.push([article(source="withheld", id="1", status="withheld")])
    await flow.drained()

    assert not await found(flow, term={"source": "withheld"})
    everything = await flow.documents(everything=True)
    assert [d["status"] for d in everything.values() if d["source"] == "withheld"] == ["withheld"]


async def test_words_are_found_in_other_forms_and_without_accents(flow: Pipeline) -> None:
    await flow.push([article(source="forms", id="1", title="José's elections", text="In Málaga.")])

    for fields, query in ((["title"], "election"), (["title.exact"], "jose's")):
        await searchable(
            flow,
            bool={
                "filter": [{"term": {"source": "forms"}}],
                "must": [{"multi_match": {"query": query, "fields": fields}}],
            },
        )


async def test_every_worker_counts_each_record_once(flow: Pipeline) -> None:
    await flow.drained()
    pages = [(await worker.get("/metrics"))[1] for worker in flow.workers]

    counted = [
        sum(
            float(line.split()[-1])
            for line in page.splitlines()
            if line.startswith("newsline_articles_total{")
        )
        for page in pages
    ]

    received = len(await flow.records(flow.topic(RAW).name))
    dead = len(await flow.dead(RAW))
    assert counted == [received, received - dead, received - dead]


async def test_workers_say_nothing_of_articles_in_their_logs(flow: Pipeline) -> None:
    await asyncio.sleep(0)
    for worker in flow.workers:
        text = worker.log_file.read_text("utf-8")
        assert "Vienna" not in text
        assert "unfinished" not in text
        assert "Kim Jong" not in text
