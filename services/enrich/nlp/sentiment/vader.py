"""The sentiment of English text by VADER (Hutto and Gilbert 2014), sentence by sentence.

VADER was made for single sentences, and saturates on longer text. The score of a document is the
mean of the compound scores of its sentences, those without an opinion counting as 0. The labels are
VADER's own: from 0.05 on positive, down from -0.05 negative.
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

from services.enrich.nlp.cache import BoundedCache

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MODEL = ("vader", version("vaderSentiment"))
SentimentLabel = Literal["negative", "neutral", "positive"]
_THRESHOLD = 0.05
# VADER's time grows with the square of the words in a sentence; hardly any sentence is longer.
_MAX_CHARACTERS = 2_000
# Words beside which VADER's rules may change a word's valence. Of phrases, the words that are
# everywhere need not be looked for: each phrase also has one that is not.
_MODIFIERS = frozenset(
    {word for phrase in (*BOOSTER_DICT, *SPECIAL_CASES) for word in phrase.split()}
    | {*NEGATE, "no", "so", "this", "least", "doubt"}
) - {"the", "of", "to", "for"}
# VADER knows ASCII punctuation alone: a word in curly quotes would not be in its lexicon.
_ASCII = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": " ", "—": " ", "…": "."})


@dataclass(frozen=True, slots=True)
class SentimentResult:
    """A sentiment; `score` runs from -1 (negative) to 1 (positive)."""

    label: SentimentLabel
    score: float


class _VaderWord(NamedTuple):
    """A word between blanks as VADER reads it: without punctuation; in lower case; its valence by
    itself, None if it is in no lexicon; whether it may modify another word's valence; whether it is
    in capitals, so that its valence depends on the case of others.
    """

    bare: str
    lower: str
    valence: float | None
    modifier: bool
    upper: bool


class SentimentScorer:
    """Scores English sentences. Not thread-safe."""

    def __init__(self) -> None:
        self._vader = SentimentIntensityAnalyzer()
        self._emojis = frozenset(self._vader.emojis)
        self._cache = BoundedCache(self._word)

    @property
    def valences(self) -> Mapping[str, float]:
        """VADER's lexicon: the valence of a word by itself, -4 (negative) to 4 (positive)."""
        lexicon: Mapping[str, float] = self._vader.lexicon
        return lexicon

    def score(self, sentence: str) -> float:
        """VADER's compound score of one sentence, -1..1. It is exactly VADER's number, but faster:
        VADER is called only for words of its lexicon that have a modifier near them.
        """
        plain = sentence[:_MAX_CHARACTERS]
        if not plain.isascii():
            plain = plain.translate(_ASCII)
            if not (plain.isascii() or self._emojis.isdisjoint(plain)):
                return float(self._vader.polarity_scores(plain)["compound"])
        cache = self._cache
        words = [cache[word] for word in plain.split()]
        valences = [word[2] for word in words]
        scored = [i for i, valence in enumerate(valences) if valence is not None]
        if not scored:
            return 0.0
        total = self._total(words, scored)
        if total:
            total += math.copysign(_emphasis(plain), total)
        return float(round(normalize(total), 4))

    def _word(self, word: str) -> _VaderWord:
        bare = _stripped(word)
        lower = bare.lower()
        valence = None if lower in BOOSTER_DICT else self._vader.lexicon.get(lower)
        return _VaderWord(
            bare, lower, valence, lower in _MODIFIERS or "n't" in lower, bare.isupper()
        )

    def _total(self, words: Sequence[_VaderWord], scored: Sequence[int]) -> float:
        """The sum of the valences of the words that have one, at these positions."""
        valences = [0.0] * len(words)
        modifiers = [word[3] for word in words]
        lower = [word[1] for word in words]
        mixed: bool | None = None
        for i in scored:
            _, form, valence, _, upper = words[i]
            first = i - 3 if i > 3 else 0  # noqa: PLR2004 - VADER's own bound
            if valence is not None and not upper and True not in modifiers[first : i + 3]:
                valences[i] = valence
            elif form != "kind" or lower[i + 1 : i + 2] != ["of"]:
                if mixed is None:
                    capitals = sum([word[4] for word in words])
                    mixed = 0 < capitals < len(words)
                # VADER looks at three words before and two after, and copies all it is given.
                window = _VaderSentence([word[0] for word in words[first : i + 3]], mixed)
                valences[i] = self._vader.sentiment_valence(0, window, words[i][0], i - first, [])[
                    0
                ]
        if "but" in lower:
            _weigh_contrast(valences, lower.index("but"))
        return float(sum(valences))


@dataclass(frozen=True, slots=True)
class _VaderSentence:
    """The part of a sentence that VADER's rules read; the names are VADER's."""

    words_and_emoticons: Sequence[str]
    is_cap_diff: bool


def _stripped(word: str) -> str:
    """A word without punctuation, unless that leaves so little that it may be an emoticon."""
    bare = word.strip(string.punctuation)
    return bare if len(bare) > 2 else word  # noqa: PLR2004 - VADER's own bound


def _weigh_contrast(valences: list[float], but: int) -> None:
    """Halve the valences before `but` and raise those after it by half, as VADER does: it finds a
    value by its first equal, and so sometimes changes another one. That is part of the model.
    """
    for value in valences:
        at = valences.index(value)
        if at != but:
            valences[at] = value * (0.5 if at < but else 1.5)


def _emphasis(plain: str) -> float:
    """The score that exclamation and question marks add."""
    questions = plain.count("?")
    emphasis = 0.96 if questions > 3 else questions * 0.18 if questions > 1 else 0.0  # noqa: PLR2004 - VADER's own bounds
    return min(plain.count("!"), 4) * 0.292 + emphasis


def document_sentiment(scores: Sequence[float]) -> SentimentResult | None:
    """The sentiment of a document: the mean of its sentences' scores; None if it has none."""
    if not scores:
        return None
    score = round(min(1.0, max(-1.0, sum(scores) / len(scores))), 4)
    if score >= _THRESHOLD:
        return SentimentResult("positive", score)
    if score <= -_THRESHOLD:
        return SentimentResult("negative", score)
    return SentimentResult("neutral", score)
