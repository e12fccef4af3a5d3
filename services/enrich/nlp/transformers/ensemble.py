"""The ensemble path: small transformers beside the models of the default path.

The log-probabilities of both are added: the transformer knows language, the CRF capitals, place
names and which words of a name follow each other. Measured, the two together are better than either
(see models/README.md).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from services.enrich.nlp.artefacts import load_artefact
from services.enrich.nlp.entities.crf import relative_to_o
from services.enrich.nlp.entities.recognizer import enforce_consistency, mentions_of_labels
from services.enrich.nlp.text.segmentation import group_by_size
from services.enrich.nlp.transformers.onnx import OnnxModel
from services.enrich.nlp.transformers.wordpiece import WordPieceTokenizer, target_window

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from services.enrich.nlp.entities.recognizer import EntityRecognizer, Mention
    from services.enrich.nlp.sentiment.target_model import LinearTargetScorer, SentenceScores
    from services.enrich.nlp.text.segmentation import Segments

# Sentences are read together up to so many pieces: each is context for the others, and fewer,
# longer runs cost less.
WINDOW_PIECES = 128
# The weight of the transformer's log-probabilities against the CRF's scores. Tuned on the
# development parts.
ENTITY_WEIGHT = 2.0
# A sentence is read by the transformer unless the CRF scores the start of an entity this much below
# O at every token.
CONFIDENT_MARGIN = 8.0
# The weight of the transformer in the sentiment of a target; the rest is the regression's.
TARGET_WEIGHT = 0.7
# The transformer scores so many of the most salient entities; the regression alone the next ones.
MAX_TARGETS = 5


def load_ensembles(
    crf: EntityRecognizer, linear: LinearTargetScorer, models_dir: Path | None = None
) -> tuple[EnsembleRecognizer, EnsembleTargetScorer]:
    """Load both transformers, each beside its model of the default path.

    :raises ArtefactUnusable: a file is missing or is not the one that was released.
    """
    recognizer = load_ensemble_recognizer(crf, models_dir)
    transformer = OnnxModel("targets-minilm", models_dir)
    return recognizer, EnsembleTargetScorer(linear, recognizer.tokenizer, transformer)


def load_ensemble_recognizer(
    crf: EntityRecognizer, models_dir: Path | None = None
) -> EnsembleRecognizer:
    """Load the transformer of entities beside the CRF.

    :raises ArtefactUnusable: a file is missing or is not the one that was released.
    """
    tokenizer = WordPieceTokenizer.from_text(load_artefact("wordpieces", models_dir).content)
    return EnsembleRecognizer(crf, tokenizer, OnnxModel("entities-minilm", models_dir))


@dataclass(frozen=True, slots=True)
class EnsembleRecognizer:
    """Finds mentions by the CRF and the transformer together. Not thread-safe."""

    crf: EntityRecognizer
    tokenizer: WordPieceTokenizer
    transformer: OnnxModel
    name: str = "newsline-minilm-entities"

    @property
    def version(self) -> str:
        """The versions of both models, since either changes the result."""
        return f"{self.transformer.version}+{self.crf.version}"

    def find_mentions(self, segments: Segments) -> list[Mention]:
        """The mentions in a document, ordered, none overlapping another."""
        return enforce_consistency(segments, self.sentence_mentions(segments))

    def sentence_mentions(self, segments: Segments) -> list[Mention]:
        """The mentions in each sentence by itself."""
        tagger, words = self.crf.tagger, segments.words
        sentences = [words[first:last] for first, last in segments.sentences]
        emissions = tagger.emissions(sentences)
        packed = emissions.sentences
        slices = list(map(slice, packed.firsts, packed.lasts))
        possible = tagger.entity_start_mask(emissions, CONFIDENT_MARGIN)
        unsure = [possible[tokens].any() for tokens in slices]
        for numbers in self.windows(segments, np.flatnonzero(unsure).tolist()):
            rows = self.log_probabilities([word for n in numbers for word in sentences[n]])
            tokens = np.r_[tuple(slices[n] for n in numbers)]
            emissions.scores[tokens] += ENTITY_WEIGHT * relative_to_o(rows.astype(np.float64))
        decoded = zip(tagger.decode(emissions), unsure, strict=True)
        # Where the transformer was not asked there is no entity.
        labels = (found if asked else [] for found, asked in decoded)
        return mentions_of_labels(segments, labels, tagger.weights.labels)

    def windows(self, segments: Segments, numbers: Sequence[int]) -> Iterator[Sequence[int]]:
        """The sentences of these numbers in groups that are read together."""
        words = segments.words
        sizes = [
            sum(len(self.tokenizer.encode_word(word)[0]) for word in words[first:last])
            for first, last in (segments.sentences[number] for number in numbers)
        ]
        for group in group_by_size(sizes, WINDOW_PIECES):
            yield numbers[group.start : group.stop]

    def log_probabilities(self, words: Sequence[str]) -> NDArray[np.float32]:
        """The transformer's log-probabilities for words, of which there is at least one.

        :returns: (words, labels).
        """
        rows: list[NDArray[np.float32]] = []
        begin = 0
        while begin < len(words):
            text = self.tokenizer.encode(words[begin:])
            rows.append(self.transformer(text)[text.firsts])
            begin += len(text.firsts)
        return np.concatenate(rows)


@dataclass(frozen=True, slots=True)
class EnsembleTargetScorer:
    """Scores targets by the regression and the transformer together. Not thread-safe."""

    linear: LinearTargetScorer
    tokenizer: WordPieceTokenizer
    transformer: OnnxModel
    name: str = "newsline-minilm-targets"

    @property
    def version(self) -> str:
        """The versions of both models, since either changes the result."""
        return f"{self.transformer.version}+{self.linear.version}"

    def prepare(self, words: Sequence[str]) -> SentenceScores:
        """The scores that the targets of a sentence share, given its tokens."""
        return self.linear.prepare(words)

    def score(self, sentence: SentenceScores, first: int, last: int) -> tuple[float, float, float]:
        """The probabilities that the sentence speaks negatively, neutrally, positively of tokens
        `first` to `last` (exclusive).
        """
        linear = self.linear.score(sentence, first, last)
        words, target = target_window(sentence.features.words, first, last)
        text = self.tokenizer.encode(words, target)
        if len(text.firsts) <= target.start:
            return linear  # junk before the target filled the transformer's input
        rows = self.transformer(text)[0].tolist()
        odds = [
            math.exp(TARGET_WEIGHT * one + (1 - TARGET_WEIGHT) * math.log(max(other, 1e-9)))
            for one, other in zip(rows, linear, strict=True)
        ]
        total = sum(odds)
        return odds[0] / total, odds[1] / total, odds[2] / total
