"""What an article is about, in its own words: 5 to 10 runs of up to three words, by how often.

Names are left to the entities: no keyword holds a part of one. A keyword neither begins nor ends
with a stop word, stands within one sentence, and holds no other keyword. A text that says little
has fewer. Only English, for which there is a list of stop words.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from services.enrich.stopwords import COMMONPLACE, FILLING, GRAMMAR

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from services.enrich.entities import Mention
    from services.enrich.segmentation import Segments

MODEL = ("newsline-ngrams", "1")
FEWEST, MOST = 5, 10
# What is read: news tells its subject early, and junk stays cheap.
MOST_TOKENS = 5_000
_LENGTHS = range(3, 30)
_QUOTES = str.maketrans("’‘", "''")
# A phrase says more than its words do, but is said less often.
_WORTH = (0.0, 1.0, 1.9, 2.4)
_IN_TITLE = 1.8
_IN_LEAD = 1.25
_LEAD_TOKENS = 80
_REPEATED = 2
# A word alone stands beside a phrase that holds it only if most of its uses are elsewhere.
_ELSEWHERE = 3

Key = tuple[str, ...]


def keywords(segments: Segments, mentions: Iterable[Mention], title_end: int) -> tuple[str, ...]:
    """The keywords, best first.

    :param title_end: where in the text the title ends, 0 if it has none.
    """
    words = [_read(word) for word in segments.words[:MOST_TOKENS]]
    _leave_out_names(segments.words, words, mentions)
    counts: Counter[Key] = Counter()
    forms: dict[Key, tuple[int, int]] = {}
    for first, last in _runs(segments.sentences, words):
        _count(words, first, last, counts, forms)
    title = sum(start < title_end for start in segments.starts[:MOST_TOKENS])
    ranked = sorted(
        (-_score(key, count, forms[key][0], title), forms[key], key)
        for key, count in counts.items()
        if count >= _REPEATED or len(key) < 3 or forms[key][0] < title  # noqa: PLR2004 - a chance run
    )
    chosen = _chosen([(key, counts[key]) for _, _, key in ranked])
    return tuple(
        " ".join(words[i].shown for i in range(forms[key][0], forms[key][1])) for key in chosen
    )


class _Word(NamedTuple):
    """What a word counts as, "" if nothing; how it is shown; whether it may end a keyword."""

    stem: str
    shown: str
    ends: bool
    filling: bool


_NOTHING = _Word("", "", ends=False, filling=False)


def _leave_out_names(
    tokens: Sequence[str], words: list[_Word], mentions: Iterable[Mention]
) -> None:
    """Blank what stands in a name, and capitalised words that stand in some name elsewhere."""
    named: set[str] = set()
    for mention in mentions:
        named.update(mention.words)
        for i in range(mention.first, min(mention.last, len(words))):
            words[i] = _NOTHING
    for i, word in enumerate(words):
        if word.stem and tokens[i] in named and tokens[i][0].isupper():
            words[i] = _NOTHING


@lru_cache(maxsize=20_000)
def _read(word: str) -> _Word:
    if len(word) not in _LENGTHS or not word.replace("-", "").isalpha():
        return _NOTHING
    plain = word.translate(_QUOTES)
    lower = plain.lower()
    if lower in GRAMMAR or lower in COMMONPLACE:
        return _NOTHING
    # Adverbs, and most of what happened: modifiers, never what is spoken of.
    ends = not lower.endswith(("ly", "ed")) or lower.endswith("eed")
    shown = plain if plain.isupper() and len(plain) < 6 else lower  # noqa: PLR2004 - "GDP"
    return _Word(_stem(lower), shown, ends, lower in FILLING)


def _stem(word: str) -> str:
    """The singular, as far as an ending tells."""
    if word.endswith("ies") and len(word) > 4:  # noqa: PLR2004 - "ties"
        return word[:-3] + "y"
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def _runs(
    sentences: Sequence[tuple[int, int]], words: Sequence[_Word]
) -> Iterable[tuple[int, int]]:
    """The runs of words that may be in keywords."""
    for begin, end in sentences:
        first = begin
        for i in range(begin, min(end, len(words))):
            if not words[i].stem:
                if first < i:
                    yield first, i
                first = i + 1
        if first < min(end, len(words)):
            yield first, min(end, len(words))


def _count(
    words: Sequence[_Word],
    first: int,
    last: int,
    counts: Counter[Key],
    forms: dict[Key, tuple[int, int]],
) -> None:
    """Count every n-gram of a run, and remember where each was first."""
    for end in range(first + 1, last + 1):
        if words[end - 1].ends:
            for begin in range(max(first, end - 3), end):
                if end - begin == 1 and words[begin].filling:
                    continue
                key = tuple([word.stem for word in words[begin:end]])
                counts[key] += 1
                if key not in forms:
                    forms[key] = (begin, end)


def _score(key: Key, count: int, first: int, title: int) -> float:
    worth = count * _WORTH[len(key)]
    if first < title:
        worth *= _IN_TITLE
    elif first < title + _LEAD_TOKENS:
        worth *= _IN_LEAD
    return worth


def _chosen(ranked: Sequence[tuple[Key, int]]) -> list[Key]:
    """The best, none of which says again what a better one says."""
    chosen: list[Key] = []
    said: Counter[str] = Counter()
    for key, count in ranked:
        if len(chosen) >= MOST or (len(chosen) >= FEWEST and count < _REPEATED):
            break
        spent = [said[word] for word in key]
        if any(spent) and (len(key) > 1 or count < spent[0] * _ELSEWHERE):
            continue
        chosen.append(key)
        for word in key:
            said[word] += count
    return chosen
