"""Which articles are near-duplicates of each other, and which is the original; pure rules.

Two articles are near-duplicates when their fingerprints differ in at most ``MAX_DIFFERING_BITS``
of 64 and they were published within a window of each other. A duplicate points at the original of
its cluster, and never at another duplicate.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.contracts.articles import EnrichedArticle, Status
from services.elastic import naming

# Of fingerprints of different articles hardly any differ in so few: enrich/nlp/text/simhash.py.
MAX_DIFFERING_BITS = 8
# In shorter texts (about 20 words) one changed word moves more bits than that, so hardly an edited
# copy is found; what is found is the same sentence about another day.
MIN_CHARACTERS = 120
# Of one article's near-duplicates so many are read; they nearly always have the same original.
MAX_NEAR = 20

_FINGERPRINT = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class FingerprintedArticle:
    """What is compared of an article that was written before another.

    :param moment: when it counts as published.
    """

    article_id: str
    bits: int
    moment: datetime
    duplicate_of: str | None = None

    @property
    def original(self) -> str:
        """The id of the original of its cluster: its own if it is no duplicate."""
        return self.duplicate_of or self.article_id


def comparable_fingerprint(article: EnrichedArticle) -> str | None:
    """The fingerprint by which an article is compared; None where it must not be."""
    if article.status is not Status.USABLE or len(article.text) < MIN_CHARACTERS:
        return None
    fingerprint = article.fingerprint or ""
    return fingerprint if _FINGERPRINT.fullmatch(fingerprint) else None


def fingerprinted(article: EnrichedArticle) -> FingerprintedArticle | None:
    """An article as others are compared with it; None where they must not be."""
    fingerprint = comparable_fingerprint(article)
    if fingerprint is None:
        return None
    moment = naming.moment(article.published_at, article.received_at)
    return FingerprintedArticle(article.article_id, int(fingerprint, 16), moment)


def are_near(one: FingerprintedArticle, other: FingerprintedArticle, window: timedelta) -> bool:
    """True when two different articles are near-duplicates of each other."""
    return (
        (one.bits ^ other.bits).bit_count() <= MAX_DIFFERING_BITS
        and one.article_id != other.article_id
        and abs(one.moment - other.moment) <= window
    )


def choose_original(article_id: str, near: Iterable[FingerprintedArticle]) -> str | None:
    """Choose what an article is a duplicate of; None if it is an original.

    The original whose cluster was published first; of equal ones that of the smaller id, so that
    every worker chooses the same. An article that others point at already is an original: no
    chain, no circle.

    :param near: its near-duplicates.
    """
    first: dict[str, datetime] = {}
    for each in near:
        first[each.original] = min(each.moment, first.get(each.original, each.moment))
    if article_id in first:
        return None
    return min(first, key=lambda original: (first[original], original), default=None)
