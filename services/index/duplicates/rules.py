"""Which articles are copies of each other, and which of them is the first; pure rules.

Two articles are near when their fingerprints differ in at most ``MOST_BITS`` of 64 and they were
published within a window of each other. A copy points at the first of its group, the root, and
never at another copy.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.contracts.articles import EnrichedArticle, Status
from services.elastic import naming

# Of fingerprints of different articles hardly any differ in so few: enrich/nlp/text/simhash.py.
MOST_BITS = 8
# In shorter texts (about 20 words) one changed word moves more bits than that, so hardly an edited
# copy is found; what is found is the same sentence about another day.
LEAST_CHARACTERS = 120
# Of one article's near ones so many are looked at; they nearly always have the same root.
MOST_NEAR = 20

_FINGERPRINT = re.compile(r"[0-9a-f]{16}")
# Fingerprints that differ in 8 bits are alike in one of 9 parts at least.
_PARTS = MOST_BITS + 1
_PART_BITS = 7
_PART_MASK = (1 << _PART_BITS) - 1
# A bound on what a flood of nearly alike texts can cost; normally a tenth of it is enough.
_MOST_COMPARED = 4000


@dataclass(frozen=True, slots=True)
class Candidate:
    """What an article may be a copy of: one that was written before it."""

    article_id: str
    bits: int
    moment: datetime
    duplicate_of: str | None = None

    @property
    def root(self) -> str:
        """The first of its group: what it is a copy of, or itself."""
        return self.duplicate_of or self.article_id


def comparable(article: EnrichedArticle) -> str | None:
    """The fingerprint by which an article is compared; None where it must not be."""
    if article.status is not Status.USABLE or len(article.text) < LEAST_CHARACTERS:
        return None
    fingerprint = article.fingerprint or ""
    return fingerprint if _FINGERPRINT.fullmatch(fingerprint) else None


def candidate(article: EnrichedArticle) -> Candidate | None:
    """An article as others are compared with it."""
    fingerprint = comparable(article)
    if fingerprint is None:
        return None
    moment = naming.moment(article.published_at, article.received_at)
    return Candidate(article.article_id, int(fingerprint, 16), moment)


def near(one: Candidate, other: Candidate, window: timedelta) -> bool:
    """True when two different articles are copies of each other."""
    return (
        (one.bits ^ other.bits).bit_count() <= MOST_BITS
        and one.article_id != other.article_id
        and abs(one.moment - other.moment) <= window
    )


def root_of(article_id: str, found: Iterable[Candidate]) -> str | None:
    """What an article is a copy of, by the ones that are near it; None if it is a first.

    The root whose group was published first; of equal ones that of the smaller id, so that every
    worker says the same. An article that others point at already is a first: no chain, no circle.
    """
    first: dict[str, datetime] = {}
    for each in found:
        first[each.root] = min(each.moment, first.get(each.root, each.moment))
    if article_id in first:
        return None
    return min(first, key=lambda root: (first[root], root), default=None)


class Recent:
    """The latest candidates, found by what is near them without comparing with each.

    :param most: the oldest go when there are more.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._added: dict[str, tuple[Candidate, float]] = {}
        self._by_part: dict[tuple[int, int], dict[str, Candidate]] = {}

    def add(self, new: Candidate, now: float) -> None:
        """Remember one, in the place of an older version of it."""
        self.drop(new.article_id)
        self._added[new.article_id] = new, now
        for part in _parts(new.bits):
            self._by_part.setdefault(part, {})[new.article_id] = new
        if len(self._added) > self._most:
            self.drop(next(iter(self._added)))

    def drop(self, article_id: str) -> None:
        """Forget one, if it is there."""
        there = self._added.pop(article_id, None)
        if there is None:
            return
        for part in _parts(there[0].bits):
            alike = self._by_part[part]
            del alike[article_id]
            if not alike:
                del self._by_part[part]

    def drop_older(self, than: float) -> None:
        """Forget what was added before a time."""
        while self._added:
            article_id, (_, added) = next(iter(self._added.items()))
            if added >= than:
                return
            self.drop(article_id)

    def near(self, wanted: Candidate, window: timedelta) -> list[Candidate]:
        """Those that are near, ``MOST_NEAR`` at most."""
        found: dict[str, Candidate] = {}
        compared = 0
        for part in _parts(wanted.bits):
            for each in self._by_part.get(part, {}).values():
                compared += 1
                if near(wanted, each, window):
                    found[each.article_id] = each
                if len(found) == MOST_NEAR or compared == _MOST_COMPARED:
                    return list(found.values())
        return list(found.values())


def _parts(bits: int) -> Iterator[tuple[int, int]]:
    for number in range(_PARTS):
        yield number, bits >> number * _PART_BITS & _PART_MASK
