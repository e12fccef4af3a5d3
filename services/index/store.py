"""Articles into Elasticsearch: newest version wins, one document an article, kills stay killed.

External versions order the copies of one document within one index. An article that changes its
publication date changes its index, so a small index of locations says, in real time, where each
article is and in which version. The order of writes makes a crash at any point harmless, because
an uncommitted batch is written again: documents, then deletes of what moved, then locations, then
deletes of what a worker that was killed in between may have left of older versions.
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from elasticsearch import AsyncElasticsearch

from services.contracts.articles import EnrichedArticle
from services.index import naming
from services.index.elastic import Bulk, Operation, asking
from services.runtime.patience import Patience, Unavailable


class Outcome(StrEnum):
    """What became of an article."""

    STORED = "stored"
    STALE = "stale"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One for each article; ``refusal`` says why a refused one can never be stored."""

    outcome: Outcome
    refusal: str = ""


STORED = Verdict(Outcome.STORED)
STALE = Verdict(Outcome.STALE)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an article is, in which version, and which write of its location said so."""

    index: str
    version: int
    seq_no: int
    primary_term: int


class ArticleStore:
    """The indices of articles of one namespace."""

    def __init__(
        self,
        client: AsyncElasticsearch,
        namespace: str,
        patience: Patience,
        generation: int = 1,
    ) -> None:
        self._client = client
        self._namespace = namespace
        self._generation = generation
        self._locations = naming.locations(namespace, generation)
        self._patience = patience
        self._bulk = Bulk(client, patience)

    async def write(self, articles: Sequence[EnrichedArticle]) -> list[Verdict]:
        """One verdict per article, in order. Waits while Elasticsearch cannot take them.

        :raises Interrupted: told to stop while waiting.
        """
        verdicts: dict[int, Verdict] = {}
        versions: defaultdict[str, list[int]] = defaultdict(list)
        for number, article in enumerate(articles):
            versions[article.article_id].append(number)
        for numbers in versions.values():
            # The newest last; of equal ones the later arrival, and of the same one the later
            # record, which may be a re-enrichment.
            numbers.sort(key=lambda n: (articles[n].version, articles[n].received_at))
        places = await self._places(list(versions)) if versions else {}
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
        self, articles: Sequence[EnrichedArticle], places: Mapping[str, Place]
    ) -> list[Verdict]:
        """Write articles of different ids."""
        verdicts: list[Verdict] = [STALE] * len(articles)
        fresh = [
            number
            for number, article in enumerate(articles)
            if (place := places.get(article.article_id)) is None or place.version <= article.version
        ]
        writes = await asyncio.to_thread(
            lambda: [_write(articles[number], self._index_of(articles[number])) for number in fresh]
        )
        stored: dict[int, EnrichedArticle] = {}
        for number, result in zip(fresh, await self._bulk.run(writes), strict=True):
            if result.refusal is not None:
                verdicts[number] = Verdict(Outcome.REFUSED, result.refusal)
            elif not result.conflict:
                stored[number] = articles[number]
        newest = await self._locate(list(stored.values()), places)
        for number, article in stored.items():
            verdicts[number] = STORED if article.article_id in newest else STALE
        return verdicts

    async def _locate(
        self, stored: Sequence[EnrichedArticle], places: Mapping[str, Place]
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
            results = await self._bulk.run([self._location(each, places) for each in moved])
            if refusals := [told.refusal for told in results if told.refusal is not None]:
                raise RuntimeError(f"the index of locations is not ours: {refusals[0]}")
            stored = [a for a, told in zip(moved, results, strict=True) if told.conflict]
            if stored:
                places = await self._places([article.article_id for article in stored])
            older = {a.article_id for a in stored if _version(places, a) > a.version}
            stored = [article for article in stored if article.article_id not in older]
            newest -= older
        return newest

    async def _remove(self, stale: Sequence[EnrichedArticle]) -> None:
        """Leave nothing of older versions in other indices than the newest one's.

        A worker that was killed, or is slow, may have written one there and not said so.
        """
        ids = list({article.article_id for article in stale})
        places = await self._places(ids) if ids else {}
        await self._bulk.run(list(self._deletes(stale, places, from_own=True)))

    async def _places(self, ids: Sequence[str]) -> dict[str, Place]:
        """Where the articles are that are there already; read in real time, not by search."""

        async def attempt() -> dict[str, Place]:
            found = await asking(lambda: self._client.mget(index=self._locations, ids=ids))
            if any("error" in doc for doc in found["docs"]):
                # "Cannot tell" is not "is not there".
                raise Unavailable("Elasticsearch (the index of locations cannot be read)")
            return {doc["_id"]: _place(doc) for doc in found["docs"] if doc.get("found")}

        return await self._patience.until_done(attempt)

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
        places: Mapping[str, Place],
        *,
        from_own: bool = False,
    ) -> Iterator[Operation]:
        """Deletes of what is not where it should be: at its place, or in its own index.

        With the newer version, which Elasticsearch remembers: no late write can raise it.
        """
        for article in articles:
            own, place = self._index_of(article), places.get(article.article_id)
            if place is not None and place.index != own:
                version = max(article.version, place.version)
                yield Operation(
                    _action("delete", article, own if from_own else place.index, version)
                )

    def _is_at(self, article: EnrichedArticle, places: Mapping[str, Place]) -> bool:
        place = places.get(article.article_id)
        here = (self._index_of(article), article.version)
        return place is not None and (place.index, place.version) == here

    def _location(self, article: EnrichedArticle, places: Mapping[str, Place]) -> Operation:
        target: dict[str, Any] = {
            "_index": self._locations,
            "_id": article.article_id,
        }
        place = places.get(article.article_id)
        if place is not None:
            target |= {"if_seq_no": place.seq_no, "if_primary_term": place.primary_term}
        said = {"index": self._index_of(article), "version": article.version}
        kind = "create" if place is None else "index"
        return Operation(json.dumps({kind: target}).encode(), json.dumps(said).encode())


def _version(places: Mapping[str, Place], article: EnrichedArticle) -> int:
    """The version that is there; less than any where none is."""
    place = places.get(article.article_id)
    return -1 if place is None else place.version


def _place(doc: Mapping[str, Any]) -> Place:
    said = doc["_source"]
    return Place(said["index"], said["version"], doc["_seq_no"], doc["_primary_term"])


def _write(article: EnrichedArticle, index: str) -> Operation:
    action = _action("index", article, index, article.version)
    return Operation(action, document(article, datetime.now(UTC)))


def document(article: EnrichedArticle, indexed_at: datetime) -> bytes:
    """The stored document: the article, and when it was written."""
    moment = indexed_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return article.encode()[:-1] + b',"indexed_at":"' + moment.encode() + b'"}'


def _action(kind: str, article: EnrichedArticle, index: str, version: int) -> bytes:
    """An action line. ``external_gte``: repeating is harmless, and an older version is refused."""
    target = {
        "_index": index,
        "_id": article.article_id,
        "version": version,
        "version_type": "external_gte",
    }
    return json.dumps({kind: target}).encode()
