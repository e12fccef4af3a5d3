"""Marking near-duplicates: new articles are compared with those that are searchable already.

Whether an article is an original or a duplicate is decided when it is first written, and kept: so
redelivery, a correction or another enrichment turns no cluster around. What was written in the last
moments is not searchable yet; this worker remembers its own. Of another worker's it knows nothing:
of two near-duplicates that two workers write at the same moment both may be originals.
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
from services.index.duplicates.recent import RecentArticles
from services.index.duplicates.rules import (
    MAX_DIFFERING_BITS,
    MAX_NEAR,
    FingerprintedArticle,
    are_near,
    choose_original,
    fingerprinted,
)
from services.index.locations import DocumentLocation
from services.runtime import metrics

# Many times the refresh interval of the indices, which a busy node may prolong.
RECENT_SECONDS = 15.0
# What one worker writes in about that time.
MAX_RECENT = 5000

_STAGE = "fingerprint"  # in ``enrichment``
_SOURCE_FIELDS = ("duplicate_of", "fingerprint", f"enrichment.{_STAGE}")
_HIT_FIELDS = ("fingerprint", "duplicate_of", "published_at", "received_at")


@dataclass(frozen=True, slots=True)
class DuplicateDecision:
    """Whether an article is an original, or a duplicate of ``duplicate_of``.

    :param comparable: what later articles are compared with, if this one may be compared.
    :param is_new: no version of it is stored yet.
    """

    article_id: str
    duplicate_of: str | None
    comparable: FingerprintedArticle | None = None
    is_new: bool = False


class DuplicateResolver:
    """Decides which articles are duplicates.

    :param window: how far apart near-duplicates may be published; zero marks nothing.
    """

    def __init__(self, lookup: Lookup, namespace: str, generation: int, window: timedelta) -> None:
        self._lookup = lookup
        self._namespace = namespace
        self._generation = generation
        self._window = window
        self._recent = RecentArticles(MAX_RECENT)

    async def decide(
        self,
        articles: Sequence[EnrichedArticle],
        locations: Mapping[str, DocumentLocation],
        refused: Collection[str] = (),
    ) -> list[DuplicateDecision]:
        """One decision for each of some articles of different ids, in order.

        :param locations: of those that are stored already.
        :param refused: ids of which nothing is stored: nothing is a duplicate of them.
        :raises Interrupted: the worker must stop while Elasticsearch could not answer.
        """
        if not self._window:
            return [DuplicateDecision(each.article_id, each.duplicate_of) for each in articles]
        ids = [article.article_id for article in articles]
        indices = {key: locations[key].index for key in ids if key in locations}
        stored = await self._lookup.get(indices, _SOURCE_FIELDS, may_be_gone=True)
        searches = await asyncio.to_thread(self._searches, articles, stored)
        hits = await self._lookup.search(list(searches.values()))
        found = dict(zip(searches, hits, strict=True))
        return await asyncio.to_thread(self._decide_all, articles, stored, found, refused)

    def remember(self, decisions: Sequence[DuplicateDecision]) -> None:
        """Compare later articles with these, which were stored."""
        now = time.monotonic()
        self._recent.drop_older(now - RECENT_SECONDS)
        for decision in decisions:
            self._recent.drop(decision.article_id)
            if decision.comparable is not None:
                self._recent.add(decision.comparable, now)
            if decision.is_new and decision.duplicate_of is not None:
                metrics.DUPLICATES.inc()

    def _decide_all(
        self,
        articles: Sequence[EnrichedArticle],
        stored: Mapping[str, StoredDocument],
        found: Mapping[str, Sequence[StoredDocument]],
        refused: Collection[str],
    ) -> list[DuplicateDecision]:
        decisions: dict[str, DuplicateDecision] = {}
        batch = RecentArticles(len(articles))
        # In the order of their first arrival: partitions overtake each other on the way.
        for article in sorted(articles, key=lambda each: each.received_at):
            own, document = fingerprinted(article), stored.get(article.article_id)
            if not _is_undecided(article, document):
                original = _stored_original(document)
            elif own is None:
                original = None
            else:
                searchable = map(_from_hit, found[article.article_id])
                near = [
                    *[each for each in searchable if are_near(own, each, self._window)],
                    *self._recent.near(own, self._window),
                    *batch.near(own, self._window),
                ]
                original = _decide(own, document, _without_refused(near, refused))
            if own is not None:
                own = replace(own, duplicate_of=original)
                batch.add(own, 0)
            decisions[article.article_id] = DuplicateDecision(
                article.article_id, original, own, is_new=document is None
            )
        return [decisions[article.article_id] for article in articles]

    def _searches(
        self, articles: Sequence[EnrichedArticle], stored: Mapping[str, StoredDocument]
    ) -> dict[str, SearchRequest]:
        """The search for near-duplicates of each article that is undecided, by id."""
        return {
            own.article_id: SearchRequest.of(self._indices(own), self._query(own))
            for article in articles
            if _is_undecided(article, stored.get(article.article_id))
            and (own := fingerprinted(article))
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
        # Either may be the moment that counts; hits are checked for which one it is.
        times = [{"range": {field: limits}} for field in ("published_at", "received_at")]
        knn = {
            "field": "fingerprint_bits",
            "query_vector": f"{own.bits:016x}",
            "k": MAX_NEAR,
            "num_candidates": MAX_NEAR,
            "similarity": MAX_DIFFERING_BITS,
            "filter": {"bool": {"should": times}},
        }
        return {
            "knn": knn,
            "size": MAX_NEAR,
            "track_total_hits": False,
            "_source": False,
            "docvalue_fields": list(_HIT_FIELDS),
        }


def _is_undecided(article: EnrichedArticle, document: StoredDocument | None) -> bool:
    """True for a new article, and for a duplicate whose text changed."""
    if document is None:
        return True
    if _stored_original(document) is None:
        return False
    source = document["_source"]
    if article.fingerprint == source.get("fingerprint"):
        return False
    # Fingerprints of different models cannot be compared, and do not show that the text changed.
    model = article.enrichment.get(_STAGE)
    return model is None or model.model_dump() == source.get("enrichment", {}).get(_STAGE)


def _decide(
    own: FingerprintedArticle,
    document: StoredDocument | None,
    near: Sequence[FingerprintedArticle],
) -> str | None:
    if document is None:
        return choose_original(own.article_id, near)
    # A corrected duplicate stays one as long as it is near a member of its cluster.
    original = _stored_original(document)
    return original if any(each.original == original for each in near) else None


def _without_refused(
    near: Sequence[FingerprintedArticle], refused: Collection[str]
) -> list[FingerprintedArticle]:
    return [
        replace(each, duplicate_of=None) if each.duplicate_of in refused else each
        for each in near
        if each.article_id not in refused
    ]


def _stored_original(document: StoredDocument | None) -> str | None:
    return document["_source"].get("duplicate_of") if document else None


def _from_hit(hit: StoredDocument) -> FingerprintedArticle:
    fields = {name: values[0] for name, values in hit["fields"].items()}
    received = datetime.fromisoformat(fields["received_at"])
    return FingerprintedArticle(
        hit["_id"],
        int(fields["fingerprint"], 16),
        naming.moment(fields.get("published_at"), received),
        fields.get("duplicate_of"),
    )
