"""Originals and duplicates, against an index that finds only what a test lets it find."""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, cast

import pytest

from services.contracts.articles import EnrichedArticle, ModelVersion, Status
from services.elastic.lookup import Lookup, SearchRequest, StoredDocument
from services.index.duplicates.resolver import DuplicateResolver
from services.index.duplicates.rules import MAX_DIFFERING_BITS, MIN_CHARACTERS
from services.index.locations import DocumentLocation
from services.runtime import metrics
from tests.fakes.records import enriched

HERE = "articles-2026.01"
TEXT = "x" * MIN_CHARACTERS
FIRST_MODEL = {"fingerprint": ModelVersion(model="simhash-64", version="1")}
NEXT_MODEL = {"fingerprint": ModelVersion(model="simhash-64", version="2")}
# Far from 0, which the others' fingerprints are near.
FAR = "f" * 16


def article(number: int, fingerprint: str | None = "0" * 16, **fields: Any) -> EnrichedArticle:
    known: dict[str, Any] = {"text": TEXT, "fingerprint": fingerprint, "enrichment": FIRST_MODEL}
    return enriched(number, **known | fields)


class Index:
    """Stored articles; only those in ``searchable`` are found by searching."""

    def __init__(self) -> None:
        self.stored: dict[str, EnrichedArticle] = {}
        self.searchable: set[str] = set()
        self.searches: list[Mapping[str, Any]] = []

    def put(self, *articles: EnrichedArticle) -> None:
        for each in articles:
            self.stored[each.article_id] = each
            self.searchable.add(each.article_id)

    def locations(self) -> dict[str, DocumentLocation]:
        return {
            key: DocumentLocation(HERE, each.version, 0, 1) for key, each in self.stored.items()
        }

    async def get(
        self, index_by_id: Mapping[str, str], fields: Sequence[str], *, may_be_gone: bool
    ) -> dict[str, StoredDocument]:
        assert may_be_gone
        return {
            key: {"_id": key, "_source": self.stored[key].model_dump(mode="json")}
            for key in index_by_id
        }

    async def search(self, searches: Sequence[SearchRequest]) -> list[list[StoredDocument]]:
        self.searches += [json.loads(each.body) for each in searches]
        return [[self._hit(key) for key in sorted(self.searchable)] for _ in searches]

    def _hit(self, key: str) -> StoredDocument:
        names = ("fingerprint", "duplicate_of", "published_at", "received_at")
        source = self.stored[key].model_dump(mode="json")
        return {"_id": key, "fields": {n: [source[n]] for n in names if source[n] is not None}}


def resolver(index: Index, hours: int = 72) -> DuplicateResolver:
    return DuplicateResolver(cast("Lookup", index), "", 1, timedelta(hours=hours))


async def originals(
    resolver: DuplicateResolver,
    index: Index,
    *articles: EnrichedArticle,
    refused: Sequence[str] = (),
) -> list[str | None]:
    """The last digit of what each is a duplicate of."""
    decisions = await resolver.decide(articles, index.locations(), refused)
    resolver.remember(decisions)
    return [decision.duplicate_of and decision.duplicate_of[-1] for decision in decisions]


async def test_what_is_searchable_makes_duplicates() -> None:
    index = Index()
    index.put(article(1))

    assert await originals(resolver(index), index, article(2), article(3, FAR)) == ["1", None]


async def test_the_search_is_bounded_in_time_in_distance_and_in_number() -> None:
    index = Index()
    await originals(
        resolver(index), index, article(1, "00000000000000ff", published_at="2026-01-01")
    )

    (body,) = index.searches
    assert (body["size"], body["knn"]["k"]) == (20, 20)
    assert body["knn"]["similarity"] == MAX_DIFFERING_BITS
    assert body["knn"]["query_vector"] == "00000000000000ff"
    window = {"gte": "2025-12-29T00:00:00+00:00", "lte": "2026-01-04T00:00:00+00:00"}
    assert body["knn"]["filter"]["bool"]["should"] == [
        {"range": {"published_at": window}},
        {"range": {"received_at": window}},
    ]


