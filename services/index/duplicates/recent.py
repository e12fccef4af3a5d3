"""Articles of the last moments, which no search finds yet, by their fingerprints."""

from collections.abc import Iterator
from datetime import timedelta

from services.index.duplicates.rules import (
    MAX_DIFFERING_BITS,
    MAX_NEAR,
    FingerprintedArticle,
    are_near,
)

# Fingerprints that differ in 8 bits are equal in one of 9 parts at least.
_PARTS = MAX_DIFFERING_BITS + 1
_PART_BITS = 7
_PART_MASK = (1 << _PART_BITS) - 1
# A bound on what a flood of nearly equal texts can cost; normally a tenth of it is enough.
_MAX_COMPARED = 4000


class RecentArticles:
    """The latest articles, searched for near-duplicates without comparing with each.

    :param capacity: the oldest are dropped when there are more.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._added: dict[str, tuple[FingerprintedArticle, float]] = {}
        self._by_part: dict[tuple[int, int], dict[str, FingerprintedArticle]] = {}

    def add(self, new: FingerprintedArticle, now: float) -> None:
        """Add an article, replacing an older version of it."""
        self.drop(new.article_id)
        self._added[new.article_id] = new, now
        for part in _parts(new.bits):
            self._by_part.setdefault(part, {})[new.article_id] = new
        if len(self._added) > self._capacity:
            self.drop(next(iter(self._added)))

    def drop(self, article_id: str) -> None:
        """Remove an article, if it is there."""
        added = self._added.pop(article_id, None)
        if added is None:
            return
        for part in _parts(added[0].bits):
            articles = self._by_part[part]
            del articles[article_id]
            if not articles:
                del self._by_part[part]

    def drop_older(self, than: float) -> None:
        """Remove what was added before a time."""
        while self._added:
            article_id, (_, added) = next(iter(self._added.items()))
            if added >= than:
                return
            self.drop(article_id)

    def near(self, wanted: FingerprintedArticle, window: timedelta) -> list[FingerprintedArticle]:
        """The near-duplicates of an article, ``MAX_NEAR`` at most."""
        found: dict[str, FingerprintedArticle] = {}
        compared = 0
        for part in _parts(wanted.bits):
            for each in self._by_part.get(part, {}).values():
                compared += 1
                if are_near(wanted, each, window):
                    found[each.article_id] = each
                if len(found) == MAX_NEAR or compared == _MAX_COMPARED:
                    return list(found.values())
        return list(found.values())


def _parts(bits: int) -> Iterator[tuple[int, int]]:
    for number in range(_PARTS):
        yield number, bits >> number * _PART_BITS & _PART_MASK
