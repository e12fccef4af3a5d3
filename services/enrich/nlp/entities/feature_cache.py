"""Cache per word form: each model's features of a form are computed when it is first met, for all
new forms together, and kept.

A form is a word in a case context (`features.CaseContext`). Its number is its row in the tables of
the models.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from services.enrich.nlp.entities.features import (
    CaseContext,
    boundary_attributes,
    case_counts,
    first_word_index,
    headline_context,
    word_attributes,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from services.enrich.nlp.lexicon import Lexicon

    Form = tuple[str, CaseContext]

# The forms of about two thousand articles. When there are more, all are dropped: to drop only some
# costs more than to compute the others again.
MAX_FORMS = 40_000
# Numbers of what is no word: padding between sentences, and the padding just before and just after
# a sentence, for which the CRF has weights.
_PADDING, _BEFORE, _AFTER = range(3)
_FIRST_FORM = 3
# Padding tokens between two sentences: as far as any attribute reaches.
_GAP = 2


class FeatureTable(Protocol):
    """A model's features of forms: a row for each."""

    def reset(self, size: int) -> None:
        """Drop all rows, and allocate `size` new ones."""

    def fill(self, first_row: int, attributes: Sequence[Sequence[str]]) -> None:
        """Compute the rows from `first_row` on: those of forms that have these attributes."""


class PackedSentences(NamedTuple):
    """Sentences in one sequence, with padding before and after each: at each position the number of
    the form, whether it is a word, and whether it begins with a capital; the words alone; the first
    and last (exclusive) position of each sentence.
    """

    forms: NDArray[np.intp]
    is_word: NDArray[np.bool_]
    is_capitalized: NDArray[np.bool_]
    words: Sequence[str]
    firsts: NDArray[np.intp]
    lasts: NDArray[np.intp]


class FeatureCache:
    """Numbers the forms, and has the tables of the models filled. Not thread-safe."""

    _size: int
    # The number of the next new form.
    _count: int
    _case_counts: NDArray[np.int64]
    _is_capitalized: NDArray[np.bool_]

    def __init__(self, lexicon: Lexicon) -> None:
        self.lexicon = lexicon
        self._tables: list[FeatureTable] = []
        self._numbers: tuple[dict[str, int], ...] = tuple({} for _ in CaseContext)
        self._reset(MAX_FORMS)

    def register(self, table: FeatureTable) -> None:
        """Fill this table from now on."""
        self._tables.append(table)
        self._reset(MAX_FORMS)

    def pack(self, sentences: Sequence[Sequence[str]]) -> PackedSentences:
        """Look up the forms of sentences."""
        words = list(chain.from_iterable(sentences))
        distinct = set(words)
        max_new = len(CaseContext) * len(distinct)
        if self._count + max_new > self._size:
            self._reset(max(MAX_FORMS, _FIRST_FORM + max_new))
        lengths = np.fromiter(map(len, sentences), np.intp, len(sentences))
        ends = np.cumsum(lengths)
        numbers = self._form_numbers(words, distinct, sentences, ends)
        firsts = ends - lengths + _GAP * np.arange(1, len(sentences) + 1)
        lasts = firsts + lengths
        positions = np.arange(len(words)) + np.repeat(firsts - ends + lengths, lengths)
        forms = np.full(len(words) + _GAP * (len(sentences) + 1), _PADDING)
        forms[firsts - 1] = _BEFORE
        forms[lasts] = _AFTER
        forms[positions] = numbers
        is_word = forms >= _FIRST_FORM
        return PackedSentences(forms, is_word, self._is_capitalized[forms], words, firsts, lasts)

    def _form_numbers(
        self,
        words: Sequence[str],
        distinct: set[str],
        sentences: Sequence[Sequence[str]],
        ends: NDArray[np.intp],
    ) -> NDArray[np.intp]:
        """The number of the form of each word."""
        inside = self._numbers[CaseContext.INSIDE]
        self._add((word, CaseContext.INSIDE) for word in distinct.difference(inside))
        numbers = np.fromiter(map(inside.__getitem__, words), np.intp, len(words))
        sums = [0, *np.cumsum(self._case_counts[numbers]).tolist()]
        others: list[tuple[int, Form]] = []
        for sentence, end in zip(sentences, ends.tolist(), strict=True):
            begin = end - len(sentence)
            headline = headline_context(sums[end] - sums[begin])
            if headline is not None:
                others += [(i, (word, headline)) for i, word in enumerate(sentence, begin)]
            elif (first := first_word_index(sentence)) is not None:
                others.append((begin + first, (sentence[first], CaseContext.FIRST)))
        known = self._numbers
        self._add({form for _, form in others if form[0] not in known[form[1]]})
        numbers[[i for i, _ in others]] = [known[context][word] for _, (word, context) in others]
        return numbers

    def _add(self, forms: Iterable[Form]) -> None:
        """Number these forms, and have the tables filled."""
        # Sorted, so that the numbers do not depend on the order of a set.
        new = sorted(forms)
        if not new:
            return
        first = self._count
        last = first + len(new)
        self._case_counts[first:last] = [case_counts(word) for word, _ in new]
        self._is_capitalized[first:last] = [word[0].isupper() for word, _ in new]
        attributes = [
            [name for _, name in word_attributes(word, context, self.lexicon)]
            for word, context in new
        ]
        for table in self._tables:
            table.fill(first, attributes)
        # Known only now that all rows are there: a failure above leaves nothing half done.
        self._count = last
        for number, (word, context) in enumerate(new, first):
            self._numbers[context][word] = number

    def _reset(self, size: int) -> None:
        for numbers in self._numbers:
            numbers.clear()
        self._size = size
        self._count = _FIRST_FORM
        self._case_counts = np.zeros(size, np.int64)
        self._is_capitalized = np.zeros(size, np.bool_)
        boundaries = [[name for _, name in boundary_attributes(offset)] for offset in (-1, 1)]
        for table in self._tables:
            table.reset(size)
            table.fill(_BEFORE, boundaries)


def attribute_numbers(
    attributes: Sequence[Sequence[str]], known: Mapping[str, int]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The numbers of the attributes that a model knows, in one array; how many each form has."""
    numbers = [[known[name] for name in names if name in known] for names in attributes]
    sizes = np.fromiter(map(len, numbers), np.intp, len(numbers))
    return np.fromiter(chain.from_iterable(numbers), np.intp, int(sizes.sum())), sizes
