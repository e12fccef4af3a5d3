"""Extract keywords: 5 to 10 n-grams of up to three words, by weighted frequency.

Names are left to the entities: no keyword holds a part of one. A keyword neither begins nor ends
with a stop word, stands within one sentence, and holds no other keyword. A short text has fewer.
Only English, for which there is a list of stop words.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from services.enrich.nlp.cache import BoundedCache
from services.enrich.nlp.text.stopwords import FUNCTION_WORDS, NEWS_WORDS, PHRASE_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from services.enrich.nlp.entities.recognizer import Mention
    from services.enrich.nlp.text.segmentation import Segments

MODEL = ("newsline-ngrams", "1")
MIN_KEYWORDS, MAX_KEYWORDS = 5, 10
# Tokens that are read: news names its subject early, and junk stays cheap.
MAX_TOKENS = 5_000
_LENGTHS = range(3, 30)
_QUOTES = str.maketrans("’‘", "''")
# By number of words: a phrase is more specific than its words, but occurs less often.
_LENGTH_WEIGHTS = (0.0, 1.0, 1.9, 2.4)
_TITLE_WEIGHT = 1.8
_LEAD_WEIGHT = 1.25
_LEAD_TOKENS = 80
_REPEATED = 2
# A word of a chosen phrase is a keyword itself only if it occurs so many times as often.
_WORD_TO_PHRASE_RATIO = 3

# An n-gram: its negative weight, so that the best sorts first, and of equals the one that occurs
# first; the tokens from which and to which it first occurs; its count; its stems.
Candidate = tuple[float, int, int, int, str]


def extract_keywords(
    segments: Segments, mentions: Iterable[Mention], title_end: int
) -> tuple[str, ...]:
    """The keywords of a document, best first.

    :param title_end: where in the text the title ends, 0 if it has none.
    """
    words = [_word_cache[word] for word in segments.words[:MAX_TOKENS]]
    positions = _positions_outside_names(segments.words, words, mentions)
    counts = _count_ngrams(words, positions, {first for first, _ in segments.sentences})
    title_tokens = bisect_left(segments.starts, title_end, 0, len(words))
    chosen = _select(_rank(counts, title_tokens))
    return tuple(" ".join([word.shown for word in words[c[1] : c[2]]]) for c in chosen)


class _KeywordWord(NamedTuple):
    """A word's stem, "" if it is a stop word; the form to show; whether it may end a keyword;
    whether it counts only as part of a phrase.
    """

    stem: str
    shown: str
    may_end: bool
    phrase_only: bool


_STOP = _KeywordWord("", "", may_end=False, phrase_only=False)


def _positions_outside_names(
    tokens: Sequence[str], words: Sequence[_KeywordWord], mentions: Iterable[Mention]
) -> list[int]:
    """The positions of words that are no stop words: none in a name, and none with a capital that
    is part of a name elsewhere.
    """
    name_words: set[str] = set()
    inside: set[int] = set()
    for mention in mentions:
        name_words.update(mention.words)
        inside.update(range(mention.first, mention.last))
    positions = [i for i, word in enumerate(words) if word is not _STOP]
    return [
        i
        for i in positions
        if i not in inside and not (tokens[i] in name_words and tokens[i][0].isupper())
    ]


def _keyword_word(word: str) -> _KeywordWord:
    if len(word) not in _LENGTHS or not word.replace("-", "").isalpha():
        return _STOP
    plain = word.translate(_QUOTES)
    lower = plain.lower()
    if lower in FUNCTION_WORDS or lower in NEWS_WORDS:
        return _STOP
    # Adverbs and most past participles are modifiers, never the subject.
    may_end = not lower.endswith(("ly", "ed")) or lower.endswith("eed")
    shown = plain if plain.isupper() and len(plain) < 6 else lower  # noqa: PLR2004 - "GDP"
    return _KeywordWord(_stem(lower), shown, may_end, lower in PHRASE_WORDS)


_word_cache = BoundedCache(_keyword_word)


def _stem(word: str) -> str:
    """The singular, as far as an ending shows it."""
    if word.endswith("ies") and len(word) > 4:  # noqa: PLR2004 - "ties"
        return word[:-3] + "y"
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def _count_ngrams(
    words: Sequence[_KeywordWord], positions: Iterable[int], sentence_starts: AbstractSet[int]
) -> dict[str, list[int]]:
    """Every n-gram of consecutive words at these positions within a sentence: its count, and the
    tokens of its first occurrence.
    """
    counts: dict[str, list[int]] = {}
    before = before2 = ""
    after = -1
    for i in positions:
        if i != after or i in sentence_starts:
            before = before2 = ""
        after = i + 1
        stem, _, may_end, phrase_only = words[i]
        if may_end:
            two = f"{before} {stem}" if before else ""
            three = f"{before2} {two}" if before2 else ""
            one = "" if phrase_only else stem
            for begin, stems in ((i - 2, three), (i - 1, two), (i, one)):
                if stems:
                    counted = counts.get(stems)
                    if counted is None:
                        counts[stems] = [1, begin, after]
                    else:
                        counted[0] += 1
        before2, before = before, stem
    return counts


def _rank(counts: Mapping[str, Sequence[int]], title_tokens: int) -> Iterator[Candidate]:
    """The n-grams that may be keywords, best first."""
    strong: list[Candidate] = []
    weak: list[Candidate] = []
    for stems, (count, begin, end) in counts.items():
        length = end - begin
        if count < _REPEATED and length == 3 and begin >= title_tokens:  # noqa: PLR2004 - a chance run
            continue
        weight = count * _LENGTH_WEIGHTS[length]
        if begin < title_tokens:
            weight *= _TITLE_WEIGHT
        elif begin < title_tokens + _LEAD_TOKENS:
            weight *= _LEAD_WEIGHT
        (strong if weight > 1.0 else weak).append((-weight, begin, end, count, stems))
    # Most candidates are weak, and seldom asked for: they are sorted last.
    yield from sorted(strong)
    yield from sorted(weak)


def _select(ranked: Iterable[Candidate]) -> list[Candidate]:
    """The best candidates, none of which repeats the words of a better one."""
    chosen: list[Candidate] = []
    used: Counter[str] = Counter()
    for candidate in ranked:
        *_, count, stems = candidate
        if len(chosen) >= MAX_KEYWORDS or (len(chosen) >= MIN_KEYWORDS and count < _REPEATED):
            break
        words = stems.split(" ")
        uses = [used[word] for word in words]
        if any(uses) and (len(words) > 1 or count < uses[0] * _WORD_TO_PHRASE_RATIO):
            continue
        chosen.append(candidate)
        for word in words:
            used[word] += count
    return chosen
