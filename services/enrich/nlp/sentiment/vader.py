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
from typing import TYPE_CHECKING, Literal, NamedTuple

from vaderSentiment.vaderSentiment import (
    BOOSTER_DICT,
    NEGATE,
    SPECIAL_CASES,
    SentimentIntensityAnalyzer,
    normalize,
)

from services.enrich.nlp.cache import Memory

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MODEL = ("vader", version("vaderSentiment"))
Label = Literal["negative", "neutral", "positive"]
_THRESHOLD = 0.05
# VADER's time grows with the square of the words in a sentence; hardly any sentence is longer.
_MOST_CHARACTERS = 2_000
# What VADER's rules look for beside a word. Of what they know of several words in a row, the words
# that are everywhere need not be looked for: none is without one that is not.
_CHANGING = frozenset(
    {word for phrase in (*BOOSTER_DICT, *SPECIAL_CASES) for word in phrase.split()}
    | {*NEGATE, "no", "so", "this", "least", "doubt"}
) - {"the", "of", "to", "for"}
# VADER knows ASCII punctuation alone: a word in curly quotes would not be in its lexicon.
_ASCII = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": " ", "—": " ", "…": "."})


@dataclass(frozen=True, slots=True)
class Sentiment:
    """`score` runs from -1 (bad) to 1 (good)."""

    label: Label
    score: float


class _Word(NamedTuple):
    """A word between blanks as VADER reads it: without punctuation; in lower case; what is felt at
    it by itself, None if it is in no lexicon; whether another word's valence may hang on it;
    whether its own hangs on the case of others.
    """

    bare: str
    lower: str
    valence: float | None
    changes: bool
    upper: bool


class SentimentScorer:
    """Scores English sentences. Not for several threads at once."""

    def __init__(self) -> None:
        self._vader = SentimentIntensityAnalyzer()
        self._emojis = frozenset(self._vader.emojis)
        self._words = Memory(self._word)

    @property
    def valences(self) -> Mapping[str, float]:
        """VADER's lexicon: how good (up to 4) or bad (down to -4) a word is by itself."""
        lexicon: Mapping[str, float] = self._vader.lexicon
        return lexicon

    def score(self, sentence: str) -> float:
        """VADER's compound score of one sentence, -1..1: the very number, sooner, as VADER is asked
        only about words of its lexicon that stand among others which may change their valence.
        """
        plain = sentence[:_MOST_CHARACTERS]
        if not plain.isascii():
            plain = plain.translate(_ASCII)
            if not (plain.isascii() or self._emojis.isdisjoint(plain)):
                return float(self._vader.polarity_scores(plain)["compound"])
        known = self._words
        words = [known[word] for word in plain.split()]
        valences = [word[2] for word in words]
        felt = [i for i, valence in enumerate(valences) if valence is not None]
        if not felt:
            return 0.0
        total = self._total(words, felt)
        if total:
            total += math.copysign(_emphasis(plain), total)
        return float(round(normalize(total), 4))

    def _word(self, word: str) -> _Word:
        bare = _stripped(word)
        lower = bare.lower()
        valence = None if lower in BOOSTER_DICT else self._vader.lexicon.get(lower)
        return _Word(bare, lower, valence, lower in _CHANGING or "n't" in lower, bare.isupper())

    def _total(self, words: Sequence[_Word], felt: Sequence[int]) -> float:
        """The sum of the valences of the words at which something is felt."""
        valences = [0.0] * len(words)
        changing = [word[3] for word in words]
        lower = [word[1] for word in words]
        mixed: bool | None = None
        for i in felt:
            _, form, valence, _, upper = words[i]
            first = i - 3 if i > 3 else 0  # noqa: PLR2004 - VADER's own bound
            if valence is not None and not upper and True not in changing[first : i + 3]:
                valences[i] = valence
            elif form != "kind" or lower[i + 1 : i + 2] != ["of"]:
                if mixed is None:
                    capitals = sum([word[4] for word in words])
                    mixed = 0 < capitals < len(words)
                # VADER looks at three words before and two after, and copies all it is given.
                seen = _Words([word[0] for word in words[first : i + 3]], mixed)
                valences[i] = self._vader.sentiment_valence(0, seen, words[i][0], i - first, [])[0]
        if "but" in lower:
            _shift(valences, lower.index("but"))
        return float(sum(valences))


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
