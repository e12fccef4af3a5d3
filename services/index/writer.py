"""Writing articles: the newest version wins, one document an article, kill notices are final.

External versions order the versions of one document within one index. An article that changes its
publication date changes its index, so a small index of locations holds, readable in real time,
where each article is and in which version. The order of writes makes a crash at any point harmless,
because an uncommitted batch is written again: documents, then deletes of what moved, then
locations, then deletes of older versions that a killed worker may have left between these steps.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from elasticsearch import AsyncElasticsearch

from services.contracts.articles import EnrichedArticle
from services.contracts.timestamps import format_utc
from services.elastic import naming
from services.elastic.bulk import BulkOperation, BulkWriter
from services.elastic.lookup import Lookup
from services.index.document import encode_action, encode_document
from services.index.duplicates.resolver import DuplicateDecision, DuplicateResolver
from services.index.locations import DocumentLocation, LocationIndex, stored_version
from services.runtime.retry import RetryPolicy


class Outcome(StrEnum):
    """What became of an article."""

    STORED = "stored"
    STALE = "stale"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class WriteResult:
    """The outcome for one article; ``refusal`` says why a refused one can never be stored."""

    outcome: Outcome
    refusal: str = ""


STORED = WriteResult(Outcome.STORED)
STALE = WriteResult(Outcome.STALE)

Locations = Mapping[str, DocumentLocation]


class ArticleStore:
    """The indices of articles of one namespace and generation."""

    def __init__(
        self,
        client: AsyncElasticsearch,
        namespace: str,
        retry: RetryPolicy,
        generation: int = 1,
        duplicate_window: timedelta = timedelta(0),
    ) -> None:
        self._namespace = namespace
        self._generation = generation
        lookup = Lookup(client, retry)
        self._location_index = LocationIndex(lookup, naming.locations(namespace, generation))
        self._duplicates = DuplicateResolver(lookup, namespace, generation, duplicate_window)
        self._bulk = BulkWriter(client, retry)

    async def write(self, articles: Sequence[EnrichedArticle]) -> list[WriteResult]:
        """One result per article, in order. Waits while Elasticsearch cannot take them.

        :raises Interrupted: the worker must stop while waiting.
        """
        results: dict[int, WriteResult] = {}
        versions: defaultdict[str, list[int]] = defaultdict(list)
        for number, article in enumerate(articles):
            versions[article.article_id].append(number)
        for numbers in versions.values():
            # The newest last; of equal ones the later arrival, and of the same one the later
            # record, which may be a re-enrichment.
            numbers.sort(key=lambda n: (articles[n].version, articles[n].received_at))
        locations = await self._read_locations(list(versions))
        while versions:
            newest = [numbers.pop() for numbers in versions.values()]
            written = await self._write_each([articles[number] for number in newest], locations)
            for number, result in zip(newest, written, strict=True):
                results[number] = result
                older = versions[articles[number].article_id]
                if result.outcome is not Outcome.REFUSED:
                    results |= dict.fromkeys(older, STALE)
                    older.clear()
            # A newest version that was refused must not take an older, good one with it.
            versions = defaultdict(list, {key: left for key, left in versions.items() if left})
        await self._remove([article for n, article in enumerate(articles) if results[n] is STALE])
        return [results[number] for number in range(len(articles))]

    async def _write_each(
        self, articles: Sequence[EnrichedArticle], locations: Locations
    ) -> list[WriteResult]:
        """Write articles of different ids."""
        fresh = [each for each in articles if stored_version(locations, each) <= each.version]
        stored, refusals = await self._write_documents(fresh, locations)
        newest = await self._write_locations(stored, locations)
        results = dict.fromkeys(newest, STORED)
        results |= {key: WriteResult(Outcome.REFUSED, why) for key, why in refusals.items()}
        return [results.get(article.article_id, STALE) for article in articles]

    async def _write_documents(
        self, articles: Sequence[EnrichedArticle], locations: Locations
    ) -> tuple[list[EnrichedArticle], dict[str, str]]:
        """Decide which articles of different ids are duplicates, and write them.

        :returns: those that are stored, and why others are refused, by id; the rest is stale.
        """
        stored: dict[str, EnrichedArticle] = {}
        refusals: dict[str, str] = {}
        while articles:
            refused = refusals.keys() - locations.keys()
            decisions = await self._duplicates.decide(articles, locations, refused)
            writes = await asyncio.to_thread(self._document_operations, articles, decisions)
            for article, result in zip(articles, await self._bulk.run(writes), strict=True):
                if result.refusal is not None:
                    refusals[article.article_id] = result.refusal
                elif not result.conflict:
                    stored[article.article_id] = article
            refused = refusals.keys() - locations.keys()
            final: list[DuplicateDecision] = []
            orphans: list[EnrichedArticle] = []
            for article, decision in zip(articles, decisions, strict=True):
                if article.article_id in stored:
                    # A duplicate of what has just been refused is none: it is decided again.
                    if decision.is_new and decision.duplicate_of in refused:
                        orphans.append(article)
                    else:
                        final.append(decision)
            self._duplicates.remember(final)
            articles = orphans
        return list(stored.values()), refusals

    async def _write_locations(
        self, stored: Sequence[EnrichedArticle], locations: Locations
    ) -> set[str]:
        """Delete the articles where they were, and write where they are.

        A concurrent writer may do the same: a slow worker whose partitions are ours now. So a
        location is written only over the one that was read; else it is read and compared again.

        :returns: the ids of those that are the newest; the others are to be removed.
        """
        newest = {article.article_id for article in stored}
        while stored:
            await self._bulk.run(list(self._deletes(stored, locations)))
            moved = [article for article in stored if not self._is_at(article, locations)]
            results = await self._bulk.run([self._location_write(a, locations) for a in moved])
            if refusals := [result.refusal for result in results if result.refusal is not None]:
                raise RuntimeError(f"the index of locations is not ours: {refusals[0]}")
            stored = [a for a, result in zip(moved, results, strict=True) if result.conflict]
            locations = await self._read_locations([article.article_id for article in stored])
            older = {a.article_id for a in stored if stored_version(locations, a) > a.version}
            stored = [article for article in stored if article.article_id not in older]
            newest -= older
        return newest

    async def _remove(self, stale: Sequence[EnrichedArticle]) -> None:
        """Delete older versions that lie in other indices than the newest one.

        A worker that was killed, or is slow, may have written one there without its location.
        """
        locations = await self._read_locations(list({article.article_id for article in stale}))
        await self._bulk.run(list(self._deletes(stale, locations, from_own=True)))

    async def _read_locations(self, ids: Sequence[str]) -> Locations:
        return await self._location_index.read_locations(ids) if ids else {}

    def _index_of(self, article: EnrichedArticle) -> str:
        return naming.index_name(
            self._namespace,
            published_at=article.published_at,
            received_at=article.received_at,
            generation=self._generation,
        )

    def _deletes(
        self,
        articles: Sequence[EnrichedArticle],
        locations: Locations,
        *,
        from_own: bool = False,
    ) -> Iterator[BulkOperation]:
        """Deletes of articles whose own index is not the one of their location.

        With the newer version, which Elasticsearch remembers, so that it refuses a late write.

        :param from_own: delete from the article's own index, not from that of its location.
        """
        for article in articles:
            own, location = self._index_of(article), locations.get(article.article_id)
            if location is not None and location.index != own:
                version = max(article.version, location.version)
                index = own if from_own else location.index
                yield BulkOperation(encode_action("delete", article, index, version))

    def _document_operations(
        self, articles: Sequence[EnrichedArticle], decisions: Sequence[DuplicateDecision]
    ) -> list[BulkOperation]:
        now = format_utc(datetime.now(UTC))
        return [
            BulkOperation(
                encode_action("index", article, self._index_of(article), article.version),
                encode_document(article, decision.duplicate_of, now),
            )
            for article, decision in zip(articles, decisions, strict=True)
        ]

    def _location_write(self, article: EnrichedArticle, locations: Locations) -> BulkOperation:
        known = locations.get(article.article_id)
        return self._location_index.write_operation(article, self._index_of(article), known)

    def _is_at(self, article: EnrichedArticle, locations: Locations) -> bool:
        location = locations.get(article.article_id)
        return location is not None and (location.index, location.version) == (
            self._index_of(article),
            article.version,
        )
