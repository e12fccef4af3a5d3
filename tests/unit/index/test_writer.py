"""What the writer writes, in which order, and what it makes of a refusal or a conflict."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any, cast

import elastic_transport
import pytest

from services.contracts.articles import EnrichedArticle, Entity, Status
from services.index.duplicates.rules import MIN_CHARACTERS
from services.index.writer import STALE, STORED, ArticleStore, Outcome
from services.runtime.health import Health
from services.runtime.retry import RetryPolicy
from tests.fakes.elasticsearch import MAX_NESTED, FakeElasticsearch
from tests.fakes.records import enriched

NOVEMBER, DECEMBER = "articles-2025.11", "articles-2025.12"
KEY = f"{1:032x}"


@pytest.fixture
def elastic() -> FakeElasticsearch:
    return FakeElasticsearch()


def article_store(elastic: FakeElasticsearch, window: timedelta = timedelta(0)) -> ArticleStore:
    retry = RetryPolicy(Health("index"), lambda: False, longest_pause_seconds=0.01)
    return ArticleStore(cast("Any", elastic), "", retry, duplicate_window=window)


@pytest.fixture
def store(elastic: FakeElasticsearch) -> ArticleStore:
    return article_store(elastic)


def november(version: int, **fields: Any) -> EnrichedArticle:
    return enriched(version=version, published_at="2025-11-30", **fields)


def december(version: int, **fields: Any) -> EnrichedArticle:
    return enriched(version=version, published_at="2025-12-01", **fields)


def unacceptable(number: int = 1, **fields: Any) -> EnrichedArticle:
    entity = Entity(name="x", type="PER", mentions=1, salience=0)
    return enriched(number, entities=(entity,) * (MAX_NESTED + 1), **fields)


def versions(elastic: FakeElasticsearch) -> dict[str, int]:
    return {
        name.partition("/")[0]: document["version"]
        for name, document in elastic.documents().items()
    }


async def test_the_newest_version_wins_whatever_the_order(
    elastic: FakeElasticsearch, store: ArticleStore
) -> None:
    assert await store.write([november(5)]) == [STORED]
    assert await store.write([november(4)]) == [STALE]
    assert await store.write([november(6), november(9), november(7)]) == [STALE, STORED, STALE]

    assert versions(elastic) == {NOVEMBER: 9}


async def test_an_equal_version_is_written_again_as_a_re_enrichment(
    elastic: FakeElasticsearch, store: ArticleStore
) -> None:
    await store.write([november(5)])

    assert await store.write([november(5, keywords=("again",))]) == [STORED]

    (document,) = elastic.documents().values()
    assert document["keywords"] == ["again"]


async def test_of_equal_versions_in_a_batch_the_later_arrival_wins(
    elastic: FakeElasticsearch, store: ArticleStore
) -> None:
    late = november(5, keywords=("late",))
    early = november(5, received_at=late.received_at - timedelta(seconds=1))

    assert await store.write([late, early]) == [STORED, STALE]

    (document,) = elastic.documents().values()
    assert document["keywords"] == ["late"]


async def test_a_refused_article_costs_only_itself(
    elastic: FakeElasticsearch, store: ArticleStore
) -> None:
    refused, good = await store.write([unacceptable(1), enriched(2)])

    assert (refused.outcome, refused.refusal) == (Outcome.REFUSED, "document_parsing_exception")
    assert good == STORED
    assert list(elastic.locations()) == [f"{2:032x}"]


async def test_a_refused_newest_version_leaves_the_good_one_before_it(
    elastic: FakeElasticsearch, store: ArticleStore
) -> None:
    good, refused = await store.write([enriched(version=1), unacceptable(version=2)])

    assert (good, refused.outcome) == (STORED, Outcome.REFUSED)
    assert list(versions(elastic).values()) == [1]


async def test_a_tombstone_refuses_every_later_version(
    elastic: FakeElasticsearch, store: ArticleStore
) -> None:
    await store.write([november(7)])
    await store.write([enriched(version=2**63 - 1, status=Status.CANCELED, text="")])

    assert await store.write([november(8), december(9)]) == [STALE, STALE]

    (document,) = elastic.documents().values()
    assert document["status"] == "canceled"


async def test_a_move_writes_the_document_then_deletes_then_writes_the_location(
    elastic: FakeElasticsearch, store: ArticleStore
) -> None:
    await store.write([november(1)])
    elastic.operations.clear()

    assert await store.write([december(2)]) == [STORED]

    assert elastic.operations == [
        f"index {DECEMBER}/{KEY}",
        f"delete {NOVEMBER}/{KEY}",
        f"index newsline-locations/{KEY}",
    ]
    assert versions(elastic) == {DECEMBER: 2}
    assert elastic.locations() == {KEY: DECEMBER}


async def test_a_late_write_to_the_former_month_is_refused(
    elastic: FakeElasticsearch, store: ArticleStore
) -> None:
    await store.write([november(1)])
    await store.write([december(3)])

    assert await store.write([november(2)]) == [STALE]
    assert versions(elastic) == {DECEMBER: 3}


@pytest.mark.parametrize("cut_off_after", range(1, 6))
async def test_a_move_that_is_cut_off_anywhere_is_finished_by_writing_again(
    elastic: FakeElasticsearch, store: ArticleStore, cut_off_after: int
) -> None:
    await store.write([november(1)])
    requests = 0

    async def kill(_: str) -> None:
        nonlocal requests
        requests += 1
        if requests > cut_off_after:
            raise ZeroDivisionError

    elastic.before_request = kill
    with suppress(ZeroDivisionError):
        await store.write([december(2)])
    elastic.before_request = None

    assert await article_store(elastic).write([december(2)]) == [STORED]

    assert versions(elastic) == {DECEMBER: 2}
    assert elastic.locations() == {KEY: DECEMBER}


def before_the_locations(
    elastic: FakeElasticsearch, concurrent_write: Callable[[], Awaitable[object]]
) -> Callable[[str], Awaitable[None]]:
    """Let a concurrent writer in once, when the document is written and its location is not."""

    async def intervene(request: str) -> None:
        if request == "bulk" and f"index {DECEMBER}/{KEY}" in elastic.operations:
            elastic.before_request = None
            await concurrent_write()

    return intervene


async def test_a_location_that_a_newer_version_has_taken_is_read_again(
    elastic: FakeElasticsearch, store: ArticleStore
) -> None:
    """
    A concurrent writer has stored a newer version elsewhere: ours is stale, and is removed.
    """
    january = enriched(version=3, published_at="2026-01-01")
    other = article_store(elastic)
    elastic.before_request = before_the_locations(elastic, lambda: other.write([january]))

    assert await store.write([december(2)]) == [STALE]

    assert versions(elastic) == {"articles-2026.01": 3}
    assert elastic.locations() == {KEY: "articles-2026.01"}


async def test_a_location_that_an_older_version_has_taken_is_written_over(
    elastic: FakeElasticsearch, store: ArticleStore
) -> None:
    other = article_store(elastic)
    elastic.before_request = before_the_locations(elastic, lambda: other.write([november(1)]))

    assert await store.write([december(2)]) == [STORED]

    assert versions(elastic) == {DECEMBER: 2}
    assert elastic.locations() == {KEY: DECEMBER}


async def test_a_duplicate_of_a_refused_original_is_an_original(
    elastic: FakeElasticsearch,
) -> None:
    same: dict[str, Any] = {"text": "x" * MIN_CHARACTERS, "fingerprint": "0" * 16}
    store = article_store(elastic, window=timedelta(hours=72))
    early = enriched(1).received_at - timedelta(seconds=1)

    refused, second, third = await store.write(
        [unacceptable(1, received_at=early, **same), enriched(2, **same), enriched(3, **same)]
    )

    assert (refused.outcome, second, third) == (Outcome.REFUSED, STORED, STORED)
    duplicate_of = {d["article_id"]: d["duplicate_of"] for d in elastic.documents().values()}
    assert duplicate_of == {f"{2:032x}": None, f"{3:032x}": f"{2:032x}"}


async def test_a_duplicate_of_what_is_searchable_points_at_it(elastic: FakeElasticsearch) -> None:
    same: dict[str, Any] = {"text": "x" * MIN_CHARACTERS, "fingerprint": "0" * 16}
    await article_store(elastic).write([enriched(1, **same)])
    elastic.refresh()

    await article_store(elastic, window=timedelta(hours=72)).write([enriched(2, **same)])

    duplicate_of = {d["article_id"]: d["duplicate_of"] for d in elastic.documents().values()}
    assert duplicate_of == {KEY: None, f"{2:032x}": KEY}


async def test_an_outage_is_waited_for_and_nothing_is_written_twice(
    elastic: FakeElasticsearch, store: ArticleStore
) -> None:
    failures = [elastic_transport.ConnectionError("away")] * 3

    async def away(_: str) -> None:
        if failures:
            raise failures.pop()

    elastic.before_request = away

    assert await store.write([november(1), enriched(2)]) == [STORED, STORED]
    assert len(elastic.operations) == len(set(elastic.operations))


async def test_nothing_to_write_asks_nothing(
    elastic: FakeElasticsearch, store: ArticleStore
) -> None:
    assert await store.write([]) == []
    assert not elastic.requests
