"""How an English sentence speaks of one of the names in it: negative, neutral or positive.

A logistic regression that is additive over words (`target_features.py`). The target itself is not
seen, nor are the forms of other names: the model is to read what is said, not to hold an opinion of
who it is said of.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import islice, pairwise, repeat
from typing import TYPE_CHECKING, NamedTuple, Protocol

from services.enrich import target_weights
from services.enrich.artefacts import load
from services.enrich.sentiment import Sentiment
from services.enrich.target_features import (
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

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from services.enrich.lexicon import Lexicon
    from services.enrich.target_weights import TargetWeights

# Forms remembered, 0.3 kB each. When they are too many the older half is forgotten.
_MOST_FORMS = 20_000
_NO_PAIR = (0.0, 0.0, 0.0, 0.0)

Row = tuple[float, ...]


class View(NamedTuple):
    """A sentence as its targets share it: what each word, and each with the next, adds."""

    sentence: Sentence
    rows: Sequence[Row]
    pairs: Sequence[Row]


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

    @classmethod
    def from_artefacts(
        cls, lexicon: Lexicon, valences: Mapping[str, float], models_dir: Path | None = None
    ) -> TargetScorer:
        """Load the committed model.

        :raises ArtefactUnusable: the file is missing or is not the one that was released.
        """
        artefact = load("targets", models_dir)
        return cls(target_weights.unpack(artefact.content), lexicon, valences, artefact.version)

    def view(self, words: Sequence[str]) -> View:
        """What the targets of a sentence share, given its tokens."""
        seen = sentence(words)
        forms, headline = seen.forms, seen.headline
        remembered = self._forms
        rows = [
            remembered.get(key) or self._row(*key)
            for key in zip(forms, words, seen.negated, repeat(headline), strict=False)
        ]
        known = self.weights.pairs
        pairs = [
            self._pair(one, other, headline) if f"{one} {other}" in known else _NO_PAIR
            for one, other in pairwise(forms)
        ]
        return View(seen, rows, pairs)

    def score(self, view: View, first: int, last: int) -> tuple[float, float, float]:
        """How likely it is spoken of tokens `first` to `last` (exclusive) negatively, neutrally,
        positively.
        """
        seen, rows, pairs = view
        negative, positive = self._touching(seen, first, last)
        begin = max(0, first - MOST_WORDS)
        for i in range(begin, first):
            row = rows[i]
            near = NEARNESS[first - i]
            negative += near * row[0] + row[4]
            positive += near * row[1] + row[5]
            if i < first - 1 and (pair := pairs[i]) is not _NO_PAIR:
                negative += near * pair[0]
                positive += near * pair[1]
        end = min(len(rows), last + MOST_WORDS)
        for i in range(last, end):
            row = rows[i]
            near = NEARNESS[i - last + 1]
            negative += near * row[2] + row[4]
            positive += near * row[3] + row[5]
            if i < end - 1 and (pair := pairs[i]) is not _NO_PAIR:
                negative += near * pair[2]
                positive += near * pair[3]
        for row in rows[max(0, first - CLOSE) : first]:
            negative += row[6]
            positive += row[7]
        for row in rows[last : last + CLOSE]:
            negative += row[8]
            positive += row[9]
        highest = max(negative, positive, 0.0)
        odds = math.exp(negative - highest), math.exp(-highest), math.exp(positive - highest)
        total = sum(odds)
        return odds[0] / total, odds[1] / total, odds[2] / total

    def _touching(self, seen: Sentence, first: int, last: int) -> tuple[float, float]:
        """The bias, and what the words that touch the target add."""
        negative, positive = self.weights.bias
        known, values, unit = self.weights.rows, self.weights.values, self.weights.unit
        count = len(known)
        for key in around(seen.forms, first, last, headline=seen.headline):
            number = known.get(key)
            if number is not None:
                negative += values[number] * unit
                positive += values[count + number] * unit
        return negative, positive

    def _row(self, form: str, word: str, negated: bool, headline: bool) -> Row:  # noqa: FBT001 - a key of the memory
        """What a form adds, remembered."""
        row = self._summed(form, word, negated=negated, headline=headline)
        if len(self._forms) >= _MOST_FORMS:
            for old in list(islice(self._forms, _MOST_FORMS // 2)):
                del self._forms[old]
        self._forms[form, word, negated, headline] = row
        return row

    def _summed(self, form: str, word: str, *, negated: bool, headline: bool) -> Row:
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
        sums = [0.0] * (2 * SLOTS)
        if number is not None:
            at = number * 2 * SLOTS
            sums = [v * weights.vector_unit for v in weights.vectors[at : at + 2 * SLOTS]]
        count = len(weights.rows)
        for slot, key, value in found:
            row = weights.rows.get(key)
            if row is not None:
                sums[2 * slot] += weights.values[row] * weights.unit * value
                sums[2 * slot + 1] += weights.values[count + row] * weights.unit * value
        return tuple(sums)

    def _pair(self, one: str, other: str, headline: bool) -> Row:  # noqa: FBT001 - as above
        known, values, count = self.weights.rows, self.weights.values, len(self.weights.rows)
        sums: list[float] | None = None
        for at, side in ((0, "L"), (2, "R")):
            for key in pair_keys(side, one, other, headline=headline):
                row = known.get(key)
                if row is not None:
                    sums = sums or [0.0] * 4
                    sums[at] += values[row] * self.weights.unit * PAIR_WORTH
                    sums[at + 1] += values[count + row] * self.weights.unit * PAIR_WORTH
        return _NO_PAIR if sums is None else tuple(sums)


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