async def test_what_the_search_brings_is_checked() -> None:
    """
    It may bring what arrived within the window and was published long before.
    """
    index = Index()
    index.put(article(1, published_at="2025-06-01"), article(2, "00000000000001ff"))

    assert await originals(resolver(index), index, article(3)) == [None]


async def test_articles_of_one_batch_are_compared_as_they_arrived() -> None:
    index = Index()
    early = article(1).received_at - timedelta(seconds=1)

    batch = [article(1), article(2, received_at=early), article(3, "000000000000000f")]

    assert await originals(resolver(index), index, *batch) == ["2", None, "2"]


async def test_what_this_worker_has_just_written_is_remembered_and_of_others_is_not() -> None:
    index = Index()
    duplicates = resolver(index)
    await originals(duplicates, index, article(1))

    assert await originals(duplicates, index, article(2)) == ["1"]
    assert await originals(resolver(index), index, article(2)) == [None]


async def test_what_was_not_stored_is_not_remembered() -> None:
    index = Index()
    duplicates = resolver(index)
    await duplicates.decide([article(1)], {})

    assert await originals(duplicates, index, article(2)) == [None]


async def test_a_killed_article_is_nobodys_original_from_then_on() -> None:
    index = Index()
    duplicates = resolver(index)
    await originals(duplicates, index, article(1))
    await originals(
        duplicates, index, article(1, status=Status.CANCELED, text="", fingerprint=None)
    )

    assert await originals(duplicates, index, article(2)) == [None]


async def test_an_original_stays_an_original() -> None:
    index = Index()
    index.put(article(1), article(2, FAR))

    # Its new text is near another's; nothing is even asked.
    assert await originals(resolver(index), index, article(2, version=2)) == [None]
    assert index.searches == []


@pytest.mark.parametrize(
    ("again", "expected"),
    [
        (article(2), "1"),  # redelivered; its original is gone, and nothing is asked
        (article(2, FAR, enrichment=NEXT_MODEL), "1"),  # another model's: cannot be compared
        (article(2, FAR), None),  # another text
        (article(2, "0" * 15 + "1"), None),  # another text, near nothing of its cluster any more
        (article(2, status=Status.CANCELED, text="", fingerprint=None, enrichment={}), None),
    ],
)
async def test_a_duplicate_stays_one_as_long_as_its_text_does(
    again: EnrichedArticle, expected: str | None
) -> None:
    index = Index()
    index.put(article(2, duplicate_of=article(1).article_id))

    assert await originals(resolver(index), index, again) == [expected]


async def test_a_corrected_duplicate_stays_one_by_another_of_its_cluster() -> None:
    index = Index()
    original = article(1).article_id
    index.put(article(2, duplicate_of=original), article(3, duplicate_of=original))

    assert await originals(resolver(index), index, article(2, "0" * 15 + "1")) == ["1"]


async def test_a_corrected_duplicate_joins_no_other_cluster() -> None:
    index = Index()
    index.put(article(2, duplicate_of=article(1).article_id), article(3, FAR))

    assert await originals(resolver(index), index, article(2, FAR)) == [None]


async def test_what_was_refused_stands_for_nothing() -> None:
    index = Index()
    gone = article(1).article_id
    # Searchable already: the duplicates that pointed at it, which are decided again.
    index.put(article(2, duplicate_of=gone), article(3, duplicate_of=gone))
    duplicates = resolver(index)

    decisions = await duplicates.decide([article(2), article(3)], {}, refused=[gone])

    assert [decision.duplicate_of for decision in decisions] == [article(3).article_id, None]


async def test_a_window_of_nothing_asks_nothing_and_leaves_the_field_alone() -> None:
    index = Index()
    index.put(article(1))
    off = resolver(index, hours=0)

    assert await originals(off, index, article(2), article(3, duplicate_of="7" * 32)) == [
        None,
        "7",
    ]
    assert index.searches == []


async def test_duplicates_are_counted_once() -> None:
    index = Index()
    index.put(article(1))
    before = metrics.DUPLICATES._value.get()  # noqa: SLF001 - the library has no other way

    await originals(resolver(index), index, article(2))
    index.put(article(2, duplicate_of=article(1).article_id))
    await originals(resolver(index), index, article(2))

    assert metrics.DUPLICATES._value.get() == before + 1  # noqa: SLF001 - as above
