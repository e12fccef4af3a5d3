"""Articles into Elasticsearch: newest version wins, one document an article, kills stay killed.

External versions order the copies of one document within one index. An article that changes its
publication date changes its index, so a small index of locations says, in real time, where each
article is and in which version. The order of writes makes a crash at any point harmless, because
an uncommitted batch is written again: documents, then deletes of what moved, then locations.
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from elasticsearch import AsyncElasticsearch

from services.contracts.articles import EnrichedArticle
from services.index import naming
from services.index.elastic import Bulk, Operation, asking
from services.runtime.patience import Patience


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
    """Where an article is, and in which version."""

    index: str
    version: int


class ArticleStore:
    """The indices of articles of one namespace."""

    def __init__(self, client: AsyncElasticsearch, namespace: str, patience: Patience) -> None:
        self._client = client
        self._namespace = namespace
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
            # The newest last; of equal ones the later record, which may be a re-enrichment.
            numbers.sort(key=lambda number: articles[number].version)
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
        stored = []
        for number, result in zip(fresh, await self._bulk.run(writes), strict=True):
            if result.refusal is not None:
                verdicts[number] = Verdict(Outcome.REFUSED, result.refusal)
            elif not result.conflict:
                verdicts[number] = STORED
                stored.append(articles[number])
        await self._bulk.run(list(self._deletes(stored, places)))
        await self._bulk.run(list(self._locations(stored, places)))
        return verdicts

    async def _places(self, ids: Sequence[str]) -> dict[str, Place]:
        """Where the articles are that are there already; read in real time, not by search."""

        async def attempt() -> dict[str, Place]:
            found = await asking(
                lambda: self._client.mget(index=naming.locations(self._namespace), ids=ids)
            )
            return {
                doc["_id"]: Place(doc["_source"]["index"], doc["_version"])
                for doc in found["docs"]
                if doc.get("found")
            }

        return await self._patience.until_done(attempt)

    def _index_of(self, article: EnrichedArticle) -> str:
        return naming.index_name(
            self._namespace, published_at=article.published_at, received_at=article.received_at
        )

    def _deletes(
        self, stored: Sequence[EnrichedArticle], places: Mapping[str, Place]
    ) -> list[Operation]:
        moved = [
            (article, place)
            for article in stored
            if (place := places.get(article.article_id)) is not None
            and place.index != self._index_of(article)
        ]
        return [Operation(_action("delete", article, place.index)) for article, place in moved]

    def _locations(
        self, stored: Sequence[EnrichedArticle], places: Mapping[str, Place]
    ) -> list[Operation]:
        operations = []
        for article in stored:
            place = Place(self._index_of(article), article.version)
            if places.get(article.article_id) != place:
                action = _action("index", article, naming.locations(self._namespace))
                operations.append(Operation(action, json.dumps({"index": place.index}).encode()))
        return operations


def _write(article: EnrichedArticle, index: str) -> Operation:
    return Operation(_action("index", article, index), document(article, datetime.now(UTC)))


def document(article: EnrichedArticle, indexed_at: datetime) -> bytes:
    """The stored document: the article, and when it was written."""
    moment = indexed_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return article.encode()[:-1] + b',"indexed_at":"' + moment.encode() + b'"}'


def _action(kind: str, article: EnrichedArticle, index: str) -> bytes:
    """An action line. ``external_gte``: repeating is harmless, and an older version is refused."""
    target = {
        "_index": index,
        "_id": article.article_id,
        "version": article.version,
        "version_type": "external_gte",
    }
    return json.dumps({kind: target}).encode()
