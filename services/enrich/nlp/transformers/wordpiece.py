"""Encode words as the transformers' input: word pieces, and the case of the word of each."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, NamedTuple

from services.enrich.nlp.cache import BoundedCache

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

# The pieces are without case, so the case of the word is encoded beside them: in the token types
# that BERT has for telling two texts apart, which the encoder never used.
LOWER, TITLE, UPPER, INITIAL, MIXED, DIGITS = range(6)
# The token type of the target in a sentence that is scored for its sentiment.
TARGET = 6
# Longer than any name's word: what is cut off does not matter, and junk stays cheap.
_MAX_PIECES = 12
_MAX_WORD_LENGTH = 100
# The pieces of one input, the marks of beginning and end included.
MAX_INPUT_PIECES = 254
# Words either side of a target that are read.
_TARGET_REACH = 60
_IGNORED_CATEGORIES = frozenset({"Mn", "Cc", "Cf", "Co"})
# Ideographs are pieces of their own, as punctuation and the symbols of ASCII are.
_IDEOGRAPH = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")


class EncodedText(NamedTuple):
    """The input of a transformer: the number and the token type of each piece, and for each word
    the position of its first piece.
    """

    ids: list[int]
    kinds: list[int]
    firsts: list[int]


class WordPieceTokenizer:
    """Splits words, each by itself, as BERT's uncased tokenizer does: the longest piece of the
    vocabulary first (Wu et al. 2016). Not thread-safe.

    Its library brings eight packages and a client of a model hub, for these few lines; training
    checks that both split every word of the corpora alike.

    :param vocabulary: the number of each piece.
    """

    def __init__(self, vocabulary: Mapping[str, int]) -> None:
        self.vocabulary = vocabulary
        self._unknown = [vocabulary["[UNK]"]]
        self._cache = BoundedCache(self._encode_word)

    @classmethod
    def from_text(cls, content: bytes) -> WordPieceTokenizer:
        """A tokenizer whose vocabulary is one piece a line, in the order of their numbers."""
        pieces = content.decode().split("\n")
        return cls({piece: number for number, piece in enumerate(pieces)})

    def encode_word(self, word: str) -> tuple[list[int], int]:
        """The numbers of a word's pieces, at least one, and its token type."""
        return self._cache[word]

    def _encode_word(self, word: str) -> tuple[list[int], int]:
        parts = _parts(word[:_MAX_WORD_LENGTH])
        pieces = [number for part in parts for number in self._split(part)]
        return pieces[:_MAX_PIECES] or self._unknown, word_case(word)

    def _split(self, part: str) -> list[int]:
        """The pieces of a run of letters; only the unknown one where it cannot be split."""
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
                return self._unknown
        return numbers

    def encode(self, words: Iterable[str], target: range = range(0)) -> EncodedText:
        """Encode words, up to `MAX_INPUT_PIECES` pieces; the rest is left out.

        :param target: the numbers of the words that are the target, if there is one.
        """
        ids, kinds, firsts = [self.vocabulary["[CLS]"]], [LOWER], []
        for number, word in enumerate(words):
            pieces, kind = self.encode_word(word)
            if len(ids) + len(pieces) >= MAX_INPUT_PIECES:
                break
            firsts.append(len(ids))
            ids += pieces
            kinds += [TARGET if number in target else kind] * len(pieces)
        return EncodedText([*ids, self.vocabulary["[SEP]"]], [*kinds, LOWER], firsts)


def _parts(word: str) -> Iterator[str]:
    """A word in lower case, without accents and control characters, split at punctuation."""
    run = ""
    for character in unicodedata.normalize("NFD", word.lower()):
        category = unicodedata.category(character)
        if category in _IGNORED_CATEGORIES:
            continue
        symbol = character.isascii() and not character.isalnum()
        if symbol or category[0] == "P" or _IDEOGRAPH.match(character):
            yield from filter(None, (run, character))
            run = ""
        else:
            run += character
    if run:
        yield run


def word_case(word: str) -> int:
    """The token type of a word: its case, as far as that tells names from other words."""
    if not any(character.isalpha() for character in word):
        return DIGITS if any(character.isdigit() for character in word) else LOWER
    if word.islower():
        return LOWER
    if len(word) == 1:
        return INITIAL
    if word.isupper():
        return UPPER
    return TITLE if word[0].isupper() and word[1:].islower() else MIXED


def target_window(words: Sequence[str], first: int, last: int) -> tuple[Sequence[str], range]:
    """The words around a target that are read, which are those of the sentence unless it is long,
    and which of them are the target.
    """
    begin = max(0, first - _TARGET_REACH)
    return words[begin : last + _TARGET_REACH], range(first - begin, last - begin)
