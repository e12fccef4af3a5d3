"""Train the entity model.

    python -m services.enrich.training.entities.train_crf --data DIR --out FILE

`--variant open` reads the corpora with open terms alone. Of all corpora only the train parts are
read. The same data, lexicon and python-crfsuite give the same bytes.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import pycrfsuite

from services.enrich.nlp.arrays import Arrays, pack_arrays, unpack_arrays
from services.enrich.nlp.entities.features import (
    Setting,
    attributes,
    boundary,
    pair,
    places,
    settings_of,
)
from services.enrich.nlp.entities.recognizer import Variant
from services.enrich.nlp.entities.weights import crf_arrays
from services.enrich.nlp.lexicon import Lexicon
from services.enrich.nlp.text.segmentation import segment
from services.enrich.training.artefact_writer import save
from services.enrich.training.corpora import DataMissing, Document, read, read_raw, read_taught

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SEED = 20260101
KINDS = ("LOC", "MISC", "ORG", "PER")
LABELS = ("O", *(f"{mark}-{kind}" for kind in KINDS for mark in "BI"))
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
# The share of sentences repeated in title case and in capitals: what headlines look like.
_RECASED_SHARE = 0.06
# The share of WorldWide that is read a second time as tokens joined by spaces, the rarer form.
JOINED_SHARE = 0.25
# How much of a word's uses must be MISC for it to be MISC in a corpus that has no such type.
_SURE = 0.8
# Corpora of tokens that have all four types, and those without MISC.
TYPED: dict[Variant, tuple[str, ...]] = {
    "default": ("conll2003-train", "wikigold"),
    "open": ("wikigold", "crossner-politics-train"),
}
UNTYPED = ("uner-ewt-a", "uner-ewt-b")
_MODELS = Path(__file__).parents[2] / "models" / "artefacts"

Sentence = tuple[list[str], list[str]]


def labelled(document: Document) -> Iterator[Sentence]:
    """The sentences as serving cuts them. A gold span covers every token that it touches."""
    segments = segment(document.text)
    labels = ["O"] * len(segments.words)
    token = 0
    for start, end, kind in document.gold:
        while segments.ends[token] <= start:
            token += 1
        mark = "B"
        while token < len(labels) and segments.starts[token] < end:
            labels[token] = f"{mark}-{kind}"
            mark = "I"
            token += 1
    for first, last in segments.sentences:
        yield segments.words[first:last], labels[first:last]


def recased(sentences: list[Sentence]) -> list[Sentence]:
    """Some of the sentences in title case, some in capitals, chosen by a seed."""
    chance = random.Random(SEED)  # noqa: S311 - a sample, not a secret
    extra: list[Sentence] = []
    for words, labels in sentences:
        drawn = chance.random()
        if drawn < _RECASED_SHARE:
            change = str.upper if drawn < _RECASED_SHARE / 3 else _title
            extra.append(([change(word) for word in words], labels))
    return extra


def _title(word: str) -> str:
    small = len(word) < 4 or word in {"with", "from", "over"}  # noqa: PLR2004 - as headlines do
    return word if small else word[0].upper() + word[1:]


class Encoder:
    """Turns a sentence into CRFsuite's attributes, each marked with its offset."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._forms: dict[tuple[str, int], list[list[str]]] = {}
        self._before = _expanded(boundary(-1))
        self._after = _expanded(boundary(1))

    def encode(self, words: list[str]) -> list[list[str]]:
        """The attributes of every token."""
        forms = [self._form(*form) for form in zip(words, settings_of(words), strict=True)]
        forms = [self._before, self._before, *forms, self._after, self._after]
        items = [
            forms[i][4] + forms[i + 1][3] + forms[i + 2][2] + forms[i + 3][1] + forms[i + 4][0]
            for i in range(len(words))
        ]
        for i in range(1, len(words)):
            if key := pair(words[i - 1], words[i]):
                items[i - 1].append(f"1 {key}")
                items[i].append(f"0 {key}")
        for i, key in places(words, self._lexicon):
            items[i].append(f"0 {key}")
        return items

    def _form(self, word: str, setting: Setting) -> list[list[str]]:
        form = self._forms.get((word, setting))
        if form is None:
            form = _expanded(attributes(word, setting, self._lexicon))
            self._forms[word, setting] = form
        return form


