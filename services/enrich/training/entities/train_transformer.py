"""Train the transformer that finds entities on the accurate path.

    python -m services.enrich.training.entities.train_transformer --data DIR --out FILE

Reads what `train_entities` reads. Takes about 35 minutes of one core with bfloat16 arithmetic. On
the same kind of processor the same versions give the same bytes.
"""

from __future__ import annotations

import argparse
import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from services.enrich.nlp.text.segmentation import windows
from services.enrich.training.artefact_writer import save
from services.enrich.training.corpora import DataMissing, read, read_raw
from services.enrich.training.entities.train_crf import (
    JOINED_SHARE,
    LABELS,
    SEED,
    TYPED,
    UNTYPED,
    labelled,
    recased,
    with_other_names,
)
from services.enrich.training.fine_tuning import NO_LABEL, Example, Recipe, fit
from services.enrich.training.transformers import EntityNetwork, export, word_pieces

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from services.enrich.nlp.transformers.wordpiece import WordPieces
    from services.enrich.training.entities.train_crf import Sentence

EPOCHS = 4
RATE = 1.5e-4
_BATCH_PIECES = 3072
_HIDDEN = 0.06
# Sentences are read by themselves and together, as serving does where some are left out.
_WINDOWS = (24, 64, 100, 128, 128)


def documents(data: Path) -> list[list[Sentence]]:
    """The sentences of every training document, in a fixed order; re-cased ones by themselves."""
    texts = read_raw(data, "worldwide-train")
    chance = random.Random(SEED)  # noqa: S311 - a sample, not a secret
    texts += [text for text in read(data, "worldwide-train") if chance.random() < JOINED_SHARE]
    for name in TYPED["default"]:
        texts += read(data, name)
    found = [list(labelled(text)) for text in texts]
    known = [sentence for document in found for sentence in document]
    for name in UNTYPED:
        found += [with_other_names(list(labelled(text)), known) for text in read(data, name)]
    found += [[sentence] for sentence in recased([s for document in found for s in document])]
    return [document for document in found if document]


def examples(
    found: Sequence[Sequence[Sentence]], pieces: WordPieces, chance: random.Random
) -> Iterator[Example]:
    """Neighbouring sentences of a document, in windows of a size that is drawn for each."""
    for document in found:
        sizes = [sum(len(pieces.of(word)[0]) for word in words) for words, _ in document]
        for run in windows(sizes, chance.choice(_WINDOWS)):
            read = [pair for number in run for pair in zip(*document[number], strict=True)]
            inputs = pieces.inputs(word for word, _ in read)
            labels = [NO_LABEL] * len(inputs.ids)
            for first, (_, label) in zip(inputs.firsts, read, strict=False):
                labels[first] = LABELS.index(label)
            yield Example(inputs.ids, inputs.kinds, labels)


def train(data: Path, epochs: int) -> bytes:
    """The network, ready to be served."""
    pieces = word_pieces()
    found = documents(data)
    torch.manual_seed(SEED)
    network = EntityNetwork(len(LABELS))
    recipe = Recipe(
        epochs=epochs,
        rate=RATE,
        pieces=_BATCH_PIECES,
        hidden=_HIDDEN,
        smoothing=0.0,
        mask=pieces.vocabulary["[MASK]"],
        seed=SEED,
    )
    fit(network, lambda chance: list(examples(found, pieces, chance)), recipe)
    return export(network)


def main() -> int:
    """Read the arguments, train, write, say what was written."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    try:
        model = train(given.data, given.epochs)
    except DataMissing as missing:
        print(missing, file=sys.stderr)  # noqa: T201 - a command's output
        return 2
    save(given.out, model)
    return 0


if __name__ == "__main__":
    sys.exit(main())
