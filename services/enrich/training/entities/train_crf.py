"""Train the CRF of entities.

    python -m services.enrich.training.entities.train_crf --data DIR --out FILE

`--variant open` reads the corpora with open terms alone. Of all corpora only the train parts are
read. The same data, lexicon and python-crfsuite give the same bytes.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import pycrfsuite

from services.enrich.nlp.arrays import Arrays, pack_arrays
from services.enrich.nlp.entities.features import (
    CaseContext,
    bigram_attribute,
    boundary_attributes,
    case_contexts,
    place_attributes,
    word_attributes,
)
from services.enrich.nlp.entities.recognizer import CrfVariant
from services.enrich.nlp.entities.weights import crf_arrays
from services.enrich.nlp.lexicon import Lexicon
from services.enrich.training.command import argument_parser, exits_without_data, write_artefact
from services.enrich.training.corpora import read_labelled_news
from services.enrich.training.entities.corpus import LABELS, LabelledSentence, training_sentences

if TYPE_CHECKING:
    from collections.abc import Iterable

# Tuned on outlets left out of the training: less of c2 fits the outlets that were seen.
PARAMETERS = {
    "c1": 0.02,
    "c2": 0.4,
    "max_iterations": 160,
    "feature.minfreq": 1,
    "feature.possible_transitions": False,
    "epsilon": 1e-4,
    "delta": 1e-4,
}


class FeatureEncoder:
    """Turns sentences into CRFsuite's attributes, each marked with its offset."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._forms: dict[tuple[str, int], list[list[str]]] = {}
        self._before = _by_offset(boundary_attributes(-1))
        self._after = _by_offset(boundary_attributes(1))

    def encode(self, words: list[str]) -> list[list[str]]:
        """The attributes of every token."""
        forms = [self._form(*form) for form in zip(words, case_contexts(words), strict=True)]
        forms = [self._before, self._before, *forms, self._after, self._after]
        items = [
            forms[i][4] + forms[i + 1][3] + forms[i + 2][2] + forms[i + 3][1] + forms[i + 4][0]
            for i in range(len(words))
        ]
        for i in range(1, len(words)):
            if name := bigram_attribute(words[i - 1], words[i]):
                items[i - 1].append(f"1 {name}")
                items[i].append(f"0 {name}")
        for i, name in place_attributes(words, self._lexicon):
            items[i].append(f"0 {name}")
        return items

    def _form(self, word: str, context: CaseContext) -> list[list[str]]:
        form = self._forms.get((word, context))
        if form is None:
            form = _by_offset(word_attributes(word, context, self._lexicon))
            self._forms[word, context] = form
        return form


def _by_offset(attributes: Iterable[tuple[int, str]]) -> list[list[str]]:
    rows: list[list[str]] = [[] for _ in range(5)]
    for reach, name in attributes:
        for offset in range(-reach, reach + 1):
            rows[offset + 2].append(f"{offset} {name}")
    return rows


def train_crf(sentences: list[LabelledSentence], lexicon: Lexicon) -> Arrays:
    """Train a CRF; the arrays of its file."""
    trainer = pycrfsuite.Trainer(verbose=False)
    trainer.select("lbfgs")
    trainer.set_params(PARAMETERS)
    encoder = FeatureEncoder(lexicon)
    for words, labels in sentences:
        trainer.append(pycrfsuite.ItemSequence(encoder.encode(words)), labels)
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "entities.crfsuite")
        trainer.train(path)
        tagger = pycrfsuite.Tagger()
        with tagger.open(path):
            return _served(tagger.info())


def _served(info: pycrfsuite._dumpparser.ParsedDump) -> Arrays:
    """The arrays of a CRFsuite model."""
    states: dict[str, dict[int, float]] = {}
    for (attribute, label), weight in info.state_features.items():
        offset, _, name = attribute.partition(" ")
        slot = (int(offset) + 2) * len(LABELS) + LABELS.index(label)
        states.setdefault(name, {})[slot] = weight
    return crf_arrays(LABELS, info.transitions, states)


@exits_without_data
def main() -> None:
    """Read the arguments, train, write the artefact."""
    parser = argument_parser(__doc__)
    parser.add_argument("--variant", choices=get_args(CrfVariant), default="default")
    parser.add_argument("--taught", type=Path, help="what label_news wrote")
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    sentences = training_sentences(given.data, given.variant)
    sentences += read_labelled_news(given.taught) if given.taught else []
    arrays = train_crf(sentences, Lexicon.from_artefacts(given.models))
    write_artefact(given.out, pack_arrays(arrays), f"{len(sentences)} sentences")


if __name__ == "__main__":
    sys.exit(main())
