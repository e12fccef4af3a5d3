"""A small convolutional network over word forms, beside the CRF: it models how the words around a
token interact, while the CRF adds up the words one by one.

The embedding of a form is the sum of the learnt vectors of its attributes, those that the CRF sees
(after Joulin et al. 2017, "Bag of Tricks for Efficient Text Classification"), and is cached. Each
layer is a residual convolution over a token and its two neighbours, normalised (as in Strubell et
al. 2017, "Fast and Accurate Entity Recognition with Iterated Dilated Convolutions", without the
dilation).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from services.enrich.nlp.arrays import decode_strings, encode_strings
from services.enrich.nlp.entities.feature_cache import attribute_numbers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from services.enrich.nlp.arrays import Arrays
    from services.enrich.nlp.entities.feature_cache import PackedSentences

    Floats = NDArray[np.float32]

# Tokens of one batch: enough to be quick, few enough to need little memory.
_BATCH_TOKENS = 512
# The weight of the network's scores against the CRF's. Tuned where outlets were unseen.
_WEIGHT = 1.5
_EPSILON = 1e-5  # PyTorch's, in norms
# Tokens after a possible start of an entity that are scored as well.
_ENTITY_REACH = 3


class CnnLayer(NamedTuple):
    """`weights` (inputs, outputs), `bias`, then the `gain` and `shift` of the norm that follows."""

    weights: Floats
    bias: Floats
    gain: Floats
    shift: Floats


@dataclass(frozen=True, slots=True)
class CnnWeights:
    """The weights of a trained network. `vectors` holds an 8-bit row for each attribute, to be
    multiplied by its `scales`; `output_weights` give the score of each label relative to O.
    """

    attributes: Mapping[str, int]
    vectors: NDArray[np.int8]
    scales: Floats
    layers: Sequence[CnnLayer]
    output_weights: Floats
    output_bias: Floats

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> CnnWeights:
        """The weights that `cnn_arrays` made arrays of."""
        floats = {
            name: part.astype(np.float32) for name, part in arrays.items() if part.dtype == "f2"
        }
        names = decode_strings(arrays["attributes"])
        layers = sum(name.endswith("_gain") for name in floats)
        return cls(
            dict(zip(names, range(len(names)), strict=True)),
            arrays["vectors"],
            floats["scales"],
            [
                CnnLayer(*(floats[f"layer{i}_{part}"] for part in CnnLayer._fields))
                for i in range(layers)
            ],
            floats["output_weights"],
            floats["output_bias"],
        )


def cnn_arrays(
    attributes: Sequence[str], vectors: Floats, layers: Sequence[CnnLayer], output: CnnLayer
) -> Arrays:
    """The arrays of a network's file: vectors in 8 bits, all else in half precision.

    :param vectors: a row for each attribute; the first is padding, with an empty name.
    :param layers: the first makes a form's embedding, the others read three tokens.
    :param output: its norm is not used.
    """
    scales = np.maximum(np.abs(vectors).max(axis=1), 1e-6) / 127
    floats = {
        "scales": scales,
        **{
            f"layer{i}_{name}": part
            for i, layer in enumerate(layers)
            for name, part in layer._asdict().items()
        },
        "output_weights": output.weights,
        "output_bias": output.bias,
    }
    return {
        "attributes": encode_strings(attributes),
        "vectors": np.round(vectors / scales[:, None]).astype(np.int8),
        **{name: part.astype("<f2") for name, part in floats.items()},
    }


class ContextCnn:
    """Scores the labels of tokens by their context; a `FeatureTable` of the embeddings of forms.
    Deterministic on one kind of processor; not thread-safe.
    """

    def __init__(self, weights: CnnWeights) -> None:
        # A process has one core to itself: more of them are more processes.
        threadpool_limits(1, "blas")
        self._weights = weights
        self._width = len(weights.layers[0].bias)
        self.reset(0)
        # Buffers of a batch: to allocate them each time costs more.
        self._inputs = np.empty((_BATCH_TOKENS, 3 * self._width), np.float32)
        self._outputs = np.empty((_BATCH_TOKENS, self._width), np.float32)

    def reset(self, size: int) -> None:
        """Drop all embeddings, and allocate `size` new ones."""
        self._embeddings = np.zeros((size, self._width), np.float32)

    def fill(self, first_row: int, attributes: Sequence[Sequence[str]]) -> None:
        """Compute the embeddings of forms that have these attributes, from `first_row` on."""
        weights, layer = self._weights, self._weights.layers[0]
        numbers, sizes = attribute_numbers(attributes, weights.attributes)
        sums = np.zeros((len(attributes), weights.vectors.shape[1]), np.float32)
        nonempty = sizes > 0
        if len(numbers):
            starts = (np.cumsum(sizes) - sizes)[nonempty]
            vectors = weights.vectors[numbers] * weights.scales[numbers, None]
            sums[nonempty] = np.add.reduceat(vectors, starts, axis=0)
        rows = self._embeddings[first_row : first_row + len(attributes)]
        np.matmul(sums, layer.weights, out=rows)
        rows += layer.bias
        _normalize(rows, layer)

    def scores(self, sentences: PackedSentences, wanted: NDArray[np.bool_]) -> NDArray[np.float64]:
        """The weighted scores relative to O at each position; 0 where it is far from any wanted.

        :returns: (positions, labels but O).
        """
        layers = len(self._weights.layers) - 1
        scored = _dilate(wanted, 0, _ENTITY_REACH, sentences.is_word)
        read = _dilate(scored, layers, layers, sentences.is_word)
        # Between sentences, and around what is read, is a token of padding.
        positions = np.flatnonzero(_dilate(read, 1, 1, np.True_))
        forms = np.where(read, sentences.forms, 0)[positions]
        scores = np.zeros((len(wanted), len(self._weights.output_bias)))
        for batch in _batches(forms):
            scores[positions[batch]] = self._batch_scores(forms[batch])
        scores[~scored] = 0
        return scores

    def _batch_scores(self, forms: NDArray[np.intp]) -> Floats:
        padding = forms == 0
        tokens = np.zeros((len(forms) + 2, self._width), np.float32)
        inner = tokens[1:-1]
        np.take(self._embeddings, forms, axis=0, out=inner)
        inner[padding] = 0
        inputs, outputs = self._inputs[: len(forms)], self._outputs[: len(forms)]
        for layer in self._weights.layers[1:]:
            np.concatenate([tokens[:-2], inner, tokens[2:]], axis=1, out=inputs)
            np.matmul(inputs, layer.weights, out=outputs)
            outputs += layer.bias
            np.maximum(outputs, 0, out=outputs)
            _normalize(outputs, layer)
            inner += outputs
            inner[padding] = 0
        weights = self._weights
        scores: Floats = _WEIGHT * (inner @ weights.output_weights + weights.output_bias)
        return scores


def _normalize(rows: Floats, layer: CnnLayer) -> None:
    """Layer normalisation of each row, in place (Ba et al. 2016)."""
    width = rows.shape[1]
    # These products take a fifth and a half of the time that `mean` takes.
    mean = rows @ np.full(width, 1 / width, np.float32)
    rows -= mean[:, None]
    deviation = np.sqrt(np.einsum("ij,ij->i", rows, rows) / width + _EPSILON)
    rows /= deviation[:, None]
    rows *= layer.gain
    rows += layer.shift


def _dilate(
    mask: NDArray[np.bool_], before: int, after: int, within: NDArray[np.bool_] | np.bool_
) -> NDArray[np.bool_]:
    """Extend a mask by so many positions before and after, as far as they are connected within
    another.
    """
    dilated = mask.copy()
    for _ in range(before):
        dilated[:-1] |= dilated[1:]
        dilated &= within
    for _ in range(after):
        dilated[1:] |= dilated[:-1]
        dilated &= within
    return dilated


def _batches(forms: NDArray[np.intp]) -> Iterator[slice]:
    """Batches of at most `_BATCH_TOKENS`, cut at padding where they can be."""
    gaps = np.flatnonzero(forms == 0)
    first = 0
    while first < len(forms):
        last = first + _BATCH_TOKENS
        if last < len(forms):
            before = gaps[: np.searchsorted(gaps, last)]
            last = int(before[-1]) + 1 if len(before) and before[-1] > first else last
        yield slice(first, last)
        first = last
