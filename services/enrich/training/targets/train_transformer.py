"""Train the transformer that tells how a sentence speaks of a name, on the accurate path.

    python -m services.enrich.training.targets.train_transformer --data DIR --out FILE

Reads what `train_targets` reads, and holds out the same tenth of the sentences. Takes about 15
minutes of one core with bfloat16 arithmetic. On the same kind of processor the same versions give
the same bytes.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from services.enrich.nlp.transformers.wordpiece import TARGET, around
from services.enrich.training.artefact_writer import save
from services.enrich.training.corpora import DataMissing
from services.enrich.training.entities.train_crf import SEED
from services.enrich.training.fine_tuning import Example, Recipe, fit
from services.enrich.training.targets.data import CORPORA, LABELS, Target, read_targets
from services.enrich.training.transformers import TargetNetwork, export, word_pieces

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator, Sequence

    from services.enrich.nlp.transformers.wordpiece import WordPieces

EPOCHS = 5
RATE = 1e-4
_BATCH_PIECES = 2048
_HIDDEN = 0.05
_SMOOTHING = 0.1
_AVERAGED = 0.4
# In so many of the texts the target is masked: the model is to read what is said, and to hold as
# little of an opinion as can be of who it is said of.
_MASKED_TARGETS = 0.5


def examples(
    targets: Sequence[Target], pieces: WordPieces, chance: random.Random
) -> Iterator[Example]:
    """Each target's sentence, the target masked in some."""
    mask = pieces.vocabulary["[MASK]"]
    for target in targets:
        words, inside = around(target.words, target.first, target.last)
        inputs = pieces.inputs(words, inside)
        ids = inputs.ids
        if chance.random() < _MASKED_TARGETS:
            told = zip(ids, inputs.kinds, strict=True)
            ids = [mask if kind == TARGET else number for number, kind in told]
        yield Example(ids, inputs.kinds, [LABELS.index(target.label)])


def train(targets: Sequence[Target], epochs: int) -> bytes:
    """The network, ready to be served."""
    pieces = word_pieces()
    torch.manual_seed(SEED)
    network = TargetNetwork(len(LABELS))
    recipe = Recipe(
        epochs=epochs,
        rate=RATE,
        pieces=_BATCH_PIECES,
        hidden=_HIDDEN,
        smoothing=_SMOOTHING,
        averaged=_AVERAGED,
        mask=pieces.vocabulary["[MASK]"],
        seed=SEED,
    )
    fit(network, lambda chance: list(examples(targets, pieces, chance)), recipe)
    return export(network)


def main() -> int:
    """Read the arguments, train, write, say what was written."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    try:
        targets = [t for corpus in CORPORA for t in read_targets(given.data, corpus)]
    except DataMissing as missing:
        print(missing, file=sys.stderr)  # noqa: T201 - a command's output
        return 2
    model = train([target for target in targets if not target.held_out], given.epochs)
    save(given.out, model)
    return 0


if __name__ == "__main__":
    sys.exit(main())
