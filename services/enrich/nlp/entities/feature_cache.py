"""Word forms by number: what the models make of each is worked out when it is first met, for all
that are met together, and remembered.

A form is a word in a setting (`features.Setting`). Its number is its row in the tables of those who
asked for them.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from services.enrich.nlp.entities.features import (
    Setting,
    attributes,
    boundary,
    casing,
    headline_of,
    opening,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from services.enrich.nlp.lexicon import Lexicon

    Form = tuple[str, Setting]

# So many are remembered: those of about two thousand articles. All are forgotten when there are
# more: to drop only some costs more than to meet the others again.
MOST = 40_000
# Numbers that are no word's: nothing at all, and the nothing before and after a sentence, of which
# the CRF knows something.
_NOTHING, _AHEAD, _BEHIND = range(3)
_WORDS = 3
# Two places lie between sentences, as far as any attribute reaches.
_GAP = 2


class Table(Protocol):
    """What is remembered of forms: a row for each."""

    def reset(self, size: int) -> None:
        """Forget all, and have room for so many."""

    def learn(self, first: int, found: Sequence[Sequence[str]]) -> None:
        """Fill the rows from `first` on: those of forms that have these attributes."""


class Places(NamedTuple):
    """Sentences one after the other, with a gap before and after each: the form at every place, and
    whether it is a word and has a capital; the words alone; the places of each sentence.
    """

    numbers: NDArray[np.intp]
    solid: NDArray[np.bool_]
    capital: NDArray[np.bool_]
    words: Sequence[str]
    firsts: NDArray[np.intp]
    lasts: NDArray[np.intp]


class Forms:
    """The numbers of forms. Not for several threads at once."""

    _size: int
    # So many numbers are given; the next is that of the next form.
    _count: int
    _casings: NDArray[np.int64]
    _capital: NDArray[np.bool_]

    def __init__(self, lexicon: Lexicon) -> None:
        self.lexicon = lexicon
        self._tables: list[Table] = []
        self._known: tuple[dict[str, int], ...] = tuple({} for _ in Setting)
        self._forget(MOST)

    def remember(self, table: Table) -> None:
        """Fill this table from now on."""
        self._tables.append(table)
        self._forget(MOST)

    def read(self, sentences: Sequence[Sequence[str]]) -> Places:
        """The forms of some sentences."""
        words = list(chain.from_iterable(sentences))
        different = set(words)
        most = len(Setting) * len(different)
        if self._count + most > self._size:
            self._forget(max(MOST, _WORDS + most))
        lengths = np.fromiter(map(len, sentences), np.intp, len(sentences))
        ends = np.cumsum(lengths)
        numbers = self._forms(words, different, sentences, ends)
        firsts = ends - lengths + _GAP * np.arange(1, len(sentences) + 1)
        lasts = firsts + lengths
        at = np.arange(len(words)) + np.repeat(firsts - ends + lengths, lengths)
        placed = np.full(len(words) + _GAP * (len(sentences) + 1), _NOTHING)
        placed[firsts - 1] = _AHEAD
        placed[lasts] = _BEHIND
        placed[at] = numbers
        return Places(placed, placed >= _WORDS, self._capital[placed], words, firsts, lasts)

    def _forms(
        self,
        words: Sequence[str],
        different: set[str],
        sentences: Sequence[Sequence[str]],
        ends: NDArray[np.intp],
    ) -> NDArray[np.intp]:
        """The form of each word."""
        known = self._known[Setting.INSIDE]
        self._learn((word, Setting.INSIDE) for word in different.difference(known))
        numbers = np.fromiter(map(known.__getitem__, words), np.intp, len(words))
        sums = [0, *np.cumsum(self._casings[numbers]).tolist()]
        others: list[tuple[int, Form]] = []
        for sentence, end in zip(sentences, ends.tolist(), strict=True):
            begin = end - len(sentence)
            headline = headline_of(sums[end] - sums[begin])
            if headline is not None:
                others += [(i, (word, headline)) for i, word in enumerate(sentence, begin)]
            elif (first := opening(sentence)) is not None:
                others.append((begin + first, (sentence[first], Setting.FIRST)))
        forms = self._known
        self._learn({form for _, form in others if form[0] not in forms[form[1]]})
        numbers[[i for i, _ in others]] = [forms[setting][word] for _, (word, setting) in others]
        return numbers

    def _learn(self, forms: Iterable[Form]) -> None:
        """Number these forms, and have the tables filled."""
        # In the same order always, whatever the order of sets is.
        fresh = sorted(forms)
        if not fresh:
            return
        first = self._count
        last = first + len(fresh)
        self._casings[first:last] = [casing(word) for word, _ in fresh]
        self._capital[first:last] = [word[0].isupper() for word, _ in fresh]
        found = [
            [key for _, key in attributes(word, setting, self.lexicon)] for word, setting in fresh
        ]
        for table in self._tables:
            table.learn(first, found)
        # Known only now that all is: whoever fails above leaves nothing half done.
        self._count = last
        for number, (word, setting) in enumerate(fresh, first):
            self._known[setting][word] = number

    def _forget(self, size: int) -> None:
        for known in self._known:
            known.clear()
        self._size = size
        self._count = _WORDS
        self._casings = np.zeros(size, np.int64)
        self._capital = np.zeros(size, np.bool_)
        for table in self._tables:
            table.reset(size)
            table.learn(_AHEAD, [[key for _, key in boundary(offset)] for offset in (-1, 1)])


def numbered(
    found: Sequence[Sequence[str]], known: Mapping[str, int]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The numbers of the attributes that are known, one after the other; how many each form has."""
    numbers = [[known[key] for key in keys if key in known] for keys in found]
    sizes = np.fromiter(map(len, numbers), np.intp, len(numbers))
    return np.fromiter(chain.from_iterable(numbers), np.intp, int(sizes.sum())), sizes
