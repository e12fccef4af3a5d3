"""Words → what the transformers read of them: word pieces, and how the word is written."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

# The pieces know no capitals, so that how a word is written is told beside them: in the inputs that
# BERT has for telling two texts apart, which the encoder never used.
LOWER, TITLE, UPPER, INITIAL, MIXED, DIGITS = range(6)
# The place of the target in a sentence that is read for what it says of it.
TARGET = 6
# Longer than any name's word: what is cut off tells nothing, and keeps junk cheap.
_MOST_PIECES = 12
_LONGEST_WORD = 100
# More is never read at once, the marks of beginning and end included.
MOST_INPUTS = 254
# Forms remembered, 0.3 kB each. When they are too many the older half is forgotten.
_MOST_FORMS = 20_000
# Words either side of a target that are read.
_REACH = 60
_LEFT_OUT = frozenset({"Mn", "Cc", "Cf", "Co"})
# Ideographs stand alone, as marks and the signs of ASCII do.
_IDEOGRAPH = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")


class Inputs(NamedTuple):
    """What a network reads: a number per piece, how its word is written, and for each word the
    position of its first piece.
    """

    ids: list[int]
    kinds: list[int]
    firsts: list[int]


@dataclass(slots=True)
class WordPieces:
    """Cuts words, each by itself, as BERT's tokeniser without case does: the longest piece of the
    vocabulary first (Wu et al. 2016). Not for several threads at once.

    Its library brings eight packages and a client of a model hub, for these few lines; training
    checks that both cut every word of the corpora alike.
    """

    vocabulary: Mapping[str, int]
    _forms: dict[str, tuple[list[int], int]] = field(default_factory=dict)

    @classmethod
    def unpack(cls, content: bytes) -> WordPieces:
        """From a file of one piece a line, in the order of their numbers."""
        pieces = content.decode().split("\n")
        return cls({piece: number for number, piece in enumerate(pieces)})

    def of(self, word: str) -> tuple[list[int], int]:
        """The numbers of a word's pieces, at least one, and how it is written."""
        form = self._forms.get(word)
        if form is None:
            parts = _parts(word[:_LONGEST_WORD])
            found = [number for part in parts for number in self._cut(part)]
            form = found[:_MOST_PIECES] or [self.vocabulary["[UNK]"]], written(word)
            if len(self._forms) >= _MOST_FORMS:
                for old in list(islice(self._forms, _MOST_FORMS // 2)):
                    del self._forms[old]
            self._forms[word] = form
        return form

    def _cut(self, part: str) -> list[int]:
        """The pieces of letters in a row; the unknown one alone where they cannot be cut."""
        numbers = []
        begin, mark = 0, ""
        while begin < len(part):
            for end in range(len(part), begin, -1):
                number = self.vocabulary.get(mark + part[begin:end])
                if number is not None:
                    numbers.append(number)
                    begin, mark = end, "##"
                    break
            else:
                return [self.vocabulary["[UNK]"]]
        return numbers

    def inputs(self, words: Iterable[str], target: range = range(0)) -> Inputs:
        """What is read of these words; those past `MOST_INPUTS` pieces are not read.

        :param target: the numbers of the words that are the target, if there is one.
        """
        ids, kinds, firsts = [self.vocabulary["[CLS]"]], [LOWER], []
        for number, word in enumerate(words):
            found, kind = self.of(word)
            if len(ids) + len(found) >= MOST_INPUTS:
                break
            firsts.append(len(ids))
            ids += found
            kinds += [TARGET if number in target else kind] * len(found)
        return Inputs([*ids, self.vocabulary["[SEP]"]], [*kinds, LOWER], firsts)


def _parts(word: str) -> Iterator[str]:
    """A word in lower case, without accents and control characters, cut at marks."""
    run = ""
    for character in unicodedata.normalize("NFD", word.lower()):
        category = unicodedata.category(character)
        if category in _LEFT_OUT:
            continue
        sign = character.isascii() and not character.isalnum()
        if sign or category[0] == "P" or _IDEOGRAPH.match(character):
            yield from filter(None, (run, character))
            run = ""
        else:
            run += character
    if run:
        yield run


def written(word: str) -> int:
    """How a word is written, as far as that tells names from other words."""
    if not any(character.isalpha() for character in word):
        return DIGITS if any(character.isdigit() for character in word) else LOWER
    if word.islower():
        return LOWER
    if len(word) == 1:
        return INITIAL
    if word.isupper():
        return UPPER
    return TITLE if word[0].isupper() and word[1:].islower() else MIXED


def around(words: Sequence[str], first: int, last: int) -> tuple[Sequence[str], range]:
    """The words that are read of a target, which are those of the sentence unless it is long, and
    which of them the target is.
    """
    begin = max(0, first - _REACH)
    return words[begin : last + _REACH], range(first - begin, last - begin)
