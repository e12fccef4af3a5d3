"""What an article is about, in its own words: 5 to 10 runs of up to three words, by how often.

Names are left to the entities: no keyword holds a part of one. A keyword neither begins nor ends
with a stop word, stands within one sentence, and holds no other keyword. A text that says little
has fewer. Only English, for which there is a list of stop words.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from services.enrich.nlp.cache import Memory
from services.enrich.nlp.text.stopwords import COMMONPLACE, FILLING, GRAMMAR

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from services.enrich.nlp.entities.recognizer import Mention
    from services.enrich.nlp.text.segmentation import Segments

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

# Words in a row: how much they are not worth, so that the best sorts first, and of equals what is
# said first; the tokens from which and to which they are said first; how often; their stems.
Run = tuple[float, int, int, int, str]


def keywords(segments: Segments, mentions: Iterable[Mention], title_end: int) -> tuple[str, ...]:
    """The keywords, best first.

    :param title_end: where in the text the title ends, 0 if it has none.
    """
    words = [_words[word] for word in segments.words[:MOST_TOKENS]]
    places = _outside_names(segments.words, words, mentions)
    counted = _counted(words, places, {first for first, _ in segments.sentences})
    title = bisect_left(segments.starts, title_end, 0, len(words))
    chosen = _chosen(_ranked(counted, title))
    return tuple(" ".join([word.shown for word in words[run[1] : run[2]]]) for run in chosen)


class _Word(NamedTuple):
    """What a word counts as, "" if nothing; how it is shown; whether it may end a keyword."""

    stem: str
    shown: str
    ends: bool
    filling: bool


_NOTHING = _Word("", "", ends=False, filling=False)


def _outside_names(
    tokens: Sequence[str], words: Sequence[_Word], mentions: Iterable[Mention]
) -> list[int]:
    """Where words stand that count: none in a name, and none with a capital that stands in some
    name elsewhere.
    """
    named: set[str] = set()
    inside: set[int] = set()
    for mention in mentions:
        named.update(mention.words)
        inside.update(range(mention.first, mention.last))
    places = [i for i, word in enumerate(words) if word is not _NOTHING]
    return [
        i for i in places if i not in inside and not (tokens[i] in named and tokens[i][0].isupper())
    ]


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


_words = Memory(_read)


def _stem(word: str) -> str:
    """The singular, as far as an ending tells."""
    if word.endswith("ies") and len(word) > 4:  # noqa: PLR2004 - "ties"
        return word[:-3] + "y"
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def _counted(
    words: Sequence[_Word], places: Iterable[int], openings: AbstractSet[int]
) -> dict[str, list[int]]:
    """Every n-gram of words at these places that stand in a row within a sentence: how often, and
    the tokens of the first time.

    :param openings: the first tokens of sentences.
    """
    counted: dict[str, list[int]] = {}
    before = before2 = ""
    after = -1
    for i in places:
        if i != after or i in openings:
            before = before2 = ""
        after = i + 1
        stem, _, ends, filling = words[i]
        if ends:
            two = f"{before} {stem}" if before else ""
            three = f"{before2} {two}" if before2 else ""
            for begin, stems in ((i - 2, three), (i - 1, two), (i, "" if filling else stem)):
                if stems:
                    known = counted.get(stems)
                    if known is None:
                        counted[stems] = [1, begin, after]
                    else:
                        known[0] += 1
        before2, before = before, stem
    return counted


def _ranked(counted: Mapping[str, Sequence[int]], title: int) -> Iterator[Run]:
    """The runs that may be keywords, best first."""
    runs: list[Run] = []
    chance: list[Run] = []
    for stems, (count, begin, end) in counted.items():
        length = end - begin
        if count < _REPEATED and length == 3 and begin >= title:  # noqa: PLR2004 - a chance run
            continue
        worth = count * _WORTH[length]
        if begin < title:
            worth *= _IN_TITLE
        elif begin < title + _LEAD_TOKENS:
            worth *= _IN_LEAD
        (runs if worth > 1.0 else chance).append((-worth, begin, end, count, stems))
    # Most is worth least, and is seldom asked for.
    yield from sorted(runs)
    yield from sorted(chance)


def _chosen(ranked: Iterable[Run]) -> list[Run]:
    """The best, none of which says again what a better one says."""
    chosen: list[Run] = []
    said: Counter[str] = Counter()
    for run in ranked:
        *_, count, stems = run
        if len(chosen) >= MOST or (len(chosen) >= FEWEST and count < _REPEATED):
            break
        words = stems.split(" ")
        spent = [said[word] for word in words]
        if any(spent) and (len(words) > 1 or count < spent[0] * _ELSEWHERE):
            continue
        chosen.append(run)
        for word in words:
            said[word] += count
    return chosen
