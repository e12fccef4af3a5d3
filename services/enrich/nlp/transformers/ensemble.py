"""The accurate path: small transformers beside the models of the default path.

Both read, and what they hold likely is added up: the transformer knows language, the CRF capitals,
place names and what words of a name follow each other. Measured, the two together are better than
either (see models/README.md).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from services.enrich.nlp.artefacts import load
from services.enrich.nlp.entities.crf import leads_over_o
from services.enrich.nlp.entities.recognizer import consistent, mentions_of
from services.enrich.nlp.text.segmentation import windows
from services.enrich.nlp.transformers.onnx import Network
from services.enrich.nlp.transformers.wordpiece import WordPieces, around

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from services.enrich.nlp.entities.recognizer import EntityRecogniser, Mention
    from services.enrich.nlp.sentiment.target_model import TargetScorer, View
    from services.enrich.nlp.text.segmentation import Segments

# Sentences are read together up to so many pieces: each is context for the others, and fewer,
# longer runs cost less.
WINDOW_PIECES = 128
# How much what the transformer says counts against the CRF. Tuned on the development parts.
ENTITY_WEIGHT = 2.0
# Where the CRF finds nothing but O likely by this much, no word of a sentence is a name.
SURE = 8.0
# How much the transformer counts in the sentiment of a target, of 1.
TARGET_WEIGHT = 0.7
# The most salient entities, whose sentiment it tells; of the next ones the regression alone does.
MOST_TARGETS = 5


def load_models(
    crf: EntityRecogniser, regression: TargetScorer, models_dir: Path | None = None
) -> tuple[AccurateRecogniser, AccurateTargetScorer]:
    """The accurate models, beside those of the default path.

    :raises ArtefactUnusable: a file is missing or is not the one that was released.
    """
    recogniser = load_recogniser(crf, models_dir)
    network = Network("targets-minilm", models_dir)
    return recogniser, AccurateTargetScorer(regression, recogniser.pieces, network)


def load_recogniser(crf: EntityRecogniser, models_dir: Path | None = None) -> AccurateRecogniser:
    """The accurate model of entities, beside that of the default path.

    :raises ArtefactUnusable: a file is missing or is not the one that was released.
    """
    pieces = WordPieces.unpack(load("wordpieces", models_dir).content)
    return AccurateRecogniser(crf, pieces, Network("entities-minilm", models_dir))


@dataclass(frozen=True, slots=True)
class AccurateRecogniser:
    """Finds mentions by both models. Not for several threads at once."""

    crf: EntityRecogniser
    pieces: WordPieces
    network: Network
    name: str = "newsline-minilm-entities"

    @property
    def version(self) -> str:
        """Of both models, since either changes what is found."""
        return f"{self.network.version}+{self.crf.version}"

    def find(self, segments: Segments) -> list[Mention]:
        """The mentions in a document, ordered, none overlapping another."""
        return consistent(segments, self.tagged(segments))

    def tagged(self, segments: Segments) -> list[Mention]:
        """The mentions in each sentence."""
        tagger, words = self.crf.tagger, segments.words
        sentences = [words[first:last] for first, last in segments.sentences]
        reading = tagger.read(sentences)
        placed = list(map(slice, reading.places.firsts, reading.places.lasts))
        stops = tagger.stops(reading, SURE)
        unsure = [stops[at].any() for at in placed]
        for numbers in self.together(segments, np.flatnonzero(unsure).tolist()):
            told = self.likelihoods([word for n in numbers for word in sentences[n]])
            at = np.r_[tuple(placed[n] for n in numbers)]
            reading.leads[at] += ENTITY_WEIGHT * leads_over_o(told.astype(np.float64))
        found = zip(tagger.decode(reading), unsure, strict=True)
        # Where the transformer was not asked nothing is a name.
        labels = (told if asked else [] for told, asked in found)
        return mentions_of(segments, labels, tagger.weights.labels)

    def together(self, segments: Segments, numbers: Sequence[int]) -> Iterator[Sequence[int]]:
        """The sentences of these numbers in groups that are read together."""
        words = segments.words
        sizes = [
            sum(len(self.pieces.of(word)[0]) for word in words[first:last])
            for first, last in (segments.sentences[number] for number in numbers)
        ]
        for run in windows(sizes, WINDOW_PIECES):
            yield numbers[run.start : run.stop]

    def likelihoods(self, words: Sequence[str]) -> NDArray[np.float32]:
        """What the transformer holds likely of each word, of which there is at least one: for each
        label the logarithm of its probability, (words, labels).
        """
        told: list[NDArray[np.float32]] = []
        at = 0
        while at < len(words):
            inputs = self.pieces.inputs(words[at:])
            told.append(self.network(inputs)[inputs.firsts])
            at += len(inputs.firsts)
        return np.concatenate(told)


@dataclass(frozen=True, slots=True)
class AccurateTargetScorer:
    """Scores targets by both models. Not for several threads at once."""

    regression: TargetScorer
    pieces: WordPieces
    network: Network
    name: str = "newsline-minilm-targets"

    @property
    def version(self) -> str:
        """Of both models, since either changes what is told."""
        return f"{self.network.version}+{self.regression.version}"

    def view(self, words: Sequence[str]) -> View:
        """What the targets of a sentence share, given its tokens."""
        return self.regression.view(words)

    def score(self, view: View, first: int, last: int) -> tuple[float, float, float]:
        """How likely it is spoken of tokens `first` to `last` (exclusive) negatively, neutrally,
        positively.
        """
        plain = self.regression.score(view, first, last)
        words, inside = around(view.sentence.words, first, last)
        inputs = self.pieces.inputs(words, inside)
        if len(inputs.firsts) <= inside.start:
            return plain  # junk before the target filled what is read at once
        told = self.network(inputs)[0].tolist()
        odds = [
            math.exp(TARGET_WEIGHT * one + (1 - TARGET_WEIGHT) * math.log(max(other, 1e-9)))
            for one, other in zip(told, plain, strict=True)
        ]
        total = sum(odds)
        return odds[0] / total, odds[1] / total, odds[2] / total
