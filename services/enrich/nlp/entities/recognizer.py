"""English text → mentions of persons (PER), organisations (ORG), places (LOC), other names (MISC).

Reads sentence by sentence with the CRF and the network beside it, whose scores add up; then the
document as a whole: a name that was found in one place is found in the others, and has one type.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, cast

from services.enrich.nlp.arrays import unpack_arrays
from services.enrich.nlp.artefacts import load
from services.enrich.nlp.entities import crf
from services.enrich.nlp.entities.cnn import ContextNetwork, Parts
from services.enrich.nlp.entities.weights import Weights
from services.enrich.nlp.lexicon import Lexicon
from services.enrich.nlp.text.segmentation import windows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from services.enrich.nlp.text.segmentation import Segments

EntityType = Literal["PER", "ORG", "LOC", "MISC"]
# Trained on all corpora, or on those alone whose terms are open: see models/README.md.
Variant = Literal["default", "open"]
_ARTEFACTS: dict[Variant, str] = {"default": "entities", "open": "entities-open"}
_NAMES: dict[Variant, str] = {"default": "newsline-crf", "open": "newsline-crf-open"}
# What an article on Korea calls its two halves.
_HALVES = {"North": ("North", "Korea"), "South": ("South", "Korea")}
# Where the CRF puts every name this much below none, the network is not asked. Tuned on the
# development parts: with more of them asked the same is found, later.
NEAR = 6.0
# Tokens: an article is read at once, a book is not.
_AT_ONCE = 1_000
_LONGEST_NAME = 12  # in words; longer runs are tables and lists in capitals


class Recogniser(Protocol):
    """What finds mentions, and the model and version by which it does."""

    @property
    def name(self) -> str:
        """Of the model."""

    @property
    def version(self) -> str:
        """Of the model."""

    def find(self, segments: Segments) -> list[Mention]:
        """The mentions in a document, ordered, none overlapping another."""

    def tagged(self, segments: Segments) -> list[Mention]:
        """The mentions in each sentence by itself."""


class Mention(NamedTuple):
    """`text[start:end]`, the tokens `first` to `last` (exclusive) of the document."""

    start: int
    end: int
    first: int
    last: int
    words: tuple[str, ...]
    type: EntityType


@dataclass(frozen=True, slots=True)
class EntityRecogniser:
    """Finds mentions. Deterministic; not for several threads at once."""

    tagger: crf.Tagger
    version: str
    name: str = _NAMES["default"]
    context: ContextNetwork | None = None

    @classmethod
    def from_artefacts(
        cls, models_dir: Path | None = None, variant: Variant = "default"
    ) -> EntityRecogniser:
        """Load a CRF of ours.

        :raises ArtefactUnusable: a file is missing or is not the one that was released.
        """
        words = load("lexicon", models_dir)
        model = load(_ARTEFACTS[variant], models_dir)
        weights = Weights.from_arrays(unpack_arrays(model.content))
        lexicon = Lexicon.from_arrays(unpack_arrays(words.content))
        tagger = crf.Tagger(weights, lexicon)
        return cls(tagger, model.version, _NAMES[variant])

    def with_context(self, models_dir: Path | None = None) -> EntityRecogniser:
        """The same, with the network that reads beside the CRF.

        :raises ArtefactUnusable: its file is missing or is not the one that was released.
        """
        artefact = load("context", models_dir)
        network = ContextNetwork(Parts.from_arrays(unpack_arrays(artefact.content)))
        self.tagger.forms.remember(network)
        version = f"{artefact.version}+{self.version}"
        return replace(self, version=version, name=f"{self.name}-cnn", context=network)

    def find(self, segments: Segments) -> list[Mention]:
        """The mentions in a document, ordered, none overlapping another."""
        return consistent(segments, self.tagged(segments))

    def tagged(self, segments: Segments) -> list[Mention]:
        """The mentions in each sentence by itself."""
        sentences = [segments.words[first:last] for first, last in segments.sentences]
        runs = windows([len(sentence) for sentence in sentences], _AT_ONCE)
        read = (self._labels(sentences[run.start : run.stop]) for run in runs)
        return mentions_of(segments, chain.from_iterable(read), self.tagger.weights.labels)

    def _labels(self, sentences: Sequence[Sequence[str]]) -> Iterator[list[int]]:
        """One label number per word of each sentence."""
        reading = self.tagger.read(sentences)
        if self.context is not None:
            near = self.tagger.stops(reading, NEAR)
            reading.leads[:] += self.context(reading.places, near)
        return self.tagger.decode(reading)


def mentions_of(
    segments: Segments, labels: Iterable[Sequence[int]], names: Sequence[str]
) -> list[Mention]:
    """The mentions that the labels of each sentence's tokens tell of; no labels, no mentions.

    :param names: of the labels.
    """
    mentions: list[Mention] = []
    for (begin, _), numbers in zip(segments.sentences, labels, strict=True):
        if not any(numbers):
            continue
        first = before = 0
        for i, label in enumerate((*numbers, 0)):
            mark = names[label][0]
            if before and mark != "I":
                entity_type = cast("EntityType", names[numbers[first]][2:])
                mentions.append(mention(segments, begin + first, begin + i, entity_type))
            if mark == "B":
                first = i
            before = label
    return mentions


def mention(segments: Segments, first: int, last: int, entity_type: EntityType) -> Mention:
    """The mention that consists of these tokens."""
    words = tuple(segments.words[first:last])
    return Mention(segments.starts[first], segments.ends[last - 1], first, last, words, entity_type)


def consistent(segments: Segments, mentions: Sequence[Mention]) -> list[Mention]:
    """The same name gets the same type throughout, its most frequent one, but a place may also be
    the team or the government that bears its name; names of several words, and surnames of the
    persons named in full, are found wherever they stand.
    """
    votes: dict[tuple[str, ...], Counter[EntityType]] = defaultdict(Counter)
    for found in mentions:
        votes[found.words][found.type] += 1
    types = {words: _majority(counts) for words, counts in votes.items()}
    wanted = {w: t for w, t in types.items() if 1 < len(w) <= _LONGEST_NAME}
    for words, entity_type in list(wanted.items()):
        # A surname is taken for its bearer, unless it was mostly found to be something else.
        surname = words[-1:]
        if entity_type == "PER" and _is_surname(surname[0]) and types.get(surname, "PER") == "PER":
            wanted[surname] = "PER"
            types[surname] = "PER"
    settled = [m._replace(type=_settled(m.type, types[m.words])) for m in mentions]
    complete = _completed(segments, settled, wanted)
    return sorted(complete + _halves(segments, complete))


def _majority(counts: Counter[EntityType]) -> EntityType:
    """The most frequent type; of equals the one first met."""
    return counts.most_common(1)[0][0]


def _settled(own: EntityType, usual: EntityType) -> EntityType:
    return own if {own, usual} == {"LOC", "ORG"} else usual


def _is_surname(word: str) -> bool:
    return len(word) > 2 and word.isalpha() and word[0].isupper() and not word.isupper()  # noqa: PLR2004 - "II", "Jr" are none


def _completed(
    segments: Segments, mentions: Sequence[Mention], wanted: dict[tuple[str, ...], EntityType]
) -> list[Mention]:
    """The mentions, and the wanted names where nothing was found, or no more than parts of them."""
    by_opening: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for name in sorted(wanted, key=len, reverse=True):
        by_opening[name[0]].append(name)
    words = segments.words
    owner = {i: m for m in mentions for i in range(m.first, m.last)}
    found = set(mentions)
    for begin, end in segments.sentences if wanted else ():
        i = begin
        while i < end:
            step = 1
            for name in by_opening.get(words[i], ()):
                last = i + len(name)
                if last <= end and tuple(words[i:last]) == name:
                    inside = {owner[j] for j in range(i, last) if j in owner}
                    if all(i <= m.first and m.last <= last for m in inside):
                        found -= inside
                        found.add(mention(segments, i, last, wanted[name]))
                        step = len(name)
                        break
            i += step
    return list(found)


def _halves(segments: Segments, mentions: Sequence[Mention]) -> list[Mention]:
    """`the North` and `the South` where the article speaks of North Korea and South Korea."""
    named = {half for half, name in _HALVES.items() if any(m.words == name for m in mentions)}
    if not named:
        return []
    words = segments.words
    taken = {i for m in mentions for i in range(m.first, m.last)}
    return [
        mention(segments, i, i + 1, "LOC")
        for begin, end in segments.sentences
        for i in range(begin + 1, end)
        if words[i] in named
        and i not in taken
        and words[i - 1].lower() == "the"
        and (i + 1 == end or not (words[i + 1][0].isupper() or words[i + 1] == "of"))
    ]
