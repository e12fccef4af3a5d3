"""A small convolutional network over word forms, beside the CRF: what stands around a word counts
by what it is together, which the CRF, who adds up word by word, cannot tell.

A form begins as the sum of learnt vectors of its attributes, those that the CRF sees (after Joulin
et al. 2017, "Bag of Tricks for Efficient Text Classification"), and is remembered. Each layer then
adds to every token what it makes of it and its two neighbours, normalised (residual convolutions,
as in Strubell et al. 2017, "Fast and Accurate Entity Recognition with Iterated Dilated
Convolutions", without the dilation).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from services.enrich.nlp.arrays import decode_strings, encode_strings
from services.enrich.nlp.entities.feature_cache import numbered

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from services.enrich.nlp.arrays import Arrays
    from services.enrich.nlp.entities.feature_cache import Places

    Floats = NDArray[np.float32]

# Tokens that are read at once: enough to be quick, few enough to need little memory.
_AT_ONCE = 512
# How much what it says counts against the CRF's scores. Tuned where outlets were unseen.
_WEIGHT = 1.5
_EPSILON = 1e-5  # PyTorch's, in norms
# A name is read so far after where it may begin.
_REACH = 3


class Layer(NamedTuple):
    """`weights` (inputs, outputs), `bias`, then the `gain` and `shift` of the norm that follows."""

    weights: Floats
    bias: Floats
    gain: Floats
    shift: Floats


@dataclass(frozen=True, slots=True)
class Parts:
    """What a trained network consists of. `table` holds a row of small whole numbers for each
    attribute, to be multiplied by its `scales`; `out` gives the lead of each label over O.
    """

    attributes: Mapping[str, int]
    table: NDArray[np.int8]
    scales: Floats
    layers: Sequence[Layer]
    out: Floats
    out_bias: Floats

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Parts:
        """The network of `cnn_arrays`."""
        floats = {
            name: part.astype(np.float32) for name, part in arrays.items() if part.dtype == "f2"
        }
        names = decode_strings(arrays["attributes"])
        count = sum(name.endswith("_gain") for name in floats)
        return cls(
            dict(zip(names, range(len(names)), strict=True)),
            arrays["vectors"],
            floats["scales"],
            [
                Layer(*(floats[f"layer{i}_{field}"] for field in Layer._fields))
                for i in range(count)
            ],
            floats["output_weights"],
            floats["output_bias"],
        )


def cnn_arrays(
    names: Sequence[str], vectors: Floats, layers: Sequence[Layer], out: Layer
) -> Arrays:
    """A trained network as its file keeps it: vectors in 8 bits, all else in half precision.

    :param vectors: a row for each attribute; the first is nothing, by no name.
    :param layers: the first makes a form of the sum of vectors, the others read three tokens.
    :param out: its norm is not used.
    """
    scales = np.maximum(np.abs(vectors).max(axis=1), 1e-6) / 127
    named = {
        "scales": scales,
        **{
            f"layer{i}_{field}": part
            for i, layer in enumerate(layers)
            for field, part in layer._asdict().items()
        },
        "output_weights": out.weights,
        "output_bias": out.bias,
    }
    return {
        "attributes": encode_strings(names),
        "vectors": np.round(vectors / scales[:, None]).astype(np.int8),
        **{name: part.astype("<f2") for name, part in named.items()},
    }


class ContextNetwork:
    """Tells of the labels of tokens by what stands around them; a table of vectors of the forms
    (`forms.Table`). Deterministic on one kind of processor; not for several threads at once.
    """

    def __init__(self, parts: Parts) -> None:
        # A process has one core to itself: more of them are more processes.
        threadpool_limits(1, "blas")
        self._parts = parts
        self._width = len(parts.layers[0].bias)
        self.reset(0)
        # Where to put what is made of tokens, as to ask for memory each time costs more.
        self._seen = np.empty((_AT_ONCE, 3 * self._width), np.float32)
        self._made = np.empty((_AT_ONCE, self._width), np.float32)

    def reset(self, size: int) -> None:
        """Forget all forms, and have room for so many."""
        self._forms = np.zeros((size, self._width), np.float32)

    def learn(self, first: int, found: Sequence[Sequence[str]]) -> None:
        """Make the vectors of forms that have these attributes, numbered from `first` on."""
        parts, layer = self._parts, self._parts.layers[0]
        numbers, sizes = numbered(found, parts.attributes)
        sums = np.zeros((len(found), parts.table.shape[1]), np.float32)
        some = sizes > 0
        if len(numbers):
            starts = (np.cumsum(sizes) - sizes)[some]
            vectors = parts.table[numbers] * parts.scales[numbers, None]
            sums[some] = np.add.reduceat(vectors, starts, axis=0)
        rows = self._forms[first : first + len(found)]
        np.matmul(sums, layer.weights, out=rows)
        rows += layer.bias
        _norm(rows, layer)

    def __call__(self, places: Places, wanted: NDArray[np.bool_]) -> NDArray[np.float64]:
        """The lead over O of every other label, as much as it counts, at each place of some
        sentences; nothing where it is far from any that is wanted.

        :returns: (places, labels but O).
        """
        layers = len(self._parts.layers) - 1
        told = _spread(wanted, 0, _REACH, places.solid)
        read = _spread(told, layers, layers, places.solid)
        # Between sentences, and around what is read, stands a token of nothing.
        at = np.flatnonzero(_spread(read, 1, 1, np.True_))
        numbers = np.where(read, places.numbers, 0)[at]
        leads = np.zeros((len(wanted), len(self._parts.out_bias)))
        for part in _parts(numbers):
            leads[at[part]] = self._read(numbers[part])
        leads[~told] = 0
        return leads

    def _read(self, numbers: NDArray[np.intp]) -> Floats:
        nothing = numbers == 0
        tokens = np.zeros((len(numbers) + 2, self._width), np.float32)
        inner = tokens[1:-1]
        np.take(self._forms, numbers, axis=0, out=inner)
        inner[nothing] = 0
        seen, made = self._seen[: len(numbers)], self._made[: len(numbers)]
        for layer in self._parts.layers[1:]:
            np.concatenate([tokens[:-2], inner, tokens[2:]], axis=1, out=seen)
            np.matmul(seen, layer.weights, out=made)
            made += layer.bias
            np.maximum(made, 0, out=made)
            _norm(made, layer)
            inner += made
            inner[nothing] = 0
        leads: Floats = _WEIGHT * (inner @ self._parts.out + self._parts.out_bias)
        return leads


def _norm(rows: Floats, layer: Layer) -> None:
    """Give each row the mean 0 and the variance 1, then what the layer wants (Ba et al. 2016)."""
    width = rows.shape[1]
    # These products take a fifth and a half of the time that `mean` takes.
    mean = rows @ np.full(width, 1 / width, np.float32)
    rows -= mean[:, None]
    spread = np.sqrt(np.einsum("ij,ij->i", rows, rows) / width + _EPSILON)
    rows /= spread[:, None]
    rows *= layer.gain
    rows += layer.shift


def _spread(
    mask: NDArray[np.bool_], before: int, after: int, within: NDArray[np.bool_] | np.bool_
) -> NDArray[np.bool_]:
    """Also the places so many before and after, as far as they follow each other within some."""
    spread = mask.copy()
    for _ in range(before):
        spread[:-1] |= spread[1:]
        spread &= within
    for _ in range(after):
        spread[1:] |= spread[:-1]
        spread &= within
    return spread


def _parts(numbers: NDArray[np.intp]) -> Iterator[slice]:
    """Parts that are read at once, cut between sentences where they can be."""
    gaps = np.flatnonzero(numbers == 0)
    first = 0
    while first < len(numbers):
        last = first + _AT_ONCE
        if last < len(numbers):
            before = gaps[: np.searchsorted(gaps, last)]
            last = int(before[-1]) + 1 if len(before) and before[-1] > first else last
        yield slice(first, last)
        first = last
