"""The sentiment of an English sentence towards one of the names in it (its target).

A logistic regression that is additive over words (`target_features.py`). The target itself is not
seen, nor are the forms of other names: the model is to read what is said, not to hold an opinion of
whom it is said about.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise
from operator import mul
from typing import TYPE_CHECKING, NamedTuple, Protocol

from services.enrich.nlp.arrays import unpack_arrays
from services.enrich.nlp.artefacts import load_artefact
from services.enrich.nlp.cache import put_bounded
from services.enrich.nlp.sentiment.target_features import (
    BIGRAM_WEIGHT,
    CLOSE,
    MAX_CONTEXT_WORDS,
    PROXIMITY,
    SLOTS,
    SentenceFeatures,
    adjacent_features,
    bigram_features,
    sentence_features,
    word_features,
)
from services.enrich.nlp.sentiment.target_weights import TargetWeights
from services.enrich.nlp.sentiment.vader import SentimentResult

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from services.enrich.nlp.lexicon import Lexicon

# The proximity of the words before a target, the farthest first, and of those after it.
_PROXIMITY_BEFORE = PROXIMITY[:0:-1]
_PROXIMITY_AFTER = PROXIMITY[1:]

# What a word adds in each slot, or a bigram on either side. Each is one complex number, for
# negative its real part and for positive its imaginary one: one addition does for both.
SlotScores = tuple[complex, ...]


class SentenceScores(NamedTuple):
    """The scores that all targets of a sentence share: those of its words, a column for each slot;
    those of some words with the next.
    """

    features: SentenceFeatures
    columns: Sequence[SlotScores]
    bigrams: Sequence[tuple[int, SlotScores]]


class TargetScorer(Protocol):
    """A model of the sentiment towards a target."""

    @property
    def name(self) -> str:
        """The name of the model."""

    @property
    def version(self) -> str:
        """The version of the model."""

    def prepare(self, words: Sequence[str]) -> SentenceScores:
        """The scores that the targets of a sentence share, given its tokens."""

    def score(self, sentence: SentenceScores, first: int, last: int) -> tuple[float, float, float]:
        """The probabilities that the sentence speaks negatively, neutrally, positively of tokens
        `first` to `last` (exclusive).
        """


@dataclass(slots=True)
class LinearTargetScorer:
    """Scores targets by the regression. Deterministic; not thread-safe."""

    weights: TargetWeights
    lexicon: Lexicon
    valences: Mapping[str, float]
    version: str = ""
    name: str = "newsline-targets"
    _cache: dict[tuple[str, str, bool, bool], SlotScores] = field(default_factory=dict)
    # Of words that are neither first nor negated, in sentences and in headlines: nearly all.
    _plain_cache: tuple[dict[str, SlotScores], dict[str, SlotScores]] = field(
        default_factory=lambda: ({}, {})
    )
    _bigram_cache: tuple[dict[str, SlotScores], dict[str, SlotScores]] = field(
        default_factory=lambda: ({}, {})
    )

    @classmethod
    def from_artefacts(
        cls, lexicon: Lexicon, valences: Mapping[str, float], models_dir: Path | None = None
    ) -> LinearTargetScorer:
        """Load the committed model.

        :raises ArtefactUnusable: the file is missing or is not the one that was released.
        """
        artefact = load_artefact("targets", models_dir)
        weights = TargetWeights.from_arrays(unpack_arrays(artefact.content))
        return cls(weights, lexicon, valences, artefact.version)

    def prepare(self, words: Sequence[str]) -> SentenceScores:
        """The scores that the targets of a sentence share, given its tokens."""
        features = sentence_features(words)
        forms, headline = features.forms, features.headline
        rows = list(map(self._plain_cache[headline].get, words))
        for i, row in enumerate(rows):
            if row is None or not i or features.negated[i]:
                rows[i] = self._word_scores(features, i)
        known, cache = self.weights.bigrams, self._bigram_cache[headline]
        names = [f"{one} {other}" for one, other in pairwise(forms)]
        bigrams = [
            (i, cache.get(name) or self._bigram_scores(features, i))
            for i, name in enumerate(names)
            if name in known
        ]
        return SentenceScores(features, list(zip(*rows, strict=True)), bigrams)

    def score(self, sentence: SentenceScores, first: int, last: int) -> tuple[float, float, float]:
        """The probabilities that the sentence speaks negatively, neutrally, positively of tokens
        `first` to `last` (exclusive).
        """
        features, columns, bigrams = sentence
        begin = max(0, first - MAX_CONTEXT_WORDS)
        end = min(len(features.words), last + MAX_CONTEXT_WORDS)
        left, right = slice(begin, first), slice(last, end)
        to_left, to_right, anywhere, close_left, close_right = columns
        total = (
            self._adjacent_score(features, first, last)
            + sum(map(mul, _PROXIMITY_BEFORE[MAX_CONTEXT_WORDS - first + begin :], to_left[left]))
            + sum(map(mul, _PROXIMITY_AFTER, to_right[right]))
            + sum(anywhere[left])
            + sum(anywhere[right])
            + sum(close_left[max(0, first - CLOSE) : first])
            + sum(close_right[last : last + CLOSE])
        )
        for i, bigram in bigrams:
            if begin <= i < first - 1:
                total += PROXIMITY[first - i] * bigram[0]
            elif last <= i < end - 1:
                total += PROXIMITY[i - last + 1] * bigram[1]
        negative, positive = total.real, total.imag
        highest = max(negative, positive, 0.0)
        odds = math.exp(negative - highest), math.exp(-highest), math.exp(positive - highest)
        whole = sum(odds)
        return odds[0] / whole, odds[1] / whole, odds[2] / whole

    def _adjacent_score(self, features: SentenceFeatures, first: int, last: int) -> complex:
        """The bias, and the scores of the words next to the target."""
        known, values, unit = self.weights.features, self.weights.values, self.weights.unit
        negative, positive = self.weights.bias
        count = len(known)
        for name in adjacent_features(features.forms, first, last, headline=features.headline):
            if name in known:
                number = known[name]
                negative += values[number] * unit
                positive += values[count + number] * unit
        return complex(negative, positive)

    def _weight(self, number: int) -> complex:
        """The weight of a feature."""
        weights = self.weights
        values, unit = weights.values, weights.unit
        return complex(values[number] * unit, values[len(weights.features) + number] * unit)

    def _word_scores(self, features: SentenceFeatures, i: int) -> SlotScores:
        """The scores of a word, cached."""
        key = features.forms[i], features.words[i], features.negated[i], features.headline
        scores = self._cache.get(key)
        if scores is None:
            scores = put_bounded(self._cache, key, self._sum_word(*key))
        if i and not features.negated[i]:
            put_bounded(self._plain_cache[features.headline], features.words[i], scores)
        return scores

    def _sum_word(self, form: str, word: str, negated: bool, headline: bool) -> SlotScores:  # noqa: FBT001 - a key of the cache
        """The sums of the weights of a form's features, for each slot."""
        weights, lexicon = self.weights, self.lexicon
        row = lexicon.row_of(word)
        features = word_features(
            form,
            negated=negated,
            headline=headline,
            clusters=None if row is None else lexicon.clusters[row],
            valence=self.valences.get(word.lower(), 0.0),
        )
        sums = [0j] * SLOTS
        if row is not None:
            at = row * 2 * SLOTS
            folded = [v * weights.vector_unit for v in weights.vectors[at : at + 2 * SLOTS]]
            sums = list(map(complex, folded[::2], folded[1::2]))
        known, values, unit = weights.features, weights.values, weights.unit
        count = len(known)
        for slot, name, value in features:
            number = known.get(name)
            if number is not None:
                sums[slot] += complex(values[number], values[count + number]) * (unit * value)
        return tuple(sums)

    def _bigram_scores(self, features: SentenceFeatures, i: int) -> SlotScores:
        """The scores of a word with the next, cached."""
        one, other = features.forms[i : i + 2]
        known = self.weights.features
        sums = []
        for side in "LR":
            names = bigram_features(side, one, other, headline=features.headline)
            weights = [self._weight(known[name]) * BIGRAM_WEIGHT for name in names if name in known]
            sums.append(sum(weights, 0j))
        return put_bounded(self._bigram_cache[features.headline], f"{one} {other}", tuple(sums))


def entity_sentiment(scores: Sequence[tuple[float, float, float]]) -> SentimentResult | None:
    """The sentiment towards an entity by the probabilities of its mentions: the likeliest label of
    their mean, and how much likelier positive is than negative. None if it has no mentions.
    """
    if not scores:
        return None
    negative, neutral, positive = (
        sum(column) / len(scores) for column in zip(*scores, strict=True)
    )
    score = round(positive - negative, 4)
    if neutral >= max(negative, positive):
        return SentimentResult("neutral", score)
    return SentimentResult("positive" if positive > negative else "negative", score)
