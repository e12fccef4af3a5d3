"""A linear-chain CRF trained by CRFsuite, decoded here.

Scores are those of CRFsuite; what differs is the order of the sums. All that a word form adds to
the scores of the labels around it is summed once and remembered (`forms.py`): whether a name may
begin at a token at all is told by five additions, and most tokens need no more. Labels that a
token's own score puts more than `MARGIN` below its best one are left out of the search, and so are
paths that fall twice as far below the best one. Measured on the development parts, an exact search
finds another label for 1 token in 1 000.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from operator import add
from typing import TYPE_CHECKING, Any, NamedTuple

from services.enrich.forms import BEGIN, FORM, INSIDE, Forms, Row

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.enrich.features import Setting
    from services.enrich.lexicon import Lexicon
    from services.enrich.weights import Scores, Weights

MARGIN = 10.0
_FAR_BELOW = float("-inf")
# Labels are O, then B and I of each type in turn: for each label the number of its type, and the
# label inside a name of that type.
_TYPES = (0, 0, 0, 1, 1, 2, 2, 3, 3)
_INSIDES = (0, 2, 2, 4, 4, 6, 6, 8, 8)
_COUNT = 4
# A path: its score, its last label, and the path before that; None before the first.
Path = tuple[float, int, Any]
# For each token, what to add to the scores of the labels that begin a name, then of those inside.
# Where the CRF says that no name may begin, it does not change that.
Beside = Sequence[Sequence[float]]


class Reading(NamedTuple):
    """What the weights say of a sentence before any path is sought: a row for each word and the
    two places around it, what is no single form's (by token), the lead of O over all labels that
    begin a name (by token), and the tokens at which a name may begin at all.
    """

    rows: Sequence[Row]
    extra: Mapping[int, Sequence[float]]
    leads: list[float]
    stops: list[int]

    def forms(self) -> list[tuple[str, Setting]]:
        """Each word, and the setting it stands in."""
        return [row[FORM] for row in self.rows[2:-2]]


@dataclass(slots=True)
class Tagger:
    """Finds the best labels of a sentence. Deterministic; not for several threads at once."""

    weights: Weights
    lexicon: Lexicon
    margin: float = MARGIN
    known: Forms = field(init=False)
    _into: tuple[Scores, ...] = field(init=False)

    def __post_init__(self) -> None:
        into, out = self._shifts()
        self.known = Forms(
            self.weights,
            self.lexicon,
            [x + y for x, y in zip(into, out, strict=True)],
            # CRFsuite scores no transition at either end of a sentence: take back what was moved.
            [-x for x in into],
            [-x for x in out],
        )
        moved = [
            [weight - y - x for weight, x in zip(row, into, strict=True)]
            for row, y in zip(self.weights.transitions, out, strict=True)
        ]
        self._into = tuple(zip(*moved, strict=True))

    def _shifts(self) -> tuple[list[float], list[float]]:
        """What to move from the transitions into and out of a label to the label's own score, so
        that transitions from O, to O and from B to I become 0. No path's total changes, and the
        labels of a token can be compared before any search.
        """
        weights = self.weights.transitions
        labels = self.weights.labels
        out = [row[0] for row in weights]
        into = [weights[0][j] - out[0] for j in range(len(labels))]
        for j, label in enumerate(labels):
            if label[0] == "I":
                i = labels.index(f"B{label[1:]}")
                into[j] = weights[i][j] - out[i]
        return into, out

    def tag(self, words: Sequence[str]) -> list[int]:
        """One label number per word."""
        return self.decode(self.read(words))

    def read(self, words: Sequence[str]) -> Reading:
        """What `decode` takes."""
        rows = self.known.rows(words)
        return self._reading(rows, self.known.added(words, rows[2:-2]))

    def scores(self, words: Sequence[str]) -> list[list[float]]:
        """The scores of every label for each word, for those who add to them before `best`."""
        rows = self.known.rows(words)
        extra = self.known.added(words, rows[2:-2])
        found: list[list[float]] = []
        for i in range(len(words)):
            begin: Sequence[float] = _begin(rows, i)
            inside: Sequence[float] = [_inside(rows, i, k) for k in range(_COUNT)]
            if i in extra:
                begin = list(map(add, begin, extra[i]))
                inside = list(map(add, inside, extra[i][_COUNT:]))
            found.append([0.0, *chain.from_iterable(zip(begin, inside, strict=True))])
        return found

    def best(self, scores: Sequence[Sequence[float]]) -> list[int]:
        """One label number per word, given the scores of the labels of each."""
        nothing = self.known.alone([0.0] * len(self.weights.labels))
        rows = [nothing, nothing, *map(self.known.alone, scores), nothing, nothing]
        return self.decode(self._reading(rows, {}))

    def _reading(self, rows: Sequence[Row], extra: Mapping[int, Sequence[float]]) -> Reading:
        five = zip(rows, rows[1:], rows[2:], rows[3:], rows[4:], strict=False)
        leads = [v[4] + w[3] + x[2] + y[1] + z[0] for v, w, x, y, z in five]
        margin = self.margin
        # No name begins at any other token.
        stops = [i for i, lead in enumerate(leads) if lead < margin]
        if extra:
            stops = sorted({*stops, *extra})
            for i in extra:
                leads[i] = _FAR_BELOW
        return Reading(rows, extra, leads, stops)

    def decode(self, reading: Reading, beside: Beside | None = None) -> list[int]:
        """One label number per word."""
        rows, extra, leads, stops = reading
        margin = self.margin
        labels = [0] * len(leads)
        after = 0
        for i in stops:
            if i >= after:
                begin: Sequence[float] = _begin(rows, i)
                if i in extra:
                    begin = list(map(add, begin, extra[i]))
                if beside:
                    begin = list(map(add, begin, beside[i]))
                if max(begin) > -margin:
                    found = self._name(reading, beside, i)
                    after = i + len(found)
                    labels[i:after] = found
                    after += 1  # what ended the name is O
        return labels

    def _name(self, reading: Reading, beside: Beside | None, first: int) -> list[int]:
        """The best labels from a token on where a name may begin, up to where only O is left."""
        rows, extra, leads, _ = reading
        margin, beam, into = self.margin, 2 * self.margin, self._into
        best: Path = (0.0, 0, None)
        # The best path to each label that the last token may have, that to O first.
        ends = [best]
        for i in range(first, len(leads)):
            added = _sum(extra.get(i), beside[i] if beside else None)
            floor = -margin
            heads: list[Path] = [(best[0], 0, best)]
            if leads[i] < margin:
                begin: Sequence[float] = _begin(rows, i)
                if added:
                    begin = list(map(add, begin, added))
                floor += max(0.0, *begin)
                if floor >= 0.0:
                    heads = []
                for k, score in enumerate(begin):
                    if score > floor:
                        after = into[2 * k + 1]
                        total, end = max([(end[0] + after[end[1]], end) for end in ends])
                        heads.append((total + score, 2 * k + 1, end))
            for label, total, end in self._going_on(ends) if ends[-1][1] else ():
                k = _TYPES[label]
                score = _inside(rows, i, k) + (added[_COUNT + k] if added else 0.0)
                if score > floor:
                    heads.append((total + score, label, end))
            best = max(heads)
            lowest = best[0] - beam
            ends = [head for head in heads if head[0] > lowest]
            if not ends[-1][1]:
                return _labels(best[2])
        return _labels(best)

    def _going_on(self, ends: Sequence[Path]) -> list[tuple[int, float, Path]]:
        """The best way to go on to each label inside a name, from the paths that are in such one:
        the label, the score of the way, the path.
        """
        into = self._into
        ways: dict[int, tuple[int, float, Path]] = {}
        for end in ends:
            total, last, _ = end
            label = _INSIDES[last]
            if label:
                total += into[label][last]
                if label not in ways or total > ways[label][1]:
                    ways[label] = label, total, end
        return list(ways.values())


def _sum(one: Sequence[float] | None, other: Sequence[float] | None) -> Sequence[float] | None:
    return list(map(add, one, other)) if one and other else one or other


def _begin(rows: Sequence[Row], i: int) -> tuple[float, float, float, float]:
    """The scores of the labels that begin a name at a token: one for each type."""
    # Written out, as this is what most of the time goes into.
    a0, a1, a2, a3 = rows[i][BEGIN + 4]
    b0, b1, b2, b3 = rows[i + 1][BEGIN + 3]
    c0, c1, c2, c3 = rows[i + 2][BEGIN + 2]
    d0, d1, d2, d3 = rows[i + 3][BEGIN + 1]
    e0, e1, e2, e3 = rows[i + 4][BEGIN]
    return (
        a0 + b0 + c0 + d0 + e0,
        a1 + b1 + c1 + d1 + e1,
        a2 + b2 + c2 + d2 + e2,
        a3 + b3 + c3 + d3 + e3,
    )


def _inside(rows: Sequence[Row], i: int, k: int) -> float:
    """The score of the label inside a name of the type of this number."""
    total: float = (
        rows[i][INSIDE + 4][k]
        + rows[i + 1][INSIDE + 3][k]
        + rows[i + 2][INSIDE + 2][k]
        + rows[i + 3][INSIDE + 1][k]
        + rows[i + 4][INSIDE][k]
    )
    return total


def _labels(path: Path | None) -> list[int]:
    """The labels of a path, without the O that it starts from."""
    labels: list[int] = []
    while path is not None and path[2] is not None:
        labels.append(path[1])
        path = path[2]
    return labels[::-1]
