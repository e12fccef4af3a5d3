"""A linear-chain CRF trained by CRFsuite, decoded here.

Scores are those of CRFsuite; what differs is the order of the sums. All that a word form adds to
the scores of the labels around it is summed once and remembered (`forms.py`), and added up for all
tokens of an article at once. Where no name can begin the label is O, and no path is sought: labels
that a token's own score puts more than `MARGIN` below its best one are left out of the search, and
so are paths that fall twice as far below the best one. Measured on the development parts, an exact
search finds another label for 1 token in 1 000.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from services.enrich.nlp.entities.feature_cache import Forms, numbered
from services.enrich.nlp.entities.features import OFFSETS, pair, places

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from services.enrich.nlp.entities.feature_cache import Places
    from services.enrich.nlp.entities.weights import Scores, Weights
    from services.enrich.nlp.lexicon import Lexicon

    # A row for each place or attribute; a column for each label but O, those that begin a name
    # before those inside one.
    Leads = NDArray[np.float64]
    Counts = NDArray[np.int32]

MARGIN = 10.0
# Labels are O, then B and I of each type in turn: for each label the number of its type, and the
# label inside a name of that type.
_TYPES = (0, 0, 0, 1, 1, 2, 2, 3, 3)
_INSIDES = (0, 2, 2, 4, 4, 6, 6, 8, 8)
_COUNT = 4
# A path: its score, its last label, and the path before that; None before the first.
Path = tuple[float, int, Any]


class Reading(NamedTuple):
    """What is said of sentences before any path is sought: how much each label leads over O at
    every place, for others to add to.
    """

    places: Places
    leads: Leads


class Tagger:
    """Finds the best labels of sentences; a table of what forms add to the scores of labels around
    them (`forms.Table`). Deterministic; not for several threads at once.
    """

    def __init__(self, weights: Weights, lexicon: Lexicon, margin: float = MARGIN) -> None:
        self.weights = weights
        self.lexicon = lexicon
        self.margin = margin
        into, out = self._shifts()
        self._own = leads_over_o(np.add(into, out))
        # CRFsuite scores no transition at either end of a sentence: take back what was moved.
        self._before, self._after = leads_over_o(-np.array(into)), leads_over_o(-np.array(out))
        moved = [
            [weight - y - x for weight, x in zip(row, into, strict=True)]
            for row, y in zip(weights.transitions, out, strict=True)
        ]
        self._into: tuple[Scores, ...] = tuple(zip(*moved, strict=True))
        self.forms = Forms(lexicon)
        self.forms.remember(self)

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

    def reset(self, size: int) -> None:
        """Forget all forms, and have room for so many."""
        self._table = np.zeros((size, len(OFFSETS), 2 * _COUNT), np.int32)

    def learn(self, first: int, found: Sequence[Sequence[str]]) -> None:
        """Sum what forms that have these attributes add, numbered from `first` on."""
        numbers, sizes = numbered(found, self.weights.states)
        owners = np.repeat(np.arange(len(found)), sizes)
        self._table[first : first + len(found)] = self._sums(numbers, owners, len(found))

    def _sums(self, numbers: NDArray[np.intp], owners: NDArray[np.intp], count: int) -> Counts:
        """What attributes of these numbers add in all to each of so many owners, in units, at each
        offset that a label may stand at from them.
        """
        weights = self.weights
        labels = len(weights.labels)
        begins = weights.bounds[numbers]
        sizes = weights.bounds[numbers + 1] - begins
        ends = np.cumsum(sizes)
        at = np.repeat(begins - ends + sizes, sizes) + np.arange(sizes.sum())
        slots = np.repeat(owners, sizes) * (len(OFFSETS) * labels) + weights.slots[at]
        size = count * len(OFFSETS) * labels
        # Whole numbers far below what a float holds exactly.
        sums = np.bincount(slots, weights.values[at], size).astype(np.int32)
        return leads_over_o(sums.reshape(count, len(OFFSETS), labels))

    def tag(self, words: Sequence[str]) -> list[int]:
        """One label number per word of a sentence."""
        return next(self.decode(self.read([words])))

    def read(self, sentences: Sequence[Sequence[str]]) -> Reading:
        """What `decode` takes."""
        placed = self.forms.read(sentences)
        rows = self._table[placed.numbers]
        sums = np.zeros((len(rows), 2 * _COUNT), np.int32)
        sums[2:-2] = rows[:-4, 4] + rows[1:-3, 3] + rows[2:-2, 2] + rows[3:-1, 1] + rows[4:, 0]
        self._add(sums, placed, sentences)
        leads = sums * self.weights.unit + self._own
        leads[placed.firsts] += self._before
        leads[placed.lasts - 1] += self._after
        return Reading(placed, leads)

    def _add(self, sums: Counts, placed: Places, sentences: Sequence[Sequence[str]]) -> None:
        """Add what attributes do that are no single form's."""
        known = self.weights.states
        pairs = [(at, known[key]) for at, key in _pairs(placed) if key in known]
        named = [
            (first + i, known[key])
            for sentence, first in zip(sentences, placed.firsts.tolist(), strict=True)
            for i, key in places(sentence, self.lexicon)
            if key in known
        ]
        found = np.array([*pairs, *named], np.intp).reshape(-1, 2)
        at, rows = found[:, 0], self._sums(found[:, 1], np.arange(len(found)), len(found))
        # At each place there is at most one of either kind.
        count = len(pairs)
        sums[at[:count]] += rows[:count, 2]
        sums[at[:count] - 1] += rows[:count, 3]
        sums[at[count:]] += rows[count:, 2]

    def stops(self, reading: Reading, margin: float) -> NDArray[np.bool_]:
        """Whether a name may begin at a place: the score of no such label is this much below O."""
        best: NDArray[np.float64] = reading.leads[:, :_COUNT].max(axis=1)
        return (best > -margin) & reading.places.solid

    def decode(self, reading: Reading) -> Iterator[list[int]]:
        """One label number per word, for each sentence."""
        stops = np.flatnonzero(self.stops(reading, self.margin))
        lasts = reading.places.lasts
        ends = lasts[np.searchsorted(lasts, stops, side="right")]
        leads = reading.leads.tolist()
        labels = [0] * len(leads)
        after = 0
        for i, end in zip(stops.tolist(), ends.tolist(), strict=True):
            if i >= after:
                found = self._name(leads, i, end)
                after = i + len(found)
                labels[i:after] = found
                after += 1  # what ended the name is O
        for first, last in zip(reading.places.firsts.tolist(), lasts.tolist(), strict=True):
            yield labels[first:last]

    def _name(self, leads: Sequence[Sequence[float]], first: int, end: int) -> list[int]:
        """The best labels from a token on where a name may begin, up to where only O is left."""
        margin, beam, into = self.margin, 2 * self.margin, self._into
        best: Path = (0.0, 0, None)
        # The best path to each label that the last token may have, that to O first.
        ends = [best]
        for i in range(first, end):
            scores = leads[i]
            begin = scores[:_COUNT]
            floor = max(0.0, *begin) - margin
            heads: list[Path] = [(best[0], 0, best)] if floor < 0.0 else []
            for k, score in enumerate(begin):
                if score > floor:
                    after = into[2 * k + 1]
                    total, path = max([(path[0] + after[path[1]], path) for path in ends])
                    heads.append((total + score, 2 * k + 1, path))
            for label, total, path in self._going_on(ends) if ends[-1][1] else ():
                score = scores[_COUNT + _TYPES[label]]
                if score > floor:
                    heads.append((total + score, label, path))
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


def leads_over_o(scores: NDArray[Any]) -> NDArray[Any]:
    """How much each label leads over O, given scores whose last axis is all labels in order."""
    over = scores[..., 1:] - scores[..., :1]
    return np.concatenate([over[..., ::2], over[..., 1::2]], axis=-1)


def _pairs(placed: Places) -> Iterator[tuple[int, str]]:
    """Two words in a row, by the place of the second, where either has a capital."""
    solid, capital, words = placed.solid, placed.capital, placed.words
    both = solid[1:] & solid[:-1] & (capital[1:] | capital[:-1])
    spots = np.flatnonzero(both) + 1
    order = np.cumsum(solid) - 1
    for at, i in zip(spots.tolist(), order[spots].tolist(), strict=True):
        yield at, pair(words[i - 1], words[i])


def _labels(path: Path | None) -> list[int]:
    """The labels of a path, without the O that it starts from."""
    labels: list[int] = []
    while path is not None and path[2] is not None:
        labels.append(path[1])
        path = path[2]
    return labels[::-1]
