"""Fine-tuning of the transformers: batches, the optimizer and its schedule.

Needs the extra `training`.
"""

from __future__ import annotations

import random
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from torch import Tensor

    from services.enrich.training.transformers import EntityNetwork, TargetNetwork

T = TypeVar("T")

# The label that the loss ignores: of pieces that are not a word's first, and of padding.
NO_LABEL = -100
_LOG_STEPS = 50
_AVERAGED_STEPS = 10


@dataclass(frozen=True, slots=True)
class Example:
    """An encoded text, with a label for each piece, or one for the whole."""

    ids: list[int]
    kinds: list[int]
    labels: list[int]


@dataclass(frozen=True, slots=True)
class Recipe:
    """The hyperparameters. `batch_pieces` is the size of a batch, padding included; `masked_share`
    the share of pieces that are masked each time; `averaged_share` the last share of the steps over
    which the weights are averaged (Izmailov et al. 2018).
    """

    epochs: int
    rate: float
    batch_pieces: int
    masked_share: float
    label_smoothing: float
    mask: int
    seed: int = 20260101
    warm_up: float = 0.06
    decay: float = 0.01
    averaged_share: float = 0.0


def fine_tune(
    network: EntityNetwork | TargetNetwork,
    draw: Callable[[random.Random], Sequence[Example]],
    recipe: Recipe,
) -> None:
    """Train a network in place.

    :param draw: makes the examples of an epoch; called for each, so that they may differ.
    """
    chance = random.Random(recipe.seed)  # noqa: S311 - a sample, not a secret
    epochs = [
        batches_by_length(
            draw(chance), lambda example: len(example.ids), recipe.batch_pieces, chance
        )
        for _ in range(recipe.epochs)
    ]
    steps = sum(map(len, epochs))
    optimizer = torch.optim.AdamW(_groups(network, recipe.decay), lr=recipe.rate)
    warm_up, decline = recipe.warm_up * steps, (1 - recipe.warm_up) * steps
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(step / warm_up, (steps - step) / decline)
    )
    loss_of = nn.CrossEntropyLoss(ignore_index=NO_LABEL, label_smoothing=recipe.label_smoothing)
    # One thread, since sums in another order are other weights.
    torch.set_num_threads(1)
    network.train()
    began, recent = time.monotonic(), 0.0
    averaged = AveragedModel(network)
    for step, batch in enumerate((batch for epoch in epochs for batch in epoch), 1):
        ids, kinds, labels = _tensors(batch)
        # The pieces of beginning, end and padding have smaller numbers than the mask.
        masked = (torch.rand(ids.shape) < recipe.masked_share) & (ids > recipe.mask)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = network(ids.masked_fill(masked, recipe.mask), kinds)
        loss = loss_of(logits.float().flatten(0, -2), labels.flatten())
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad(set_to_none=True)
        if step > steps * (1 - recipe.averaged_share) and step % _AVERAGED_STEPS == 0:
            averaged.update_parameters(network)
        recent += loss.item()
        if step % _LOG_STEPS == 0:
            progress = f"step {step} of {steps}, loss {recent / _LOG_STEPS:.4f}"
            print(f"{progress}, {time.monotonic() - began:.0f} s", file=sys.stderr)  # noqa: T201 - a command's output
            recent = 0.0
    if recipe.averaged_share:
        network.load_state_dict(averaged.module.state_dict())


def _groups(network: nn.Module, decay: float) -> list[dict[str, object]]:
    """The weights that decay, and those of norms and biases, which do not."""
    named = list(network.named_parameters())
    undecayed = [weight for name, weight in named if "LayerNorm" in name or name.endswith("bias")]
    decayed = [
        weight for name, weight in named if not ("LayerNorm" in name or name.endswith("bias"))
    ]
    return [{"params": decayed, "weight_decay": decay}, {"params": undecayed, "weight_decay": 0.0}]


def batches_by_length(
    items: Sequence[T], length: Callable[[T], int], capacity: int, chance: random.Random
) -> list[list[T]]:
    """Batches of items of about the same length, in random order.

    :param capacity: the sum of the lengths of a batch, padding included.
    """
    ordered = sorted(items, key=lambda item: (length(item), chance.random()))
    batches: list[list[T]] = [[]]
    for item in ordered:
        if batches[-1] and length(item) * (len(batches[-1]) + 1) > capacity:
            batches.append([])
        batches[-1].append(item)
    chance.shuffle(batches)
    return batches


def _tensors(batch: Sequence[Example]) -> Iterator[Tensor]:
    for name, blank in (("ids", 0), ("kinds", 0), ("labels", NO_LABEL)):
        rows = [getattr(example, name) for example in batch]
        most = max(map(len, rows))
        yield torch.tensor([row + [blank] * (most - len(row)) for row in rows])