def _expanded(found: Iterable[tuple[int, str]]) -> list[list[str]]:
    rows: list[list[str]] = [[] for _ in range(5)]
    for reach, key in found:
        for offset in range(-reach, reach + 1):
            rows[offset + 2].append(f"{offset} {key}")
    return rows


def with_other_names(sentences: list[Sentence], known: list[Sentence]) -> list[Sentence]:
    """Sentences of a corpus without MISC, in which the words that are MISC by themselves nearly
    everywhere in `known` (nationalities, for the most part) are marked so.
    """
    seen: Counter[str] = Counter()
    other: Counter[str] = Counter()
    for words, labels in known:
        for word, label, after in zip(words, labels, [*labels[1:], "O"], strict=True):
            seen[word] += 1
            other[word] += label == "B-MISC" and after != "I-MISC"
    sure = {word for word, count in other.items() if count > 1 and count > seen[word] * _SURE}
    return [
        (
            words,
            ["B-MISC" if w in sure and k == "O" else k for w, k in zip(words, labels, strict=True)],
        )
        for words, labels in sentences
    ]


def corpus(data: Path, variant: Variant) -> list[Sentence]:
    """Every training sentence, in a fixed order."""
    documents: list[Document] = []
    if variant == "default":
        documents += read_raw(data, "worldwide-train")
        joined = read(data, "worldwide-train")
        chance = random.Random(SEED)  # noqa: S311 - a sample, not a secret
        documents += [document for document in joined if chance.random() < JOINED_SHARE]
    for name in TYPED[variant]:
        documents += read(data, name)
    sentences = [sentence for document in documents for sentence in labelled(document)]
    web = [s for name in UNTYPED for document in read(data, name) for s in labelled(document)]
    sentences += with_other_names(web, sentences)
    return sentences + recased(sentences)


def train(sentences: list[Sentence], lexicon: Lexicon) -> Arrays:
    """The packed model."""
    trainer = pycrfsuite.Trainer(verbose=False)
    trainer.select("lbfgs")
    trainer.set_params(PARAMETERS)
    encoder = Encoder(lexicon)
    for words, labels in sentences:
        trainer.append(pycrfsuite.ItemSequence(encoder.encode(words)), labels)
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "entities.crfsuite")
        trainer.train(path)
        tagger = pycrfsuite.Tagger()
        with tagger.open(path):
            return repack(tagger.info())


def repack(info: pycrfsuite._dumpparser.ParsedDump) -> Arrays:
    """A CRFsuite model in the form that the service reads."""
    states: dict[str, dict[int, float]] = {}
    for (attribute, label), weight in info.state_features.items():
        offset, _, key = attribute.partition(" ")
        slot = (int(offset) + 2) * len(LABELS) + LABELS.index(label)
        states.setdefault(key, {})[slot] = weight
    return crf_arrays(LABELS, info.transitions, states)


def main() -> int:
    """Read the arguments, train, write, say what was written."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--lexicon", type=Path, default=_MODELS / "lexicon-1.npz")
    parser.add_argument("--variant", choices=get_args(Variant), default="default")
    parser.add_argument("--taught", type=Path, help="what label_news wrote")
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    try:
        sentences = corpus(given.data, given.variant)
        sentences += read_taught(given.taught) if given.taught else []
    except DataMissing as missing:
        print(missing, file=sys.stderr)  # noqa: T201 - a command's output
        return 2
    lexicon = Lexicon.from_arrays(unpack_arrays(given.lexicon.read_bytes()))
    save(given.out, pack_arrays(train(sentences, lexicon)), f"{len(sentences)} sentences")
    return 0


if __name__ == "__main__":
    sys.exit(main())
