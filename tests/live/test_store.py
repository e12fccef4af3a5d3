"""What the index promises of versions, moves and refusals, on a real node."""

import asyncio
from typing import Any

import pytest

from services.contracts.articles import Entity, Status
from services.index.writer import STALE, STORED, ArticleStore, Outcome, WriteResult
from services.runtime.health import Health
from services.runtime.retry import RetryPolicy
from tests.fakes.records import enriched
from tests.support.pipeline import Pipeline


@pytest.fixture
def store(pipe: Pipeline) -> ArticleStore:
    return ArticleStore(pipe.client, pipe.namespace, RetryPolicy(Health("index"), lambda: False))


async def versions(pipe: Pipeline) -> list[int]:
    return [d["version"] for d in (await pipe.documents(everything=True)).values()]


def refused(number: int = 1, **fields: Any) -> Any:
    """An article with more entities than the index takes."""
    entity = Entity(name="x", type="PER", mentions=1, salience=0)
    return enriched(number, entities=(entity,) * 2001, **fields)


async def test_an_older_version_is_stale_and_the_same_one_is_written_again(
    pipe: Pipeline, store: ArticleStore
) -> None:
    assert await store.write([enriched(version=5)]) == [STORED]
    assert await store.write([enriched(version=4)]) == [STALE]
    assert await store.write([enriched(version=5, keywords=("again",))]) == [STORED]

    (document,) = (await pipe.documents()).values()
    assert (document["version"], document["keywords"]) == (5, ["again"])


async def test_versions_in_one_batch_are_judged_together(
    pipe: Pipeline, store: ArticleStore
) -> None:
    batch = [enriched(version=version) for version in (2, 9, 9, 3)]

    assert await store.write(batch) == [STALE, STALE, STORED, STALE]
    assert await versions(pipe) == [9]


async def test_an_article_that_moves_to_another_month_is_one_document(
    pipe: Pipeline, store: ArticleStore
) -> None:
    old = enriched(version=1, published_at="2025-11-30")
    new = enriched(version=2, published_at="2025-12-01")

    for _ in range(2):  # a batch that was not committed is written again
        await store.write([old])
        await store.write([new])
        await store.write([old])
        assert await versions(pipe) == [2]


async def test_a_move_that_was_cut_off_is_finished_by_writing_again(
    pipe: Pipeline, store: ArticleStore
) -> None:
    """
    The document is in its new index, and neither the delete nor the location was written.
    """
    await store.write([enriched(version=1, published_at="2025-11-30")])
    new = enriched(version=2, published_at="2025-12-01")
    await pipe.client.index(
        index=f"{pipe.alias}-2025.12",
        id=new.article_id,
        document={"article_id": new.article_id, "version": 2},
        version=2,
        version_type="external_gte",
    )

    assert await store.write([new]) == [STORED]
    assert await versions(pipe) == [2]


async def test_a_refused_document_costs_only_itself(pipe: Pipeline, store: ArticleStore) -> None:
    bad, good = await store.write([refused(1), enriched(2)])

    assert bad.outcome is Outcome.REFUSED
    assert "document_parsing_exception" in bad.refusal
    assert good == STORED
    assert len(await pipe.documents()) == 1


async def test_a_refused_newest_version_does_not_take_the_good_one_before_it_along(
    pipe: Pipeline, store: ArticleStore
) -> None:
    good, bad = await store.write([enriched(version=1), refused(version=2)])

    assert (good, bad.outcome) == (STORED, Outcome.REFUSED)
    assert await versions(pipe) == [1]


async def test_no_copy_raises_a_tombstone_however_late(pipe: Pipeline, store: ArticleStore) -> None:
    await store.write([enriched(version=7, published_at="2025-11-30")])
    await store.write([enriched(version=2**63 - 1, status=Status.CANCELED, text="")])

    late = [enriched(version=v, published_at="2025-11-30") for v in (6, 7, 8)]
    assert await store.write(late) == [STALE] * 3
    assert not await pipe.documents()
    assert await versions(pipe) == [2**63 - 1]


async def test_a_batch_larger_than_one_request_is_written_whole(
    pipe: Pipeline, store: ArticleStore
) -> None:
    batch = [enriched(number, text="long " * 200_000) for number in range(1, 9)]

    assert await store.write(batch) == [STORED] * 8
    assert len(await pipe.documents()) == 8


async def test_no_field_is_added_to_the_mapping_by_what_publishers_send(
    pipe: Pipeline, store: ArticleStore
) -> None:
    before = await pipe.client.indices.get_mapping(index=f"{pipe.alias}-*")
    extra = {f"field {n}": {"a.b": n, "": [None, {"deep": [1.5, "x"]}]} for n in range(500)}

    assert await store.write([enriched(extra=extra)]) == [STORED]

    after = await pipe.client.indices.get_mapping(index=f"{pipe.alias}-*")
    mappings = {str(index["mappings"]) for index in [*before.values(), *after.values()]}
    assert len(mappings) == 1
    (document,) = (await pipe.documents()).values()
    assert document["extra"] == extra


async def closed_while_it_writes(
    pipe: Pipeline, store: ArticleStore, index: str
) -> list[WriteResult]:
    """Write an older and a newer version while an index is closed, and open it again."""
    await store.write([enriched(version=5, published_at="2025-11-30")])
    await pipe.client.indices.close(index=index)
    writing = asyncio.create_task(
        store.write([enriched(version=4), enriched(version=6, published_at="2025-12-01")])
    )
    done, _ = await asyncio.wait([writing], timeout=3)
    assert not done, "it went on without what it needs to know or to remove"
    await pipe.client.indices.open(index=index)
    return await asyncio.wait_for(writing, timeout=30)


@pytest.mark.parametrize("index", ["{n}-newsline-locations", "{n}-articles-2025.11"])
async def test_a_closed_index_is_waited_for_and_no_article_pays_for_it(
    pipe: Pipeline, store: ArticleStore, index: str
) -> None:
    told = await closed_while_it_writes(pipe, store, index.format(n=pipe.namespace))

    assert told == [STALE, STORED]
    assert await versions(pipe) == [6]
