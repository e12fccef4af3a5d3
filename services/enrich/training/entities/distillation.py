"""What the convolutional network learns from: sentences, and how likely each label is for each of
their words.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from services.enrich.nlp.entities.features import Setting, settings_of
from services.enrich.nlp.text.segmentation import segment
from services.enrich.training.entities.train_crf import KINDS, LABELS

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from services.enrich.nlp.transformers.ensemble import AccurateRecogniser

# Longer names are seldom names that others could take the place of.
_MOST_WORDS = 5
# Of the sentences in which names are exchanged, the share of the names that are.
_EXCHANGED = 0.6

# The words of a sentence, and how likely each label is for each of them: (words, labels).
Taught = tuple[list[str], "NDArray[np.float32]"]


def certain(labels: Sequence[int]) -> NDArray[np.float32]:
    """The likelihoods of labels that are known, given their numbers."""
    return np.eye(len(LABELS), dtype=np.float32)[labels]


def taught(found: Iterable[str], teacher: AccurateRecogniser) -> Iterator[Taught]:
    """The sentences of texts in which the transformer sees a name, with all it holds likely."""
    for text in found:
        segments = segment(text)
        for numbers in teacher.together(segments, range(len(segments.sentences))):
            spans = [segments.sentences[number] for number in numbers]
            words = [word for first, last in spans for word in segments.words[first:last]]
            told = np.exp(teacher.likelihoods(words))
            for first, last in spans:
                rows, told = told[: last - first], told[last - first :]
                if rows.argmax(1).any():
                    yield segments.words[first:last], rows


def names(likely: NDArray[np.float32]) -> Iterator[tuple[int, int, int]]:
    """Of each name the first word, the last (exclusive), and the number of its type."""
    labels = likely.argmax(1).tolist()
    last = 0
    for first, label in enumerate(labels):
        # Odd numbers begin a name, the even ones after them go on with it.
        if first >= last and label % 2:
            last = first + 1
            while last < len(labels) and labels[last] == label + 1:
                last += 1
            yield first, last, label // 2


class Exchange:
    """Puts other names of the same type in the place of names, so that what is learnt is less what
    the names are than what is said around them.
    """

    def __init__(self, sentences: Iterable[Taught], places: Iterable[str]) -> None:
        pools: list[dict[tuple[str, ...], None]] = [{} for _ in KINDS]
        for words, likely in sentences:
            for first, last, kind in names(likely):
                if last - first <= _MOST_WORDS:
                    pools[kind][tuple(words[first:last])] = None
        pools[KINDS.index("LOC")] |= dict.fromkeys(tuple(place.split()) for place in places)
        self._pools = [list(pool) for pool in pools]

    def __call__(self, sentence: Taught, chance: random.Random) -> Taught:
        """The sentence with most of its names exchanged; one in capitals as it is."""
        words, likely = sentence
        if settings_of(words)[:1] == [Setting.UPPER_CASED]:
            return sentence
        parts: list[Taught] = []
        at = 0
        for first, last, kind in names(likely):
            if self._pools[kind] and chance.random() < _EXCHANGED:
                name = list(chance.choice(self._pools[kind]))
                begin = 2 * kind + 1
                labels = [begin, *[begin + 1] * (len(name) - 1)]
                parts += [(words[at:first], likely[at:first]), (name, certain(labels))]
                at = last
        parts.append((words[at:], likely[at:]))
        return (
            list(chain.from_iterable(part for part, _ in parts)),
            np.concatenate([rows for _, rows in parts]),
        )
