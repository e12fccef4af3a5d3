"""The attributes of tokens that the entity models see.

All attributes of a single word depend on its form and its case context (`CaseContext`), and count
for the labels of that token and its neighbours. A form's contribution to the scores is therefore
computed once and cached, which is what makes the model fast (see `crf.py`); only the attributes of
two words and of place names are looked up per token. Training calls the same functions.
"""

from __future__ import annotations

import re
from enum import IntEnum
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.enrich.nlp.lexicon import Lexicon

# The reach of an attribute: the token alone, its neighbours, or the next but one as well.
OWN, NEAR, FAR = 0, 1, 2
OFFSETS = (-2, -1, 0, 1, 2)
# Longer than any name's word: what is cut off does not matter, and junk stays cheap.
_MAX_FORM_LENGTH = 40
_QUOTES = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "“": '"', "”": '"', "–": "-", "—": "-"})  # noqa: RUF001 - they are what is normalised
_RUNS = re.compile(r"(.)\1+")
_MAX_PLACE_WORDS = 5
_CASED_SHARE = 0.6
_MIN_CASED = 3
# Three counts in one number, each far below a million words of a sentence.
_UPPER, _CAPITAL = 1 << 20, 1 << 40


def _shape_of(c: str) -> str:
    return "X" if c.isupper() else "x" if c.isalpha() else "0" if c.isdigit() else c


_SHAPES = {code: _shape_of(chr(code)) for code in range(128)}


class CaseContext(IntEnum):
    """The position of a word, as far as that changes what its capitals mean."""

    INSIDE = 0
    FIRST = 1
    TITLE_CASED = 2
    UPPER_CASED = 3


def case_contexts(words: Sequence[str]) -> list[CaseContext]:
    """The case context of each word of a sentence. In a headline all in capitals, or with most
    words capitalised, a capital means little.
    """
    headline = headline_context(sum(map(case_counts, words)))
    if headline is not None:
        return [headline] * len(words)
    contexts = [CaseContext.INSIDE] * len(words)
    first = first_word_index(words)
    if first is not None:
        contexts[first] = CaseContext.FIRST
    return contexts


def case_counts(word: str) -> int:
    """What a word adds to the case counts of its sentence, the sum of which `headline_context`
    takes: words, upper-case words and capitalised words, packed into one number.
    """
    if len(word) < 3 or not word[0].isalpha():  # noqa: PLR2004 - shorter ones are lower-cased in titles
        return 0
    return 1 + (_UPPER if word.isupper() else 0) + (_CAPITAL if word[0].isupper() else 0)


def headline_context(counts: int) -> CaseContext | None:
    """The case context of all words of a sentence by its case counts, if it is a headline."""
    count = counts % _UPPER
    if count >= _MIN_CASED and counts % _CAPITAL // _UPPER >= count * 0.8:
        return CaseContext.UPPER_CASED
    if count > _MIN_CASED and counts // _CAPITAL >= count * _CASED_SHARE:
        return CaseContext.TITLE_CASED
    return None


def first_word_index(words: Sequence[str]) -> int | None:
    """The position of the first word of a sentence, punctuation aside; None if it has none."""
    for i, word in enumerate(words):
        if word[0].isalnum():
            return i
    return None


def word_attributes(word: str, context: CaseContext, lexicon: Lexicon) -> list[tuple[int, str]]:
    """The attributes of a word form: the reach and the name of each."""
    word = word[:_MAX_FORM_LENGTH]
    if not word.isascii():
        word = word.translate(_QUOTES)
    if context is CaseContext.UPPER_CASED and word.isupper() and len(word) > 1:
        cased = word.title() if "." not in word else word
    else:
        cased = word
    lower = cased.lower()
    shape = _shape(word)
    short = _without_runs(shape)
    at = int(context)
    found = [
        (FAR, f"w={_mask_digits(lower)}"),
        (NEAR, f"f={cased}"),
        (FAR, f"h={short}{at}"),
        (OWN, f"H={shape[:12]}"),
    ]
    length = len(lower)
    found += [(OWN, f"p{n}={lower[:n]}") for n in (1, 2, 3, 4) if length > n]
    found += [(OWN, f"s{n}={lower[-n:]}") for n in (1, 4) if length > n]
    found += [(NEAR, f"s{n}={lower[-n:]}") for n in (2, 3) if length > n]
    clusters = lexicon.clusters_of(cased)
    if clusters is None:
        found.append((NEAR, f"c?{short}"))
    else:
        found += [(FAR, f"c{i}={cluster}") for i, cluster in enumerate(clusters)]
        found.append((OWN, f"C={clusters[1]}{short}{at}"))
    if kind := lexicon.places.get(cased):
        found.append((NEAR, f"g={kind}"))
        found.append((OWN, f"g={kind}{at}"))
    return found


def boundary_attributes(offset: int) -> list[tuple[int, str]]:
    """The attributes of the padding before (-1) and after (1) a sentence."""
    return [(NEAR, f"b={offset}")]


def bigram_attribute(before: str, word: str) -> str:
    """The attribute of two consecutive words, which counts for the labels of both; empty where
    neither has a capital, since such bigrams hardly ever tell of names.
    """
    if before[0].isupper() or word[0].isupper():
        return f"{before}_{word}"[: 2 * _MAX_FORM_LENGTH].lower()
    return ""


def place_attributes(words: Sequence[str], lexicon: Lexicon) -> list[tuple[int, str]]:
    """The tokens inside a name of several words that the lexicon lists as a place, and the
    attribute of each.
    """
    found: list[tuple[int, str]] = []
    last = len(words)
    max_lengths = lexicon.max_lengths
    after = 0
    for i in [i for i, word in enumerate(words) if word in max_lengths]:
        if i < after or i == last - 1 or not words[i][0].isupper():
            continue
        if words[i + 1][0].isupper() or len(words[i + 1]) < 4:  # noqa: PLR2004 - "de", "-", "of"
            for n in range(min(max_lengths[words[i]], _MAX_PLACE_WORDS, last - i), 1, -1):
                if kind := lexicon.places.get(" ".join(words[i : i + n])):
                    found.append((i, f"G=B{kind}"))
                    found += [(j, f"G=I{kind}") for j in range(i + 1, i + n)]
                    after = i + n
                    break
    return found


def _shape(word: str) -> str:
    if word.isascii():
        return word.translate(_SHAPES)
    return "".join(map(_shape_of, word))


@lru_cache(maxsize=2_000)
def _without_runs(shape: str) -> str:
    return _RUNS.sub(r"\1", shape)


def _mask_digits(word: str) -> str:
    return word if word.isalpha() else re.sub(r"\d", "0", word)
