"""What the entity model sees of a token.

Every attribute here depends on one word form and the kind of place it stands in (`Setting`), and
counts for the labels of that token and its neighbours. A form's contribution to the scores is hence
computed once and looked up ever after, which is what makes the model fast (see `crf.py`); only the
two-word and place-name attributes are looked up per token. Training calls the same functions.
"""

from __future__ import annotations

import re
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.enrich.lexicon import Lexicon

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
    cased = [word for word in words if len(word) > 2 and word[0].isalpha()]  # noqa: PLR2004 - shorter ones are lower-cased in titles
    count = len(cased)
    upper = sum(word.isupper() for word in cased)
    if count >= _FEWEST_CASED and upper >= count * 0.8:
        return [Setting.UPPER_CASED] * len(words)
    capital = sum(word[0].isupper() for word in cased)
    if count > _FEWEST_CASED and capital >= count * _CASED_SHARE:
        return [Setting.TITLE_CASED] * len(words)
    settings = [Setting.INSIDE] * len(words)
    for i, word in enumerate(words):
        if word[0].isalnum():
            settings[i] = Setting.FIRST
            break
    return settings


def attributes(word: str, setting: Setting, lexicon: Lexicon) -> list[tuple[int, str]]:
    """The attributes of a form: how far each reaches, and its name."""
    word = word[:_MAX_FORM].translate(_QUOTES)
    if setting is Setting.UPPER_CASED and word.isupper() and len(word) > 1:
        cased = word.title() if "." not in word else word
    else:
        cased = word
    lower = cased.lower()
    shape = _shape(word)
    short = _RUNS.sub(r"\1", shape)
    at = setting.value
    found = [
        (FAR, f"w={_digits(lower)}"),
        (NEAR, f"f={cased}"),
        (FAR, f"h={short}{at}"),
        (OWN, f"H={shape[:12]}"),
    ]
    found += [(OWN, f"p{n}={lower[:n]}") for n in (1, 2, 3, 4) if len(lower) > n]
    found += [(OWN, f"s{n}={lower[-n:]}") for n in (1, 4) if len(lower) > n]
    found += [(NEAR, f"s{n}={lower[-n:]}") for n in (2, 3) if len(lower) > n]
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
    i = 0
    while i < last - 1:
        if words[i][0].isupper() and (words[i + 1][0].isupper() or len(words[i + 1]) < 4):  # noqa: PLR2004 - "de", "-", "of"
            for n in range(min(_LONGEST_PLACE, last - i), 1, -1):
                if kind := lexicon.places.get(" ".join(words[i : i + n])):
                    found.append((i, f"G=B{kind}"))
                    found += [(j, f"G=I{kind}") for j in range(i + 1, i + n)]
                    i += n - 1
                    break
        i += 1
    return found


def _shape(word: str) -> str:
    return "".join(
        "X" if c.isupper() else "x" if c.isalpha() else "0" if c.isdigit() else c for c in word
    )


def _digits(word: str) -> str:
    return word if word.isalpha() else re.sub(r"\d", "0", word)
