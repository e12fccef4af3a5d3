"""What a trained target model consists of, and the file it is kept in."""

from __future__ import annotations

import json
import re
import zlib
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_PAIR = re.compile("[HS]?[LR][^ ]+ ")


@dataclass(frozen=True, slots=True)
class TargetWeights:
    """`rows` maps a feature to its row in `values`: what it adds for negative and for positive, as
    multiples of `unit`, neutral being 0. `vectors` holds as many numbers per row of the lexicon as
    there are slots, twice; their unit is `vector_unit`. `bias` is added to both. `pairs` are the
    two words in a row of which any feature tells: most have none, and are passed over by this.
    """

    rows: Mapping[str, int]
    values: array[int]
    unit: float
    vectors: array[int]
    vector_unit: float
    bias: tuple[float, float]
    pairs: frozenset[str]


def pack(
    features: Mapping[str, tuple[float, float]],
    vectors: Sequence[float],
    bias: tuple[float, float],
) -> bytes:
    """A model as one compressed block; weights are kept as 8-bit multiples of a unit each kind."""
    unit = max(abs(weight) for pair in features.values() for weight in pair) / 127
    vector_unit = max(map(abs, vectors), default=127.0) / 127
    rows = {}
    for key in sorted(features):
        negative, positive = (round(weight / unit) for weight in features[key])
        if negative or positive:
            rows[key] = (negative, positive)
    values = array("b", [weight for pair in zip(*rows.values(), strict=True) for weight in pair])
    table = array("b", [round(weight / vector_unit) for weight in vectors])
    keys = "\n".join(rows).encode()
    head = {
        "unit": unit,
        "vector_unit": vector_unit,
        "bias": bias,
        "sizes": [len(keys), len(values), len(table)],
    }
    body = keys + values.tobytes() + table.tobytes()
    return zlib.compress(json.dumps(head).encode() + b"\n" + body, 9)


def unpack(data: bytes) -> TargetWeights:
    """The inverse of `pack`."""
    line, _, body = zlib.decompress(data).partition(b"\n")
    head = json.loads(line)
    keys_end, count, width = head["sizes"]
    rows = {key: row for row, key in enumerate(body[:keys_end].decode().split("\n"))}
    values = array("b", body[keys_end : keys_end + count])
    vectors = array("b", body[keys_end + count : keys_end + count + width])
    bias = head["bias"]
    # "L" or "R" begins the name of a pair, after "H" or "S" if it is of one kind of sentence only.
    pairs = frozenset(key[1 if key[0] in "LR" else 2 :] for key in rows if _PAIR.match(key))
    return TargetWeights(
        rows, values, head["unit"], vectors, head["vector_unit"], (bias[0], bias[1]), pairs
    )
