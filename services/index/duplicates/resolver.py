"""Marking near-duplicates: the state is the articles that are searchable already.

An article's role, first or copy, is decided when it is first written, and kept: so redelivery, a
correction or another enrichment turns no roles around. What was written in the last moments is not
searchable yet; this worker remembers its own. Of another worker's it knows nothing: of two copies
that two workers write within a moment both may be firsts.
"""

import asyncio
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from services.contracts.articles import EnrichedArticle
from services.elastic import naming
from services.elastic.lookup import Lookup, SearchRequest, StoredDocument
from services.index.duplicates.rules import (
    MOST_BITS,
    MOST_NEAR,
    FingerprintedArticle,
    RecentArticles,
    candidate,
    near,
    root_of,
)
from services.index.locations import DocumentLocation
from services.runtime import metrics

# Many times the refresh interval of the indices, which a busy node may stretch.
RECENT_SECONDS = 15.0
# What one worker writes in about that time.
MOST_RECENT = 5000

_STAGE = "fingerprint"  # in ``enrichment``
_STORED = ("duplicate_of", "fingerprint", f"enrichment.{_STAGE}")
_FOUND = ("fingerprint", "duplicate_of", "published_at", "received_at")


@dataclass(frozen=True, slots=True)
class DuplicateDecision:
    """What an article is: a copy of ``duplicate_of``, or a first.

    ``candidate`` is what later articles are compared with, if this one can be compared.
    """

    article_id: str
    duplicate_of: str | None
    candidate: FingerprintedArticle | None = None
    is_new: bool = False


class DuplicateResolver:
    """Gives articles their roles.

    :param window: how far apart copies may be published; zero marks nothing.
    """

    def __init__(self, lookup: Lookup, namespace: str, generation: int, window: timedelta) -> None:
        self._lookup = lookup
        self._namespace = namespace
        self._generation = generation
        self._window = window
        self._recent = RecentArticles(MOST_RECENT)

    async def roles(
        self,
        articles: Sequence[EnrichedArticle],
        places: Mapping[str, DocumentLocation],
        refused: Collection[str] = (),
    ) -> list[DuplicateDecision]:
        """The role of each of some articles of different ids.

        :param places: where those are that are there already.
        :param refused: ids that stand for no article: nothing is a copy of them.
        :raises Interrupted: told to stop while Elasticsearch could not tell.
        """
        if not self._window:
            return [
                DuplicateDecision(article.article_id, article.duplicate_of) for article in articles
            ]
        ids = [article.article_id for article in articles]
        known = {key: places[key].index for key in ids if key in places}
        stored = await self._lookup.get(known, _STORED, may_be_gone=True)
        asked = await asyncio.to_thread(self._questions, articles, stored)
        hits = await self._lookup.search(list(asked.values()))
        found = dict(zip(asked, hits, strict=True))
        return await asyncio.to_thread(self._judge, articles, stored, found, refused)

    def remember(self, roles: Sequence[DuplicateDecision]) -> None:
        """Compare later articles with these, which were stored."""
        now = time.monotonic()
        self._recent.drop_older(now - RECENT_SECONDS)
        for role in roles:
            self._recent.drop(role.article_id)
            if role.candidate is not None:
                self._recent.add(role.candidate, now)
            if role.is_new and role.duplicate_of is not None:
                metrics.DUPLICATES.inc()

    def _judge(
        self,
        articles: Sequence[EnrichedArticle],
        stored: Mapping[str, StoredDocument],
        found: Mapping[str, Sequence[StoredDocument]],
        refused: Collection[str],
    ) -> list[DuplicateDecision]:
        roles: dict[str, DuplicateDecision] = {}
        batch = RecentArticles(len(articles))
        # As they arrived in front of the pipeline: partitions pass each other on the way.
        for article in sorted(articles, key=lambda each: each.received_at):
            own, there = candidate(article), stored.get(article.article_id)
            if not _is_open(article, there):
                root = _root(there)
            elif own is None:
                root = None
            else:
                searchable = map(_hit, found[article.article_id])
                alike = [
                    *[each for each in searchable if near(own, each, self._window)],
                    *self._recent.near(own, self._window),
                    *batch.near(own, self._window),
                ]
                root = _decided(own, there, _valid(alike, refused))
            if own is not None:
                own = replace(own, duplicate_of=root)
                batch.add(own, 0)
            roles[article.article_id] = DuplicateDecision(
                article.article_id, root, own, is_new=there is None
            )
        return [roles[article.article_id] for article in articles]

    def _questions(
        self, articles: Sequence[EnrichedArticle], stored: Mapping[str, StoredDocument]
    ) -> dict[str, SearchRequest]:
        """What to search for each article whose role is open."""
        return {
            own.article_id: SearchRequest.of(self._indices(own), self._query(own))
            for article in articles
            if _is_open(article, stored.get(article.article_id)) and (own := candidate(article))
        }

    def _indices(self, own: FingerprintedArticle) -> list[str]:
        first, last = own.moment - self._window, own.moment + self._window
        return naming.index_names(self._namespace, self._generation, first, last)

    def _query(self, own: FingerprintedArticle) -> dict[str, Any]:
        """Exact: the field has no graph, so all vectors within the window are compared."""
        limits = {
            "gte": (own.moment - self._window).isoformat(),
            "lte": (own.moment + self._window).isoformat(),
        }
        # One of both is the moment that counts; which, is told by what is found.
        times = [{"range": {field: limits}} for field in ("published_at", "received_at")]
        knn = {
            "field": "fingerprint_bits",
            "query_vector": f"{own.bits:016x}",
            "k": MOST_NEAR,
            "num_candidates": MOST_NEAR,
            "similarity": MOST_BITS,
            "filter": {"bool": {"should": times}},
        }
        return {
            "knn": knn,
            "size": MOST_NEAR,
            "track_total_hits": False,
            "_source": False,
            "docvalue_fields": list(_FOUND),
        }


def _is_open(article: EnrichedArticle, there: StoredDocument | None) -> bool:
    """True where a role is to be decided: of a new article, and of a copy whose text changed."""
    if there is None:
        return True
    if _root(there) is None:
        return False
    source = there["_source"]
    if article.fingerprint == source.get("fingerprint"):
        return False
    # Fingerprints of different models cannot be compared, and do not tell that the text changed.
    made = article.enrichment.get(_STAGE)
    return made is None or made.model_dump() == source.get("enrichment", {}).get(_STAGE)


def _decided(
    own: FingerprintedArticle, there: StoredDocument | None, alike: Sequence[FingerprintedArticle]
) -> str | None:
    if there is None:
        return root_of(own.article_id, alike)
    # A corrected copy stays one as long as it is near its first or another copy of it.
    root = _root(there)
    return root if any(each.root == root for each in alike) else None


def _valid(
    alike: Sequence[FingerprintedArticle], refused: Collection[str]
) -> list[FingerprintedArticle]:
    return [
        replace(each, duplicate_of=None) if each.duplicate_of in refused else each
        for each in alike
        if each.article_id not in refused
    ]


def _root(there: StoredDocument | None) -> str | None:
    return there["_source"].get("duplicate_of") if there else None


def _hit(hit: StoredDocument) -> FingerprintedArticle:
    told = {name: values[0] for name, values in hit["fields"].items()}
    received = datetime.fromisoformat(told["received_at"])
    return FingerprintedArticle(
        hit["_id"],
        int(told["fingerprint"], 16),
        naming.moment(told.get("published_at"), received),
        told.get("duplicate_of"),
    )
