"""How positively an English text speaks: VADER (Hutto and Gilbert 2014), sentence by sentence.

VADER was made for single sentences, and saturates on more. The score of several sentences is the
mean of their compound scores, sentences without an opinion counting as 0. The labels are VADER's
own: from 0.05 on positive, down from -0.05 negative.
"""

from __future__ import annotations

import math
import string
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Literal

from vaderSentiment.vaderSentiment import (
    BOOSTER_DICT,
    SentimentIntensityAnalyzer,
    normalize,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MODEL = ("vader", version("vaderSentiment"))
Label = Literal["negative", "neutral", "positive"]
_THRESHOLD = 0.05
# VADER's time grows with the square of the words in a sentence; hardly any sentence is longer.
_MOST_CHARACTERS = 2_000
# VADER knows ASCII punctuation alone: a word in curly quotes would not be in its lexicon.
_ASCII = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": " ", "—": " ", "…": "."})


@dataclass(frozen=True, slots=True)
class Sentiment:
    """`score` runs from -1 (bad) to 1 (good)."""

    label: Label
    score: float


class SentimentScorer:
    """Scores English sentences."""

    def __init__(self) -> None:
        self._vader = SentimentIntensityAnalyzer()
        # Quicker to ask than an attribute of an untyped object, for each word anew.
        self._lexicon = frozenset(self._vader.lexicon)
        self._emojis = frozenset(self._vader.emojis)

    @property
    def valences(self) -> Mapping[str, float]:
        """VADER's lexicon: how good (up to 4) or bad (down to -4) a word is by itself."""
        lexicon: Mapping[str, float] = self._vader.lexicon
        return lexicon

    def score(self, sentence: str) -> float:
        """VADER's compound score of one sentence, -1..1: the very number, sooner, as only the words
        of its lexicon are asked about.
        """
        plain = sentence[:_MOST_CHARACTERS].translate(_ASCII)
        if not plain.isascii() and not self._emojis.isdisjoint(plain):
            return float(self._vader.polarity_scores(plain)["compound"])
        words = [_stripped(word) for word in plain.split()]
        lower = [word.lower() for word in words]
        felt = [i for i, word in enumerate(lower) if word in self._lexicon]
        if not felt:
            return 0.0
        upper = sum(map(str.isupper, words))
        mixed = 0 < upper < len(words)
        valences = [0.0] * len(words)
        for i in felt:
            word = lower[i]
            if word not in BOOSTER_DICT and (word != "kind" or lower[i + 1 : i + 2] != ["of"]):
                # VADER looks at three words before and two after, and copies all it is given.
                seen = _Words(words[max(0, i - 3) : i + 3], mixed)
                valences[i] = self._vader.sentiment_valence(0, seen, words[i], min(i, 3), [])[0]
        if "but" in lower:
            _shift(valences, lower.index("but"))
        total = float(sum(valences))
        if total:
            total += math.copysign(_emphasis(plain), total)
        return float(round(normalize(total), 4))


@dataclass(frozen=True, slots=True)
class _Words:
    """What VADER wants to know of a sentence; the names are VADER's."""

    words_and_emoticons: Sequence[str]
    is_cap_diff: bool


def _stripped(word: str) -> str:
    """A word without punctuation, unless that leaves so little that it may be an emoticon."""
    bare = word.strip(string.punctuation)
    return bare if len(bare) > 2 else word  # noqa: PLR2004 - VADER's own bound


def _shift(valences: list[float], but: int) -> None:
    """Halve what comes before `but` and add half to what follows, as VADER does: it finds a value
    by its first equal, and so now and then moves another one. That is part of the model.
    """
    for value in valences:
        at = valences.index(value)
        if at != but:
            valences[at] = value * (0.5 if at < but else 1.5)


def _emphasis(plain: str) -> float:
    """What marks of exclamation and question add."""
    questions = plain.count("?")
    asked = 0.96 if questions > 3 else questions * 0.18 if questions > 1 else 0.0  # noqa: PLR2004 - VADER's own bounds
    return min(plain.count("!"), 4) * 0.292 + asked


def summarise(scores: Sequence[float]) -> Sentiment | None:
    """The sentiment of several sentences by the scores of each; None of none."""
    if not scores:
        return None
    score = round(min(1.0, max(-1.0, sum(scores) / len(scores))), 4)
    if score >= _THRESHOLD:
        return Sentiment("positive", score)
    if score <= -_THRESHOLD:
        return Sentiment("negative", score)
    return Sentiment("neutral", score)
