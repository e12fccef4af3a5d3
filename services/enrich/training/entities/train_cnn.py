"""Train the convolutional network that the default path runs beside the CRF.

    python -m services.enrich.training.entities.train_cnn --data DIR --out FILE

Learns from the gold sentences that `train_crf` reads, and from unlabelled news, of which it learns
the probabilities that the transformer of the ensemble path gives each label (Hinton et al. 2015,
"Distilling the Knowledge in a Neural Network"). Takes about 10 minutes of one core. On the same
kind of processor the same versions give the same bytes. Needs the extra `training`.
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from services.enrich.nlp.arrays import Arrays, pack_arrays
from services.enrich.nlp.entities.cnn import CnnLayer, cnn_arrays
from services.enrich.nlp.entities.crf import relative_to_o
from services.enrich.nlp.entities.features import case_contexts, word_attributes
from services.enrich.nlp.entities.recognizer import EntityRecognizer
from services.enrich.nlp.transformers.ensemble import load_ensemble_recognizer
from services.enrich.training.command import argument_parser, exits_without_data, write_artefact
from services.enrich.training.entities.corpus import LABELS, SEED, training_sentences
from services.enrich.training.entities.distillation import (
    NameSwapper,
    SoftSentence,
    one_hot,
    soft_sentences,
)
from services.enrich.training.entities.label_news import unlabelled_texts
from services.enrich.training.fine_tuning import batches_by_length

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    from services.enrich.nlp.entities.features import CaseContext
    from services.enrich.nlp.lexicon import Lexicon

EPOCHS = 9
VECTOR, WIDTH, DEPTH = 64, 96, 3
_RATE = 2e-3
_WARM_UP_STEPS = 200
_BATCH_TOKENS = 4_000
# Attributes of fewer tokens are not learnt.
_MIN_TOKENS = 5
# The share of a form's attributes that is hidden each time, so that the network relies on none.
_HIDDEN_SHARE = 0.15
_DROPOUT = 0.2
# The share of sentences in which names are swapped.
_SWAPPED_SHARE = 0.15
# More than any form has.
_MAX_ATTRIBUTES = 40


class FormVocabulary:
    """Numbers word forms, each with a row of the numbers of its attributes, 0 for none."""

    def __init__(self, sentences: Iterable[Sequence[str]], lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        counts: Counter[str] = Counter()
        for form, count in Counter(form for words in sentences for form in _forms(words)).items():
            for _, name in word_attributes(*form, lexicon):
                counts[name] += count
        self.attributes = ["", *sorted(n for n, count in counts.items() if count >= _MIN_TOKENS)]
        self._index = {name: number for number, name in enumerate(self.attributes)}
        self._rows = [np.zeros(_MAX_ATTRIBUTES, np.int64)]
        self._numbers: dict[tuple[str, CaseContext], int] = {}

    def numbers(self, words: Sequence[str]) -> list[int]:
        """The numbers of the forms of a sentence, from 1."""
        return [self._numbers.get(form) or self._add(form) for form in _forms(words)]

    def rows(self, numbers: NDArray[np.int64]) -> Tensor:
        """The attributes of forms: (forms, attributes)."""
        return torch.from_numpy(np.stack([self._rows[number] for number in numbers]))

    def _add(self, form: tuple[str, CaseContext]) -> int:
        row = np.zeros(_MAX_ATTRIBUTES, np.int64)
        found = [self._index.get(name, 0) for _, name in word_attributes(*form, self._lexicon)]
        row[: len(found)] = found
        self._rows.append(row)
        return self._numbers.setdefault(form, len(self._rows) - 1)


def _forms(words: Sequence[str]) -> Iterator[tuple[str, CaseContext]]:
    return zip(words, case_contexts(words), strict=True)


class TrainableCnn(nn.Module):
    """The network that `services.enrich.nlp.entities.cnn` serves."""

    def __init__(self, attributes: int) -> None:
        super().__init__()
        self.vectors = nn.Embedding(attributes, VECTOR, padding_idx=0)
        nn.init.normal_(self.vectors.weight, 0, 0.1)
        self.vectors.weight.data[0] = 0
        self.first = nn.Linear(VECTOR, WIDTH)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(WIDTH, WIDTH, 3, padding=1) for _ in range(DEPTH)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(WIDTH) for _ in range(DEPTH + 1))
        self.drop = nn.Dropout(_DROPOUT)
        self.out = nn.Linear(WIDTH, len(LABELS))

    def forward(self, rows: Tensor, positions: Tensor, is_word: Tensor) -> Tensor:
        """Logits: (sentences, tokens, labels).

        :param rows: (forms, attributes) of the forms that occur.
        :param positions: (sentences, tokens): which of these forms each token is.
        :param is_word: (sentences, tokens, 1): 0 for padding.
        """
        vectors = self.vectors(rows)
        if self.training:
            vectors = vectors * (torch.rand(rows.shape) >= _HIDDEN_SHARE).unsqueeze(-1)
        forms = self.norms[0](self.first(vectors.sum(1)))
        tokens = self.drop(forms[positions]) * is_word
        for convolution, norm in zip(self.convolutions, self.norms[1:], strict=True):
            added = torch.relu(convolution(tokens.transpose(1, 2)).transpose(1, 2))
            tokens = (tokens + self.drop(norm(added))) * is_word
        logits: Tensor = self.out(tokens)
        return logits


def fit_cnn(
    network: TrainableCnn,
    forms: FormVocabulary,
    sentences: Sequence[SoftSentence],
    swapper: NameSwapper,
    epochs: int,
) -> None:
    """Train a network in place."""
    # One thread, since sums in another order are other weights.
    torch.set_num_threads(1)
    chance = random.Random(SEED)  # noqa: S311 - a sample, not a secret
    steps = epochs * len(_batches(sentences, chance))
    optimizer = torch.optim.Adam(network.parameters(), lr=_RATE, betas=(0.9, 0.99))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        # An epoch may have a few batches more, as names differ in length.
        optimizer,
        lambda step: min((step + 1) / _WARM_UP_STEPS, max(0.01, 1 - step / steps)),
    )
    network.train()
    for epoch in range(epochs):
        drawn = [
            swapper.swap(sentence, chance) if chance.random() < _SWAPPED_SHARE else sentence
            for sentence in sentences
        ]
        mean_loss = 0.0
        for batch in _batches(drawn, chance):
            loss = _loss(network, forms, batch)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            optimizer.step()
            schedule.step()
            mean_loss += loss.item() * epochs / steps
        print(f"epoch {epoch + 1} of {epochs}, loss {mean_loss:.4f}", file=sys.stderr)  # noqa: T201 - a command's output


def _batches(sentences: Sequence[SoftSentence], chance: random.Random) -> list[list[SoftSentence]]:
    return batches_by_length(sentences, lambda sentence: len(sentence[0]), _BATCH_TOKENS, chance)


def _loss(network: TrainableCnn, forms: FormVocabulary, batch: Sequence[SoftSentence]) -> Tensor:
    """The mean cross-entropy of a token."""
    numbers = [forms.numbers(words) for words, _ in batch]
    longest = max(map(len, numbers))
    padded = np.array([[*each, *[0] * (longest - len(each))] for each in numbers])
    wanted = np.zeros((*padded.shape, len(LABELS)), np.float32)
    for row, (_, probabilities) in zip(wanted, batch, strict=True):
        row[: len(probabilities)] = probabilities
    distinct, positions = np.unique(padded, return_inverse=True)
    is_word = torch.from_numpy(padded != 0).unsqueeze(-1).float()
    positions = torch.from_numpy(positions.reshape(padded.shape))
    logits = network(forms.rows(distinct), positions, is_word)
    found = torch.log_softmax(logits, -1)
    loss: Tensor = -(torch.from_numpy(wanted) * found).sum() / is_word.sum()
    return loss


def served_arrays(network: TrainableCnn, attributes: Sequence[str]) -> Arrays:
    """The arrays of a trained network's file."""
    parts = {name: part.numpy() for name, part in network.state_dict().items()}

    def layer(name: str, norm: int, weights: NDArray[np.float32]) -> CnnLayer:
        rest = parts[f"{name}.bias"], parts[f"norms.{norm}.weight"], parts[f"norms.{norm}.bias"]
        return CnnLayer(weights, *rest)

    layers = [layer("first", 0, parts["first.weight"].T)]
    for i in range(DEPTH):
        # From (outputs, inputs, place) to (places times inputs, outputs).
        weights = parts[f"convolutions.{i}.weight"].transpose(2, 1, 0).reshape(-1, WIDTH)
        layers.append(layer(f"convolutions.{i}", i + 1, weights))
    weights, bias = parts["out.weight"], parts["out.bias"]
    unused = np.zeros(0, np.float32)
    output = CnnLayer(relative_to_o(weights.T), relative_to_o(bias), unused, unused)
    return cnn_arrays(attributes, parts["vectors.weight"], layers, output)


def train_cnn(sentences: Sequence[SoftSentence], lexicon: Lexicon, epochs: int) -> Arrays:
    """Train a network; the arrays of its file."""
    torch.manual_seed(SEED)
    forms = FormVocabulary((words for words, _ in sentences), lexicon)
    network = TrainableCnn(len(forms.attributes))
    fit_cnn(network, forms, sentences, NameSwapper(sentences, lexicon.places), epochs)
    return served_arrays(network, forms.attributes)


@exits_without_data
def main() -> None:
    """Read the arguments, train, write the artefact."""
    parser = argument_parser(__doc__)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    gold = training_sentences(given.data, "default")
    texts = unlabelled_texts(given.data)
    crf = EntityRecognizer.from_artefacts(given.models)
    sentences = [(words, one_hot([LABELS.index(each) for each in tags])) for words, tags in gold]
    sentences += soft_sentences(texts, load_ensemble_recognizer(crf, given.models))
    arrays = train_cnn(sentences, crf.tagger.lexicon, given.epochs)
    write_artefact(given.out, pack_arrays(arrays), f"{len(sentences)} sentences")


if __name__ == "__main__":
    sys.exit(main())
