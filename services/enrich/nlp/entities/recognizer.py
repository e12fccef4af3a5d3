"""Recognize persons (PER), organisations (ORG), places (LOC), other names (MISC) in English text.

The CRF and the network beside it score each sentence; then the document is made consistent: a name
that was found in one place is found in the others, and has one type.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, cast

from services.enrich.nlp.arrays import unpack_arrays
from services.enrich.nlp.artefacts import load_artefact
from services.enrich.nlp.entities.cnn import CnnWeights, ContextCnn
from services.enrich.nlp.entities.crf import CrfTagger
from services.enrich.nlp.entities.divided import HALVES
from services.enrich.nlp.entities.weights import CrfWeights
from services.enrich.nlp.lexicon import Lexicon
from services.enrich.nlp.text.segmentation import group_by_size

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from services.enrich.nlp.text.segmentation import Segments

EntityType = Literal["PER", "ORG", "LOC", "MISC"]
# Trained on all corpora, or on those alone whose terms are open: see models/README.md.
CrfVariant = Literal["default", "open"]
_ARTEFACTS: dict[CrfVariant, str] = {"default": "entities", "open": "entities-open"}
_NAMES: dict[CrfVariant, str] = {"default": "newsline-crf", "open": "newsline-crf-open"}
# Where the CRF scores every start of an entity this much below O, the network is not run. Tuned on
# the development parts: a wider margin finds the same, later.
CNN_MARGIN = 6.0
# Tokens of one batch: an article is one batch, a book is not.
_BATCH_TOKENS = 1_000
_MAX_NAME_WORDS = 12  # longer runs are tables and lists in capitals


class Recognizer(Protocol):
    """A model that finds mentions of entities."""

    @property
    def name(self) -> str:
        """The name of the model."""

    @property
    def version(self) -> str:
        """The version of the model."""

    def find_mentions(self, segments: Segments) -> list[Mention]:
        """The mentions in a document, ordered, none overlapping another."""

    def sentence_mentions(self, segments: Segments) -> list[Mention]:
        """The mentions in each sentence by itself."""


class Mention(NamedTuple):
    """A mention of an entity: `text[start:end]`, the tokens `first` to `last` (exclusive) of the
    document.
    """

    start: int
    end: int
    first: int
    last: int
    words: tuple[str, ...]
    type: EntityType


@dataclass(frozen=True, slots=True)
class EntityRecognizer:
    """Finds mentions by the CRF, and the CNN if there is one. Deterministic; not thread-safe."""

    tagger: CrfTagger
    version: str
    name: str = _NAMES["default"]
    cnn: ContextCnn | None = None

    @classmethod
    def from_artefacts(
        cls, models_dir: Path | None = None, variant: CrfVariant = "default"
    ) -> EntityRecognizer:
        """Load the lexicon and a CRF.

        :raises ArtefactUnusable: a file is missing or is not the one that was released.
        """
        lexicon = Lexicon.from_artefacts(models_dir)
        artefact = load_artefact(_ARTEFACTS[variant], models_dir)
        weights = CrfWeights.from_arrays(unpack_arrays(artefact.content))
        return cls(CrfTagger(weights, lexicon), artefact.version, _NAMES[variant])

    def with_cnn(self, models_dir: Path | None = None) -> EntityRecognizer:
        """The same, with the network beside the CRF.

        :raises ArtefactUnusable: its file is missing or is not the one that was released.
        """
        artefact = load_artefact("context", models_dir)
        cnn = ContextCnn(CnnWeights.from_arrays(unpack_arrays(artefact.content)))
        self.tagger.feature_cache.register(cnn)
        version = f"{artefact.version}+{self.version}"
        return replace(self, version=version, name=f"{self.name}-cnn", cnn=cnn)

    def find_mentions(self, segments: Segments) -> list[Mention]:
        """The mentions in a document, ordered, none overlapping another."""
        return enforce_consistency(segments, self.sentence_mentions(segments))

    def sentence_mentions(self, segments: Segments) -> list[Mention]:
        """The mentions in each sentence by itself."""
        sentences = [segments.words[first:last] for first, last in segments.sentences]
        batches = group_by_size([len(sentence) for sentence in sentences], _BATCH_TOKENS)
        labels = (self._labels(sentences[batch.start : batch.stop]) for batch in batches)
        names = self.tagger.weights.labels
        return mentions_of_labels(segments, chain.from_iterable(labels), names)

    def _labels(self, sentences: Sequence[Sequence[str]]) -> Iterator[list[int]]:
        """One label number per word of each sentence."""
        emissions = self.tagger.emissions(sentences)
        if self.cnn is not None:
            wanted = self.tagger.entity_start_mask(emissions, CNN_MARGIN)
            emissions.scores[:] += self.cnn.scores(emissions.sentences, wanted)
        return self.tagger.decode(emissions)


def mentions_of_labels(
    segments: Segments, labels: Iterable[Sequence[int]], names: Sequence[str]
) -> list[Mention]:
    """The mentions that the labels of each sentence's tokens mark; no labels, no mentions.

    :param names: the names of the labels.
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
                mentions.append(mention_at(segments, begin + first, begin + i, entity_type))
            if mark == "B":
                first = i
            before = label
    return mentions


