"""Articles into Elasticsearch: newest version wins, one document an article, kills stay killed.

External versions order the copies of one document within one index. An article that changes its
publication date changes its index, so a small index of locations says, in real time, where each
article is and in which version. The order of writes makes a crash at any point harmless, because
an uncommitted batch is written again: documents, then deletes of what moved, then locations, then
deletes of what a worker that was killed in between may have left of older versions.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from elasticsearch import AsyncElasticsearch

from services.contracts.articles import EnrichedArticle
from services.elastic import naming
from services.elastic.bulk import BulkOperation, BulkWriter
from services.elastic.lookup import Lookup
from services.index.document import action, document
from services.index.duplicates.resolver import DuplicateDecision, DuplicateResolver
from services.index.locations import DocumentLocation, LocationIndex, version
from services.runtime.retry import RetryPolicy


class Outcome(StrEnum):
    """What became of an article."""

    STORED = "stored"
    STALE = "stale"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class WriteResult:
    """One for each article; ``refusal`` says why a refused one can never be stored."""

    outcome: Outcome
    refusal: str = ""


STORED = WriteResult(Outcome.STORED)
STALE = WriteResult(Outcome.STALE)


class ArticleStore:
    """The indices of articles of one namespace."""

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
        self._places = LocationIndex(lookup, naming.locations(namespace, generation))
        self._duplicates = DuplicateResolver(lookup, namespace, generation, duplicate_window)
        self._bulk = BulkWriter(client, retry)

    async def write(self, articles: Sequence[EnrichedArticle]) -> list[WriteResult]:
        """One verdict per article, in order. Waits while Elasticsearch cannot take them.

        :raises Interrupted: told to stop while waiting.
        """
        verdicts: dict[int, WriteResult] = {}
        versions: defaultdict[str, list[int]] = defaultdict(list)
        for number, article in enumerate(articles):
            versions[article.article_id].append(number)
        for numbers in versions.values():
            # The newest last; of equal ones the later arrival, and of the same one the later
            # record, which may be a re-enrichment.
            numbers.sort(key=lambda n: (articles[n].version, articles[n].received_at))
        places = await self._places.read(list(versions)) if versions else {}
        while versions:
            newest = [numbers.pop() for numbers in versions.values()]
            told = await self._write_each([articles[number] for number in newest], places)
            verdicts |= zip(newest, told, strict=True)
            for number, verdict in zip(newest, told, strict=True):
                numbers = versions[articles[number].article_id]
                if verdict.outcome is not Outcome.REFUSED:
                    verdicts |= dict.fromkeys(numbers, STALE)
                    numbers.clear()
            # A newest version that was refused must not take an older, good one with it.
            versions = defaultdict(list, {key: left for key, left in versions.items() if left})
        await self._remove([article for n, article in enumerate(articles) if verdicts[n] is STALE])
        return [verdicts[number] for number in range(len(articles))]

    async def _write_each(
        self, articles: Sequence[EnrichedArticle], places: Mapping[str, DocumentLocation]
    ) -> list[WriteResult]:
        """Write articles of different ids."""
        fresh = [
            article
            for article in articles
            if (place := places.get(article.article_id)) is None or place.version <= article.version
        ]
        stored, refusals = await self._write_documents(fresh, places)
        newest = await self._locate(stored, places)
        verdicts = dict.fromkeys(newest, STORED)
        verdicts |= {key: WriteResult(Outcome.REFUSED, why) for key, why in refusals.items()}
        return [verdicts.get(article.article_id, STALE) for article in articles]

    async def _write_documents(
        self, articles: Sequence[EnrichedArticle], places: Mapping[str, DocumentLocation]
    ) -> tuple[list[EnrichedArticle], dict[str, str]]:
        """Give articles of different ids their roles, and write them.

        :returns: those that are stored, and why others are refused, by id; the rest is stale.
        """
        stored: dict[str, EnrichedArticle] = {}
        refusals: dict[str, str] = {}
        while articles:
            refused = refusals.keys() - places.keys()
            roles = await self._duplicates.roles(articles, places, refused)
            writes = await asyncio.to_thread(self._as_documents, articles, roles)
            for article, result in zip(articles, await self._bulk.run(writes), strict=True):
                if result.refusal is not None:
                    refusals[article.article_id] = result.refusal
                elif not result.conflict:
                    stored[article.article_id] = article
            refused = refusals.keys() - places.keys()
            settled: list[DuplicateDecision] = []
            orphans: list[EnrichedArticle] = []
            for article, role in zip(articles, roles, strict=True):
                if article.article_id in stored:
                    # A copy of what has just been refused is none: its role is decided again.
                    if role.is_new and role.duplicate_of in refused:
                        orphans.append(article)
                    else:
                        settled.append(role)
            self._duplicates.remember(settled)
            articles = orphans
        return list(stored.values()), refusals

    async def _locate(
        self, stored: Sequence[EnrichedArticle], places: Mapping[str, DocumentLocation]
    ) -> set[str]:
        """Delete the articles where they were, and say where they are.

        Another worker may be doing the same: a slow one whose partitions are ours now. So a
        location is written only over the one that was read; else it is read and judged again.

        :returns: the ids of those that are the newest; the others are to be removed.
        """
        newest = {article.article_id for article in stored}
        while stored:
            await self._bulk.run(list(self._deletes(stored, places)))
            moved = [article for article in stored if not self._is_at(article, places)]
            results = await self._bulk.run([self._said(each, places) for each in moved])
            if refusals := [told.refusal for told in results if told.refusal is not None]:
                raise RuntimeError(f"the index of locations is not ours: {refusals[0]}")
            stored = [a for a, told in zip(moved, results, strict=True) if told.conflict]
            if stored:
                places = await self._places.read([article.article_id for article in stored])
            older = {a.article_id for a in stored if version(places, a) > a.version}
            stored = [article for article in stored if article.article_id not in older]
            newest -= older
        return newest

    async def _remove(self, stale: Sequence[EnrichedArticle]) -> None:
        """Leave nothing of older versions in other indices than the newest one's.

        A worker that was killed, or is slow, may have written one there and not said so.
        """
        ids = list({article.article_id for article in stale})
        places = await self._places.read(ids) if ids else {}
        await self._bulk.run(list(self._deletes(stale, places, from_own=True)))

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
        places: Mapping[str, DocumentLocation],
        *,
        from_own: bool = False,
    ) -> Iterator[BulkOperation]:
        """Deletes of what is not where it should be: at its place, or in its own index.

        With the newer version, which Elasticsearch remembers: no late write can raise it.
        """
        for article in articles:
            own, place = self._index_of(article), places.get(article.article_id)
            if place is not None and place.index != own:
                version = max(article.version, place.version)
                yield BulkOperation(
                    action("delete", article, own if from_own else place.index, version)
                )

    def _as_documents(
        self, articles: Sequence[EnrichedArticle], roles: Sequence[DuplicateDecision]
    ) -> list[BulkOperation]:
        now = datetime.now(UTC)
        return [
            BulkOperation(
                action("index", article, self._index_of(article), article.version),
                document(article, role.duplicate_of, now),
            )
            for article, role in zip(articles, roles, strict=True)
        ]

    def _said(
        self, article: EnrichedArticle, places: Mapping[str, DocumentLocation]
    ) -> BulkOperation:
        place = places.get(article.article_id)
        return self._places.written(article, self._index_of(article), place)

    def _is_at(self, article: EnrichedArticle, places: Mapping[str, DocumentLocation]) -> bool:
        place = places.get(article.article_id)
        here = (self._index_of(article), article.version)
        return place is not None and (place.index, place.version) == here
