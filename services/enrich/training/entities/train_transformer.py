"""Train the transformer of entities, for the ensemble path.

    python -m services.enrich.training.entities.train_transformer --data DIR --out FILE

Reads what `train_crf` reads. Takes about 35 minutes of one core with bfloat16 arithmetic. On the
same kind of processor the same versions give the same bytes. Needs the extra `training`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from services.enrich.nlp.text.segmentation import group_by_size
from services.enrich.training.command import argument_parser, exits_without_data, write_artefact
from services.enrich.training.entities.corpus import LABELS, SEED, training_documents
from services.enrich.training.fine_tuning import NO_LABEL, Example, Recipe, fine_tune
from services.enrich.training.transformers import EntityNetwork, export_onnx, pretrained_tokenizer

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator, Sequence

    from services.enrich.nlp.transformers.wordpiece import WordPieceTokenizer
    from services.enrich.training.entities.corpus import LabelledSentence

EPOCHS = 4
RATE = 1.5e-4
_BATCH_PIECES = 3072
_MASKED_SHARE = 0.06
# Sentences are read by themselves and together, as serving does where some are left out.
_WINDOWS = (24, 64, 100, 128, 128)


def examples(
    documents: Sequence[Sequence[LabelledSentence]],
    tokenizer: WordPieceTokenizer,
    chance: random.Random,
) -> Iterator[Example]:
    """Neighbouring sentences of a document, in windows of a size that is drawn for each."""
    for document in documents:
        sizes = [sum(len(tokenizer.encode_word(w)[0]) for w in words) for words, _ in document]
        for window in group_by_size(sizes, chance.choice(_WINDOWS)):
            tokens = [pair for number in window for pair in zip(*document[number], strict=True)]
            text = tokenizer.encode(word for word, _ in tokens)
            labels = [NO_LABEL] * len(text.ids)
            for first, (_, label) in zip(text.firsts, tokens, strict=False):
                labels[first] = LABELS.index(label)
            yield Example(text.ids, text.kinds, labels)


def train_entity_transformer(data: Path, epochs: int) -> bytes:
    """Train the network; the content of its ONNX file."""
    tokenizer = pretrained_tokenizer()
    documents = training_documents(data, "default")
    torch.manual_seed(SEED)
    network = EntityNetwork(len(LABELS))
    recipe = Recipe(
        epochs=epochs,
        rate=RATE,
        batch_pieces=_BATCH_PIECES,
        masked_share=_MASKED_SHARE,
        label_smoothing=0.0,
        mask=tokenizer.vocabulary["[MASK]"],
        seed=SEED,
    )
    fine_tune(network, lambda chance: list(examples(documents, tokenizer, chance)), recipe)
    return export_onnx(network)


@exits_without_data
def main() -> None:
    """Read the arguments, train, write the artefact."""
    parser = argument_parser(__doc__)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    write_artefact(given.out, train_entity_transformer(given.data, given.epochs))


if __name__ == "__main__":
    sys.exit(main())
