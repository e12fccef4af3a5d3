"""What the entity model sees of a token.

Every attribute here depends on one word form and the kind of place it stands in (`Setting`), and
counts for the labels of that token and its neighbours. A form's contribution to the scores is hence
computed once and looked up ever after, which is what makes the model fast (see `crf.py`); only the
two-word and place-name attributes are looked up per token. Training calls the same functions.
"""

from __future__ import annotations

import re
from enum import IntEnum
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.enrich.nlp.lexicon import Lexicon

# How far an attribute reaches: the token alone, its neighbours, or the next but one as well.
OWN, NEAR, FAR = 0, 1, 2
OFFSETS = (-2, -1, 0, 1, 2)
# Longer than any name's word: what is cut off tells nothing, and keeps junk cheap.
_MAX_FORM = 40
_QUOTES = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "“": '"', "”": '"', "–": "-", "—": "-"})  # noqa: RUF001 - they are what is normalised
_RUNS = re.compile(r"(.)\1+")
_LONGEST_PLACE = 5
_CASED_SHARE = 0.6
_FEWEST_CASED = 3
# Three counts in one number, each far below a million words of a sentence.
_UPPER, _CAPITAL = 1 << 20, 1 << 40


def _shape_of(c: str) -> str:
    return "X" if c.isupper() else "x" if c.isalpha() else "0" if c.isdigit() else c


_SHAPES = {code: _shape_of(chr(code)) for code in range(128)}


class Setting(IntEnum):
    """Where a word stands, as far as that changes what its capitals mean."""

    INSIDE = 0
    FIRST = 1
    TITLE_CASED = 2
    UPPER_CASED = 3


def settings_of(words: Sequence[str]) -> list[Setting]:
    """The setting of each word of a sentence. In a headline all in capitals, or with most words
    capitalised, a capital says little.
    """
    headline = headline_of(sum(map(casing, words)))
    if headline is not None:
        return [headline] * len(words)
    settings = [Setting.INSIDE] * len(words)
    first = opening(words)
    if first is not None:
        settings[first] = Setting.FIRST
    return settings


def casing(word: str) -> int:
    """What a word says of the case of its sentence: `sum` of it is what `headline_of` takes."""
    if len(word) < 3 or not word[0].isalpha():  # noqa: PLR2004 - shorter ones are lower-cased in titles
        return 0
    return 1 + (_UPPER if word.isupper() else 0) + (_CAPITAL if word[0].isupper() else 0)


def headline_of(casings: int) -> Setting | None:
    """The setting of all words of a sentence, if it is a headline."""
    count = casings % _UPPER
    if count >= _FEWEST_CASED and casings % _CAPITAL // _UPPER >= count * 0.8:
        return Setting.UPPER_CASED
    if count > _FEWEST_CASED and casings // _CAPITAL >= count * _CASED_SHARE:
        return Setting.TITLE_CASED
    return None


def opening(words: Sequence[str]) -> int | None:
    """Where the first word of a sentence stands, marks not being any; None if it has none."""
    for i, word in enumerate(words):
        if word[0].isalnum():
            return i
    return None


def attributes(word: str, setting: Setting, lexicon: Lexicon) -> list[tuple[int, str]]:
    """The attributes of a form: how far each reaches, and its name."""
    word = word[:_MAX_FORM]
    if not word.isascii():
        word = word.translate(_QUOTES)
    if setting is Setting.UPPER_CASED and word.isupper() and len(word) > 1:
        cased = word.title() if "." not in word else word
    else:
        cased = word
    lower = cased.lower()
    shape = _shape(word)
    short = _without_runs(shape)
    at = int(setting)
    found = [
        (FAR, f"w={_digits(lower)}"),
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


def boundary(offset: int) -> list[tuple[int, str]]:
    """The attributes of the nothing before (-1) and after (1) a sentence."""
    return [(NEAR, f"b={offset}")]


def pair(before: str, word: str) -> str:
    """The attribute of two words in a row, known to the labels of both; empty where neither has a
    capital, since such pairs hardly ever tell of names.
    """
    if before[0].isupper() or word[0].isupper():
        return f"{before}_{word}"[: 2 * _MAX_FORM].lower()
    return ""


def places(words: Sequence[str], lexicon: Lexicon) -> list[tuple[int, str]]:
    """The tokens inside a name of several words that the lexicon lists as a place."""
    found: list[tuple[int, str]] = []
    last = len(words)
    longest = lexicon.longest
    after = 0
    for i in [i for i, word in enumerate(words) if word in longest]:
        if i < after or i == last - 1 or not words[i][0].isupper():
            continue
        if words[i + 1][0].isupper() or len(words[i + 1]) < 4:  # noqa: PLR2004 - "de", "-", "of"
            for n in range(min(longest[words[i]], _LONGEST_PLACE, last - i), 1, -1):
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


def _digits(word: str) -> str:
    return word if word.isalpha() else re.sub(r"\d", "0", word)