def mention_at(segments: Segments, first: int, last: int, entity_type: EntityType) -> Mention:
    """The mention that consists of these tokens."""
    words = tuple(segments.words[first:last])
    return Mention(segments.starts[first], segments.ends[last - 1], first, last, words, entity_type)


def enforce_consistency(segments: Segments, mentions: Sequence[Mention]) -> list[Mention]:
    """Make the mentions of a document consistent: the same name gets the same type throughout, its
    most frequent one, but a place may also be the team or the government that bears its name; names
    of several words, and surnames of the persons named in full, are found wherever they occur.
    """
    votes: dict[tuple[str, ...], Counter[EntityType]] = defaultdict(Counter)
    for mention in mentions:
        votes[mention.words][mention.type] += 1
    types = {words: _most_frequent(counts) for words, counts in votes.items()}
    names = {w: t for w, t in types.items() if 1 < len(w) <= _MAX_NAME_WORDS}
    for words, entity_type in list(names.items()):
        # A surname is taken for its bearer, unless it was mostly found to be something else.
        surname = words[-1:]
        if entity_type == "PER" and _is_surname(surname[0]) and types.get(surname, "PER") == "PER":
            names[surname] = "PER"
            types[surname] = "PER"
    typed = [m._replace(type=_consistent_type(m.type, types[m.words])) for m in mentions]
    complete = _complete(segments, typed, names)
    return sorted(complete + _halves(segments, complete))


def _most_frequent(counts: Counter[EntityType]) -> EntityType:
    """The most frequent type; of equals the one first met."""
    return counts.most_common(1)[0][0]


def _consistent_type(own: EntityType, usual: EntityType) -> EntityType:
    return own if {own, usual} == {"LOC", "ORG"} else usual


def _is_surname(word: str) -> bool:
    return len(word) > 2 and word.isalpha() and word[0].isupper() and not word.isupper()  # noqa: PLR2004 - "II", "Jr" are none


def _complete(
    segments: Segments, mentions: Sequence[Mention], names: dict[tuple[str, ...], EntityType]
) -> list[Mention]:
    """The mentions, and these names wherever nothing was found, or no more than parts of them."""
    by_first_word: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for name in sorted(names, key=len, reverse=True):
        by_first_word[name[0]].append(name)
    words = segments.words
    owner = {i: m for m in mentions for i in range(m.first, m.last)}
    found = set(mentions)
    for begin, end in segments.sentences if names else ():
        i = begin
        while i < end:
            step = 1
            for name in by_first_word.get(words[i], ()):
                last = i + len(name)
                if last <= end and tuple(words[i:last]) == name:
                    inside = {owner[j] for j in range(i, last) if j in owner}
                    if all(i <= m.first and m.last <= last for m in inside):
                        found -= inside
                        found.add(mention_at(segments, i, last, names[name]))
                        step = len(name)
                        break
            i += step
    return list(found)


def _halves(segments: Segments, mentions: Sequence[Mention]) -> list[Mention]:
    """`the North` where the article names North Korea, and likewise any half of a country."""
    named = {m.words[0] for m in mentions if m.words in HALVES}
    if not named:
        return []
    words = segments.words
    taken = {i for m in mentions for i in range(m.first, m.last)}
    return [
        mention_at(segments, i, i + 1, "LOC")
        for begin, end in segments.sentences
        for i in range(begin + 1, end)
        if words[i] in named
        and i not in taken
        and words[i - 1].lower() == "the"
        and (i + 1 == end or not (words[i + 1][0].isupper() or words[i + 1] == "of"))
    ]
