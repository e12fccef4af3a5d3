"""Fine-tuning: batches, the optimiser and its schedule, in one loop for both transformers."""

from __future__ import annotations

import random
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from torch import Tensor

    from services.enrich.training.transformers import EntityNetwork, TargetNetwork

# A label that counts for nothing: of pieces that are not a word's first, and of padding.
NO_LABEL = -100
_EVERY = 50
_AVERAGED_EVERY = 10


@dataclass(frozen=True, slots=True)
class Example:
    """A text as a network reads it, with a label for each piece, or one for the whole."""

    ids: list[int]
    kinds: list[int]
    labels: list[int]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to train. `hidden` is the share of pieces that are masked in every text read, `pieces`
    the size of a batch, padding included, `smoothing` that of labels, `averaged` the last share of
    the steps over which the weights are averaged (Izmailov et al. 2018).
    """

    epochs: int
    rate: float
    pieces: int
    hidden: float
    smoothing: float
    mask: int
    seed: int = 20260101
    warm_up: float = 0.06
    decay: float = 0.01
    averaged: float = 0.0


def fit(
    network: EntityNetwork | TargetNetwork,
    draw: Callable[[random.Random], Sequence[Example]],
    recipe: Recipe,
) -> None:
    """Train a network in place.

    :param draw: the examples of an epoch; called once for each, so that they may differ.
    """
    chance = random.Random(recipe.seed)  # noqa: S311 - a sample, not a secret
    epochs = [_batches(draw(chance), recipe.pieces, chance) for _ in range(recipe.epochs)]
    steps = sum(map(len, epochs))
    optimiser = torch.optim.AdamW(_groups(network, recipe.decay), lr=recipe.rate)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser,
        lambda step: min(
            step / (recipe.warm_up * steps), (steps - step) / ((1 - recipe.warm_up) * steps)
        ),
    )
    loss_of = nn.CrossEntropyLoss(ignore_index=NO_LABEL, label_smoothing=recipe.smoothing)
    # One thread, since sums in another order are other weights.
    torch.set_num_threads(1)
    network.train()
    began, recent = time.monotonic(), 0.0
    mean = AveragedModel(network)
    for step, batch in enumerate((batch for epoch in epochs for batch in epoch), 1):
        ids, kinds, labels = _tensors(batch)
        # The marks of beginning, end and padding have smaller numbers than the mask.
        hidden = (torch.rand(ids.shape) < recipe.hidden) & (ids > recipe.mask)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = network(ids.masked_fill(hidden, recipe.mask), kinds)
        loss = loss_of(logits.float().flatten(0, -2), labels.flatten())
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        optimiser.zero_grad(set_to_none=True)
        if step > steps * (1 - recipe.averaged) and step % _AVERAGED_EVERY == 0:
            mean.update_parameters(network)
        recent += loss.item()
        if step % _EVERY == 0:
            told = f"step {step} of {steps}, loss {recent / _EVERY:.4f}"
            print(f"{told}, {time.monotonic() - began:.0f} s", file=sys.stderr)  # noqa: T201 - a command's output
            recent = 0.0
    if recipe.averaged:
        network.load_state_dict(mean.module.state_dict())


def _groups(network: nn.Module, decay: float) -> list[dict[str, object]]:
    """The weights that decay, and those of norms and biases, which do not."""
    named = list(network.named_parameters())
    kept = [weight for name, weight in named if "LayerNorm" in name or name.endswith("bias")]
    rest = [weight for name, weight in named if not ("LayerNorm" in name or name.endswith("bias"))]
    return [{"params": rest, "weight_decay": decay}, {"params": kept, "weight_decay": 0.0}]


def _batches(
    examples: Sequence[Example], pieces: int, chance: random.Random
) -> list[list[Example]]:
    """Batches of texts of about the same length, in random order."""
    ordered = sorted(examples, key=lambda example: (len(example.ids), chance.random()))
    batches: list[list[Example]] = [[]]
    for example in ordered:
        if batches[-1] and len(example.ids) * (len(batches[-1]) + 1) > pieces:
            batches.append([])
        batches[-1].append(example)
    chance.shuffle(batches)
    return batches


def _tensors(batch: Sequence[Example]) -> Iterator[Tensor]:
    for name, blank in (("ids", 0), ("kinds", 0), ("labels", NO_LABEL)):
        rows = [getattr(example, name) for example in batch]
        most = max(map(len, rows))
        yield torch.tensor([row + [blank] * (most - len(row)) for row in rows])
