"""A small convolutional network over word forms, beside the CRF: what stands around a word counts
by what it is together, which the CRF, who adds up word by word, cannot tell.

A form begins as the sum of learnt vectors of its attributes, those that the CRF sees (after Joulin
et al. 2017, "Bag of Tricks for Efficient Text Classification"), and is remembered. Each layer then
adds to every token what it makes of it and its two neighbours, normalised (residual convolutions,
as in Strubell et al. 2017, "Fast and Accurate Entity Recognition with Iterated Dilated
Convolutions", without the dilation).
"""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from services.enrich.memory import MOST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from services.enrich.features import Setting

    Floats = NDArray[np.float32]

# Tokens that are read at once: enough to be quick, few enough to need little memory.
_AT_ONCE = 256
# How much what it says counts against the CRF's scores. Tuned where outlets were unseen.
_WEIGHT = 1.5
_EPSILON = 1e-5  # PyTorch's, in norms


@dataclass(frozen=True, slots=True)
class Layer:
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


def pack(names: Sequence[str], vectors: Floats, layers: Sequence[Layer], out: Layer) -> bytes:
    """A network as one compressed block: vectors as bytes, all else as half-precision floats.

    :param vectors: a row for each attribute; the first is nothing, by no name.
    :param layers: the first makes a form of the sum of vectors, the others read three tokens.
    :param out: its norm is not used.
    """
    scales = np.maximum(np.abs(vectors).max(axis=1), 1e-6) / 127
    table = np.round(vectors / scales[:, None]).astype(np.int8)
    floats = [scales, *(part for layer in layers for part in _arrays(layer)), out.weights, out.bias]
    head = {
        "names": len("\n".join(names).encode()),
        "vectors": list(table.shape),
        "floats": [list(part.shape) for part in floats],
    }
    blocks = [table.tobytes(), *(part.astype("<f2").tobytes() for part in floats)]
    return zlib.compress(
        json.dumps(head).encode() + b"\n" + "\n".join(names).encode() + b"".join(blocks), 9
    )


def unpack(data: bytes) -> Parts:
    """The inverse of `pack`."""
    line, _, body = zlib.decompress(data).partition(b"\n")
    head = json.loads(line)
    at = head["names"]
    names = body[:at].decode().split("\n")
    rows, width = head["vectors"]
    table = np.frombuffer(body, np.int8, rows * width, at).reshape(rows, width)
    at += table.nbytes
    floats = []
    for shape in head["floats"]:
        part = np.frombuffer(body, "<f2", int(np.prod(shape)), at).reshape(shape)
        at += part.nbytes
        floats.append(part.astype(np.float32))
    scales, *rest, out, out_bias = floats
    layers = [Layer(*rest[i : i + 4]) for i in range(0, len(rest), 4)]
    return Parts(dict(zip(names, range(rows), strict=True)), table, scales, layers, out, out_bias)


def _arrays(layer: Layer) -> tuple[Floats, ...]:
    return layer.weights, layer.bias, layer.gain, layer.shift


