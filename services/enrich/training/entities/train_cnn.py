"""Train the convolutional network that reads beside the CRF on the default path.

    python -m services.enrich.training.entities.train_cnn --data DIR --out FILE

Learns from the gold sentences that `train_entities` reads, and from news that nobody labelled: of
these it learns how likely each label is to the transformer of the accurate path (Hinton et al.
2015, "Distilling the Knowledge in a Neural Network"). Takes about 10 minutes of one core. On the
same kind of processor the same versions give the same bytes. Needs the extra `training`.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from services.enrich.nlp.arrays import Arrays, pack_arrays
from services.enrich.nlp.entities.cnn import Layer, cnn_arrays
from services.enrich.nlp.entities.crf import leads_over_o
from services.enrich.nlp.entities.features import attributes, settings_of
from services.enrich.nlp.entities.recognizer import EntityRecogniser
from services.enrich.nlp.transformers.ensemble import load_recogniser
from services.enrich.training.artefact_writer import save
from services.enrich.training.corpora import DataMissing
from services.enrich.training.entities.distillation import Exchange, Taught, certain, taught
from services.enrich.training.entities.label_news import texts
from services.enrich.training.entities.train_crf import LABELS, SEED, corpus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    from services.enrich.nlp.entities.features import Setting
    from services.enrich.nlp.lexicon import Lexicon

EPOCHS = 9
VECTOR, WIDTH, DEPTH = 64, 96, 3
_RATE = 2e-3
_WARM_UP_STEPS = 200
_BATCH_TOKENS = 4_000
# Attributes of fewer tokens are not learnt.
_FEWEST = 5
# The share of a form's attributes that is hidden each time, so that none is relied on alone.
_HIDDEN = 0.15
_DROPPED = 0.2
# The share of sentences in which names are exchanged.
_EXCHANGED = 0.15
# More than any form has.
_MOST_ATTRIBUTES = 40


class Forms:
    """Numbers the forms of words; each has a row of the numbers of its attributes, 0 for none."""

    def __init__(self, sentences: Iterable[Sequence[str]], lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        counts: Counter[str] = Counter()
        for form, count in Counter(form for words in sentences for form in _forms(words)).items():
            for _, name in attributes(*form, lexicon):
                counts[name] += count
        self.names = ["", *sorted(name for name, count in counts.items() if count >= _FEWEST)]
        self._index = {name: number for number, name in enumerate(self.names)}
        self._rows = [np.zeros(_MOST_ATTRIBUTES, np.int64)]
        self._numbers: dict[tuple[str, Setting], int] = {}

    def of(self, words: Sequence[str]) -> list[int]:
        """The numbers of the forms of a sentence, from 1."""
        return [self._numbers.get(form) or self._number(form) for form in _forms(words)]

    def rows(self, numbers: NDArray[np.int64]) -> Tensor:
        """(forms, attributes)."""
        return torch.from_numpy(np.stack([self._rows[number] for number in numbers]))

    def _number(self, form: tuple[str, Setting]) -> int:
        row = np.zeros(_MOST_ATTRIBUTES, np.int64)
        found = [self._index.get(name, 0) for _, name in attributes(*form, self._lexicon)]
        row[: len(found)] = found
        self._rows.append(row)
        return self._numbers.setdefault(form, len(self._rows) - 1)


def _forms(words: Sequence[str]) -> Iterator[tuple[str, Setting]]:
    return zip(words, settings_of(words), strict=True)


class Network(nn.Module):
    """What `services.enrich.nlp.entities.cnn` serves."""

    def __init__(self, names: int) -> None:
        super().__init__()
        self.vectors = nn.Embedding(names, VECTOR, padding_idx=0)
        nn.init.normal_(self.vectors.weight, 0, 0.1)
        self.vectors.weight.data[0] = 0
        self.first = nn.Linear(VECTOR, WIDTH)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(WIDTH, WIDTH, 3, padding=1) for _ in range(DEPTH)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(WIDTH) for _ in range(DEPTH + 1))
        self.drop = nn.Dropout(_DROPPED)
        self.out = nn.Linear(WIDTH, len(LABELS))

    def forward(self, rows: Tensor, places: Tensor, solid: Tensor) -> Tensor:
        """(sentences, tokens, labels): logits.

        :param rows: (forms, attributes) of the forms that occur.
        :param places: (sentences, tokens): which of these each token is.
        :param solid: (sentences, tokens, 1): 0 for padding.
        """
        vectors = self.vectors(rows)
        if self.training:
            vectors = vectors * (torch.rand(rows.shape) >= _HIDDEN).unsqueeze(-1)
        forms = self.norms[0](self.first(vectors.sum(1)))
        tokens = self.drop(forms[places]) * solid
        for convolution, norm in zip(self.convolutions, self.norms[1:], strict=True):
            seen = torch.relu(convolution(tokens.transpose(1, 2)).transpose(1, 2))
            tokens = (tokens + self.drop(norm(seen))) * solid
        logits: Tensor = self.out(tokens)
        return logits


def fit(
    network: Network, forms: Forms, sentences: Sequence[Taught], exchange: Exchange, epochs: int
) -> None:
    """Train a network in place."""
    # One thread, since sums in another order are other weights.
    torch.set_num_threads(1)
    chance = random.Random(SEED)  # noqa: S311 - a sample, not a secret
    steps = epochs * len(_batches(sentences, chance))
    optimiser = torch.optim.Adam(network.parameters(), lr=_RATE, betas=(0.9, 0.99))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        # An epoch may have a few batches more, as names differ in length.
        optimiser,
        lambda step: min((step + 1) / _WARM_UP_STEPS, max(0.01, 1 - step / steps)),
    )
    network.train()
    for epoch in range(epochs):
        drawn = [
            exchange(sentence, chance) if chance.random() < _EXCHANGED else sentence
            for sentence in sentences
        ]
        recent = 0.0
        for batch in _batches(drawn, chance):
            loss = _loss(network, forms, batch)
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            optimiser.step()
            schedule.step()
            recent += loss.item() * epochs / steps
        print(f"epoch {epoch + 1} of {epochs}, loss {recent:.4f}", file=sys.stderr)  # noqa: T201 - a command's output


def _loss(network: Network, forms: Forms, batch: Sequence[Taught]) -> Tensor:
    """The cross-entropy of a token, in the mean."""
    numbers = [forms.of(words) for words, _ in batch]
    longest = max(map(len, numbers))
    padded = np.array([[*each, *[0] * (longest - len(each))] for each in numbers])
    likely = np.zeros((*padded.shape, len(LABELS)), np.float32)
    for row, (_, told) in zip(likely, batch, strict=True):
        row[: len(told)] = told
    met, places = np.unique(padded, return_inverse=True)
    solid = torch.from_numpy(padded != 0).unsqueeze(-1).float()
    logits = network(forms.rows(met), torch.from_numpy(places.reshape(padded.shape)), solid)
    told = torch.log_softmax(logits, -1)
    loss: Tensor = -(torch.from_numpy(likely) * told).sum() / solid.sum()
    return loss


def _batches(sentences: Sequence[Taught], chance: random.Random) -> list[list[Taught]]:
    """Batches of sentences of about the same length, in random order."""
    ordered = sorted(sentences, key=lambda sentence: (len(sentence[0]), chance.random()))
    batches: list[list[Taught]] = [[]]
    for sentence in ordered:
        if batches[-1] and len(sentence[0]) * (len(batches[-1]) + 1) > _BATCH_TOKENS:
            batches.append([])
        batches[-1].append(sentence)
    chance.shuffle(batches)
    return batches


def packed(network: Network, names: Sequence[str]) -> Arrays:
    """The network as it is served."""
    parts = {name: part.numpy() for name, part in network.state_dict().items()}

    def layer(name: str, norm: int, weights: NDArray[np.float32]) -> Layer:
        told = parts[f"{name}.bias"], parts[f"norms.{norm}.weight"], parts[f"norms.{norm}.bias"]
        return Layer(weights, *told)

    layers = [layer("first", 0, parts["first.weight"].T)]
    for i in range(DEPTH):
        # From (outputs, inputs, place) to (places times inputs, outputs).
        weights = parts[f"convolutions.{i}.weight"].transpose(2, 1, 0).reshape(-1, WIDTH)
        layers.append(layer(f"convolutions.{i}", i + 1, weights))
    weights, bias = parts["out.weight"], parts["out.bias"]
    nothing = np.zeros(0, np.float32)
    out = Layer(leads_over_o(weights.T), leads_over_o(bias), nothing, nothing)
    return cnn_arrays(names, parts["vectors.weight"], layers, out)


def train(sentences: Sequence[Taught], lexicon: Lexicon, epochs: int) -> Arrays:
    """The packed network."""
    torch.manual_seed(SEED)
    forms = Forms((words for words, _ in sentences), lexicon)
    network = Network(len(forms.names))
    fit(network, forms, sentences, Exchange(sentences, lexicon.places), epochs)
    return packed(network, forms.names)


def main() -> int:
    """Read the arguments, train, write, say what was written."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--models", type=Path, default=None)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    try:
        gold = corpus(given.data, "default")
        found = texts(given.data)
    except DataMissing as missing:
        print(missing, file=sys.stderr)  # noqa: T201 - a command's output
        return 2
    crf = EntityRecogniser.from_artefacts(given.models)
    sentences = [(words, certain([LABELS.index(each) for each in tags])) for words, tags in gold]
    sentences += taught(found, load_recogniser(crf, given.models))
    model = train(sentences, crf.tagger.lexicon, given.epochs)
    save(given.out, pack_arrays(model), f"{len(sentences)} sentences")
    return 0


if __name__ == "__main__":
    sys.exit(main())
