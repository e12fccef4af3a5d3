"""How positively an English text speaks: VADER (Hutto and Gilbert 2014), sentence by sentence.

VADER was made for single sentences, and saturates on more. The score of several sentences is the
mean of their compound scores, sentences without an opinion counting as 0. The labels are VADER's
own: from 0.05 on positive, down from -0.05 negative.
"""

from __future__ import annotations

import string
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Literal

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

if TYPE_CHECKING:
    from collections.abc import Sequence

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
        # A list is quicker to ask than an attribute of an untyped object, for each word anew.
        self._lexicon = frozenset(self._vader.lexicon)
        self._emojis = frozenset(self._vader.emojis)

    def score(self, sentence: str) -> float:
        """VADER's compound score of one sentence, -1..1."""
        plain = sentence[:_MOST_CHARACTERS].translate(_ASCII)
        if not self._opinionated(plain):
            return 0.0
        return float(self._vader.polarity_scores(plain)["compound"])

    def _opinionated(self, plain: str) -> bool:
        """False only where VADER's score is 0: no word of its lexicon is there, and no emoji."""
        lexicon = self._lexicon
        for word in plain.lower().split():
            if word in lexicon or word.strip(string.punctuation) in lexicon:
                return True
        return not plain.isascii() and not self._emojis.isdisjoint(plain)


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