class ContextNetwork:
    """Tells of the labels of tokens by what stands around them. Deterministic on one kind of
    processor; not for several threads at once.
    """

    def __init__(
        self, parts: Parts, attributes_of: Callable[[tuple[str, Setting]], Iterable[str]]
    ) -> None:
        # A process has one core to itself: more of them are more processes.
        threadpool_limits(1, "blas")
        self._parts = parts
        self._attributes_of = attributes_of
        self._known: dict[tuple[str, Setting], int] = {}
        # Of each form its vector, then what the first convolution makes of it where it stands
        # before a token, at it, and after it. The first row is the nothing around sentences.
        width = len(parts.layers[0].bias)
        self._around = np.concatenate(np.split(parts.layers[1].weights, 3), axis=1)
        self._forms = np.zeros((MOST + _AT_ONCE, 4 * width), np.float32)
        # Where to put what is made of tokens, as to ask for memory each time costs more. Between
        # sentences, and around them, stands a token of nothing.
        self._seen = np.empty((2 * _AT_ONCE, 3 * width), np.float32)
        self._made = np.empty((2 * _AT_ONCE, width), np.float32)

    def __call__(self, sentences: Sequence[Sequence[tuple[str, Setting]]]) -> Iterator[list[float]]:
        """The lead over O of every other label, as much as it counts, for each token in turn.

        :param sentences: the forms of their tokens, and the settings these stand in.
        """
        return chain.from_iterable(map(self._read, _together(sentences)))

    def _read(self, sentences: Sequence[Sequence[tuple[str, Setting]]]) -> list[list[float]]:
        self._learn(set(chain.from_iterable(sentences)))
        known = self._known
        numbers = [0]
        for sentence in sentences:
            numbers += [known[form] for form in sentence]
            numbers.append(0)
        rows = np.array(numbers)
        nothing = rows == 0
        tokens, before, here, after = np.split(self._forms[rows], 4, axis=1)
        seen, made = self._seen[: len(rows) - 2], self._made[: len(rows) - 2]
        for number, layer in enumerate(self._parts.layers[1:]):
            if number:
                np.concatenate([tokens[:-2], tokens[1:-1], tokens[2:]], axis=1, out=seen)
                np.matmul(seen, layer.weights, out=made)
            else:
                np.add(before[:-2], here[1:-1], out=made)
                made += after[2:]
            made += layer.bias
            np.maximum(made, 0, out=made)
            tokens[1:-1] += _normed(made, layer)
            tokens[nothing] = 0
        told = tokens[~nothing] @ self._parts.out + self._parts.out_bias
        leads: list[list[float]] = (_WEIGHT * told).tolist()
        return leads

    def _learn(self, forms: set[tuple[str, Setting]]) -> None:
        """Make the vectors of the forms that are not remembered."""
        known = self._known
        if len(known) + len(forms) >= len(self._forms):
            known.clear()
        fresh = sorted(form for form in forms if form not in known)
        if not fresh:
            return
        parts, index = self._parts, self._parts.attributes
        found = [
            [index[key] for key in self._attributes_of(form) if key in index] for form in fresh
        ]
        # A form of which nothing is known is the nothing that is known by no name.
        starts = np.cumsum([0, *(max(1, len(each)) for each in found[:-1])])
        flat = np.array([key for each in found for key in each or [0]])
        sums = np.add.reduceat(parts.table[flat] * parts.scales[flat, None], starts, axis=0)
        first = parts.layers[0]
        vectors = _normed(sums @ first.weights + first.bias, first)
        begin = len(known) + 1
        rows = self._forms[begin : begin + len(fresh)]
        np.concatenate([vectors, vectors @ self._around], axis=1, out=rows)
        known.update(zip(fresh, range(begin, begin + len(fresh)), strict=True))


def _normed(rows: Floats, layer: Layer) -> Floats:
    """Each row with mean 0 and variance 1, then as the layer wants it (Ba et al. 2016)."""
    rows = rows - rows.mean(axis=1, keepdims=True)
    spread = np.sqrt(np.square(rows).mean(axis=1, keepdims=True) + _EPSILON)
    normed: Floats = rows / spread * layer.gain + layer.shift
    return normed


def _together(
    sentences: Sequence[Sequence[tuple[str, Setting]]],
) -> Iterator[list[Sequence[tuple[str, Setting]]]]:
    """Sentences in groups that are read at once; longer ones are cut."""
    group: list[Sequence[tuple[str, Setting]]] = []
    size = 0
    for sentence in sentences:
        for at in range(0, len(sentence), _AT_ONCE):
            piece = sentence[at : at + _AT_ONCE]
            if size + len(piece) > _AT_ONCE:
                yield group
                group, size = [], 0
            group.append(piece)
            size += len(piece)
    if group:
        yield group
