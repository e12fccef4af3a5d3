"""How an English sentence speaks of one of the names in it: negative, neutral or positive.

A logistic regression that is additive over words (`target_features.py`). The target itself is not
seen, nor are the forms of other names: the model is to read what is said, not to hold an opinion of
who it is said of.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise
from operator import mul
from typing import TYPE_CHECKING, NamedTuple, Protocol

from services.enrich.nlp.arrays import unpack_arrays
from services.enrich.nlp.artefacts import load
from services.enrich.nlp.cache import remember
from services.enrich.nlp.sentiment.target_features import (
    CLOSE,
    MOST_WORDS,
    NEARNESS,
    PAIR_WORTH,
    SLOTS,
    Sentence,
    around,
    features,
    pair_keys,
    sentence,
)
from services.enrich.nlp.sentiment.target_weights import TargetWeights
from services.enrich.nlp.sentiment.vader import Sentiment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from services.enrich.nlp.lexicon import Lexicon

# The nearness of the words before a target, the farthest first.
_NEARER = NEARNESS[:0:-1]
_FARTHER = NEARNESS[1:]

# What a word adds in each slot, or a pair of words on either side. Each is one complex number, for
# negative its real part and for positive its imaginary one: one addition does for both.
Row = tuple[complex, ...]


class View(NamedTuple):
    """A sentence as its targets share it: what its words add, a column for each slot; what some
    words add with the next.
    """

    sentence: Sentence
    columns: Sequence[Row]
    pairs: Sequence[tuple[int, Row]]


class Scorer(Protocol):
    """What scores targets, and the model and version by which it does."""

    @property
    def name(self) -> str:
        """Of the model."""

    @property
    def version(self) -> str:
        """Of the model."""

    def view(self, words: Sequence[str]) -> View:
        """What the targets of a sentence share, given its tokens."""

    def score(self, view: View, first: int, last: int) -> tuple[float, float, float]:
        """How likely it is spoken of tokens `first` to `last` (exclusive) negatively, neutrally,
        positively.
        """


@dataclass(slots=True)
class TargetScorer:
    """Scores targets. Deterministic; not for several threads at once."""

    weights: TargetWeights
    lexicon: Lexicon
    valences: Mapping[str, float]
    version: str = ""
    name: str = "newsline-targets"
    _forms: dict[tuple[str, str, bool, bool], Row] = field(default_factory=dict)
    # Of words that are neither first nor negated, in sentences and in headlines: nearly all.
    _plain: tuple[dict[str, Row], dict[str, Row]] = field(default_factory=lambda: ({}, {}))
    _pairs: tuple[dict[str, Row], dict[str, Row]] = field(default_factory=lambda: ({}, {}))

    @classmethod
    def from_artefacts(
        cls, lexicon: Lexicon, valences: Mapping[str, float], models_dir: Path | None = None
    ) -> TargetScorer:
        """Load the committed model.

        :raises ArtefactUnusable: the file is missing or is not the one that was released.
        """
        artefact = load("targets", models_dir)
        weights = TargetWeights.from_arrays(unpack_arrays(artefact.content))
        return cls(weights, lexicon, valences, artefact.version)

    def view(self, words: Sequence[str]) -> View:
        """What the targets of a sentence share, given its tokens."""
        seen = sentence(words)
        forms, headline = seen.forms, seen.headline
        rows = list(map(self._plain[headline].get, words))
        for i, row in enumerate(rows):
            if row is None or not i or seen.negated[i]:
                rows[i] = self._row(seen, i)
        known, remembered = self.weights.pairs, self._pairs[headline]
        names = [f"{one} {other}" for one, other in pairwise(forms)]
        pairs = [
            (i, remembered.get(name) or self._pair(seen, i))
            for i, name in enumerate(names)
            if name in known
        ]
        return View(seen, list(zip(*rows, strict=True)), pairs)

    def score(self, view: View, first: int, last: int) -> tuple[float, float, float]:
        """How likely it is spoken of tokens `first` to `last` (exclusive) negatively, neutrally,
        positively.
        """
        seen, columns, pairs = view
        begin, end = max(0, first - MOST_WORDS), min(len(seen.words), last + MOST_WORDS)
        left, right = slice(begin, first), slice(last, end)
        to_left, to_right, anywhere, beside_left, beside_right = columns
        total = (
            self._touching(seen, first, last)
            + sum(map(mul, _NEARER[MOST_WORDS - first + begin :], to_left[left]))
            + sum(map(mul, _FARTHER, to_right[right]))
            + sum(anywhere[left])
            + sum(anywhere[right])
            + sum(beside_left[max(0, first - CLOSE) : first])
            + sum(beside_right[last : last + CLOSE])
        )
        for i, pair in pairs:
            if begin <= i < first - 1:
                total += NEARNESS[first - i] * pair[0]
            elif last <= i < end - 1:
                total += NEARNESS[i - last + 1] * pair[1]
        negative, positive = total.real, total.imag
        highest = max(negative, positive, 0.0)
        odds = math.exp(negative - highest), math.exp(-highest), math.exp(positive - highest)
        whole = sum(odds)
        return odds[0] / whole, odds[1] / whole, odds[2] / whole

    def _touching(self, seen: Sentence, first: int, last: int) -> complex:
        """The bias, and what the words that touch the target add."""
        known, values, unit = self.weights.rows, self.weights.values, self.weights.unit
        negative, positive = self.weights.bias
        count = len(known)
        for key in around(seen.forms, first, last, headline=seen.headline):
            if key in known:
                number = known[key]
                negative += values[number] * unit
                positive += values[count + number] * unit
        return complex(negative, positive)

    def _weight(self, number: int) -> complex:
        """The weight of a feature."""
        weights = self.weights
        values, unit = weights.values, weights.unit
        return complex(values[number] * unit, values[len(weights.rows) + number] * unit)

    def _row(self, seen: Sentence, i: int) -> Row:
        """What a word adds, remembered."""
        key = seen.forms[i], seen.words[i], seen.negated[i], seen.headline
        row = self._forms.get(key)
        if row is None:
            row = remember(self._forms, key, self._summed(*key))
        if i and not seen.negated[i]:
            remember(self._plain[seen.headline], seen.words[i], row)
        return row

    def _summed(self, form: str, word: str, negated: bool, headline: bool) -> Row:  # noqa: FBT001 - a key of the memory
        """What a form adds in each slot, for negative and for positive."""
        weights, lexicon = self.weights, self.lexicon
        number = lexicon.row_of(word)
        found = features(
            form,
            negated=negated,
            headline=headline,
            clusters=None if number is None else lexicon.clusters[number],
            valence=self.valences.get(word.lower(), 0.0),
        )
        sums = [0j] * SLOTS
        if number is not None:
            at = number * 2 * SLOTS
            folded = [v * weights.vector_unit for v in weights.vectors[at : at + 2 * SLOTS]]
            sums = list(map(complex, folded[::2], folded[1::2]))
        rows, values, unit, count = weights.rows, weights.values, weights.unit, len(weights.rows)
        for slot, key, value in found:
            row = rows.get(key)
            if row is not None:
                sums[slot] += complex(values[row], values[count + row]) * (unit * value)
        return tuple(sums)

    def _pair(self, seen: Sentence, i: int) -> Row:
        """What a word and the next add together, remembered."""
        one, other = seen.forms[i : i + 2]
        known = self.weights.rows
        sums = []
        for side in "LR":
            keys = pair_keys(side, one, other, headline=seen.headline)
            found = [self._weight(known[key]) * PAIR_WORTH for key in keys if key in known]
            sums.append(sum(found, 0j))
        return remember(self._pairs[seen.headline], f"{one} {other}", tuple(sums))


def summarise(scores: Sequence[tuple[float, float, float]]) -> Sentiment | None:
    """The sentiment of several mentions by the probabilities of each: the likeliest label of their
    mean, and how much likelier positive is than negative. None of none.
    """
    if not scores:
        return None
    negative, neutral, positive = (
        sum(column) / len(scores) for column in zip(*scores, strict=True)
    )
    score = round(positive - negative, 4)
    if neutral >= max(negative, positive):
        return Sentiment("neutral", score)
    return Sentiment("positive" if positive > negative else "negative", score)
