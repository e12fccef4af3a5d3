"""Train the transformer of target sentiment, for the ensemble path.

    python -m services.enrich.training.targets.train_transformer --data DIR --out FILE

Reads what `train_regression` reads, and holds out the same tenth of the sentences. Takes about 15
minutes of one core with bfloat16 arithmetic. On the same kind of processor the same versions give
the same bytes. Needs the extra `training`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from services.enrich.nlp.transformers.wordpiece import TARGET, target_window
from services.enrich.training.command import argument_parser, exits_without_data, write_artefact
from services.enrich.training.entities.corpus import SEED
from services.enrich.training.fine_tuning import Example, Recipe, fine_tune
from services.enrich.training.targets.dataset import CORPORA, LABELS, LabelledTarget, read_targets
from services.enrich.training.transformers import TargetNetwork, export_onnx, pretrained_tokenizer

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator, Sequence

    from services.enrich.nlp.transformers.wordpiece import WordPieceTokenizer

EPOCHS = 5
RATE = 1e-4
_BATCH_PIECES = 2048
_MASKED_SHARE = 0.05
_LABEL_SMOOTHING = 0.1
_AVERAGED_SHARE = 0.4
# The share of the texts in which the target is masked: the model is to read what is said, and to
# hold as little of an opinion as can be of whom it is said about.
_MASKED_TARGETS = 0.5


def examples(
    targets: Sequence[LabelledTarget], tokenizer: WordPieceTokenizer, chance: random.Random
) -> Iterator[Example]:
    """Each target's sentence, the target masked in some."""
    mask = tokenizer.vocabulary["[MASK]"]
    for target in targets:
        words, inside = target_window(target.words, target.first, target.last)
        text = tokenizer.encode(words, inside)
        ids = text.ids
        if chance.random() < _MASKED_TARGETS:
            pieces = zip(ids, text.kinds, strict=True)
            ids = [mask if kind == TARGET else number for number, kind in pieces]
        yield Example(ids, text.kinds, [LABELS.index(target.label)])


def train_target_transformer(targets: Sequence[LabelledTarget], epochs: int) -> bytes:
    """Train the network; the content of its ONNX file."""
    tokenizer = pretrained_tokenizer()
    torch.manual_seed(SEED)
    network = TargetNetwork(len(LABELS))
    recipe = Recipe(
        epochs=epochs,
        rate=RATE,
        batch_pieces=_BATCH_PIECES,
        masked_share=_MASKED_SHARE,
        label_smoothing=_LABEL_SMOOTHING,
        averaged_share=_AVERAGED_SHARE,
        mask=tokenizer.vocabulary["[MASK]"],
        seed=SEED,
    )
    fine_tune(network, lambda chance: list(examples(targets, tokenizer, chance)), recipe)
    return export_onnx(network)


@exits_without_data
def main() -> None:
    """Read the arguments, train, write the artefact."""
    parser = argument_parser(__doc__)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    targets = [t for corpus in CORPORA for t in read_targets(given.data, corpus) if not t.held_out]
    write_artefact(given.out, train_target_transformer(targets, given.epochs))


if __name__ == "__main__":
    sys.exit(main())
