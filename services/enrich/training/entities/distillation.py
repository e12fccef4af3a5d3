"""Distillation: the training sentences of the convolutional network, each word with a probability
for each label.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from services.enrich.nlp.entities.features import CaseContext, case_contexts
from services.enrich.nlp.text.segmentation import segment
from services.enrich.training.entities.corpus import ENTITY_TYPES, LABELS

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from services.enrich.nlp.transformers.ensemble import EnsembleRecognizer

# Longer names are seldom names that others could take the place of.
_MAX_WORDS = 5
# Of the sentences in which names are swapped, the share of the names that are.
_SWAPPED_SHARE = 0.6

# The words of a sentence, and the probability of each label for each of them: (words, labels).
SoftSentence = tuple[list[str], "NDArray[np.float32]"]


def one_hot(labels: Sequence[int]) -> NDArray[np.float32]:
    """The probabilities of labels that are known, given their numbers."""
    return np.eye(len(LABELS), dtype=np.float32)[labels]


def soft_sentences(texts: Iterable[str], teacher: EnsembleRecognizer) -> Iterator[SoftSentence]:
    """The sentences in which the teacher's transformer finds a name, with its probabilities."""
    for text in texts:
        segments = segment(text)
        for numbers in teacher.windows(segments, range(len(segments.sentences))):
            spans = [segments.sentences[number] for number in numbers]
            words = [word for first, last in spans for word in segments.words[first:last]]
            rest = np.exp(teacher.log_probabilities(words))
            for first, last in spans:
                rows, rest = rest[: last - first], rest[last - first :]
                if rows.argmax(1).any():
                    yield segments.words[first:last], rows


def name_spans(probabilities: NDArray[np.float32]) -> Iterator[tuple[int, int, int]]:
    """The first word, the last word (exclusive), and the number of the type of each name."""
    labels = probabilities.argmax(1).tolist()
    last = 0
    for first, label in enumerate(labels):
        # Odd numbers begin a name, the even ones after them continue it.
        if first >= last and label % 2:
            last = first + 1
            while last < len(labels) and labels[last] == label + 1:
                last += 1
            yield first, last, label // 2


class NameSwapper:
    """Replaces names by others of the same type, so that the network learns less of the names than
    of their context.

    :param sentences: the names in them are the replacements.
    :param places: more names of places.
    """

    def __init__(self, sentences: Iterable[SoftSentence], places: Iterable[str]) -> None:
        pools: list[dict[tuple[str, ...], None]] = [{} for _ in ENTITY_TYPES]
        for words, probabilities in sentences:
            for first, last, kind in name_spans(probabilities):
                if last - first <= _MAX_WORDS:
                    pools[kind][tuple(words[first:last])] = None
        pools[ENTITY_TYPES.index("LOC")] |= dict.fromkeys(tuple(p.split()) for p in places)
        self._pools = [list(pool) for pool in pools]

    def swap(self, sentence: SoftSentence, chance: random.Random) -> SoftSentence:
        """The sentence with most of its names replaced; one in capitals as it is."""
        words, probabilities = sentence
        if case_contexts(words)[:1] == [CaseContext.UPPER_CASED]:
            return sentence
        parts: list[SoftSentence] = []
        at = 0
        for first, last, kind in name_spans(probabilities):
            if self._pools[kind] and chance.random() < _SWAPPED_SHARE:
                name = list(chance.choice(self._pools[kind]))
                begin = 2 * kind + 1
                labels = [begin, *[begin + 1] * (len(name) - 1)]
                parts += [(words[at:first], probabilities[at:first]), (name, one_hot(labels))]
                at = last
        parts.append((words[at:], probabilities[at:]))
        return (
            list(chain.from_iterable(part for part, _ in parts)),
            np.concatenate([rows for _, rows in parts]),
        )
