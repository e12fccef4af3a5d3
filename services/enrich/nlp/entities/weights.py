"""What a trained CRF consists of, and the file it is kept in."""

from __future__ import annotations

import json
import sys
import zlib
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

# The weight of a transition that no path may take.
FORBIDDEN = -1e4

Scores = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Weights:
    """`labels[0]` is O. `states` maps an attribute to its number n: its weights are those from
    `bounds[n]` to `bounds[n + 1]` (exclusive) of two flat arrays, as offset * labels + label, and
    the weight in `unit`s. `transitions[i][j]` is the weight of label j after label i.
    """

    labels: tuple[str, ...]
    transitions: tuple[Scores, ...]
    states: Mapping[str, int]
    bounds: NDArray[np.intp]
    slots: NDArray[np.uint8]
    values: NDArray[np.int16]
    unit: float


def pack(
    labels: Sequence[str],
    transitions: Mapping[tuple[str, str], float],
    states: Mapping[str, Mapping[int, float]],
) -> bytes:
    """A model as one compressed block. State weights are kept as 16-bit multiples of a unit."""
    largest = max(abs(weight) for row in states.values() for weight in row.values())
    unit = largest / 32_000
    slots, values, counts, keys = array("B"), array("h"), array("B"), []
    for key in sorted(states):
        row = {s: round(w / unit) for s, w in sorted(states[key].items()) if round(w / unit)}
        if row:
            keys.append(key)
            counts.append(len(row))
            slots.extend(row)
            values.extend(row.values())
    if sys.byteorder == "big":
        values.byteswap()
    head = {
        "labels": list(labels),
        "transitions": [[transitions.get((a, b), 0.0) for b in labels] for a in labels],
        "unit": unit,
        "keys": len("\n".join(keys).encode()),
        "rows": len(keys),
        "weights": len(values),
    }
    body = "\n".join(keys).encode() + counts.tobytes() + slots.tobytes() + values.tobytes()
    return zlib.compress(json.dumps(head).encode() + b"\n" + body, 9)


def unpack(data: bytes) -> Weights:
    """The inverse of `pack`; an inside label may then only follow its own name's labels."""
    line, _, body = zlib.decompress(data).partition(b"\n")
    head = json.loads(line)
    labels = tuple(head["labels"])
    keys = body[: head["keys"]].decode().split("\n")
    at = head["keys"]
    counts = np.frombuffer(body, np.uint8, head["rows"], at)
    at += head["rows"]
    slots = np.frombuffer(body, np.uint8, head["weights"], at).copy()
    values = np.frombuffer(body, "<i2", head["weights"], at + head["weights"]).astype(np.int16)
    states = dict(zip(keys, range(len(keys)), strict=True))
    bounds = np.concatenate([[0], np.cumsum(counts, dtype=np.intp)])
    transitions = tuple(
        tuple(
            FORBIDDEN if b[0] == "I" and a[1:] != b[1:] else weight
            for b, weight in zip(labels, row, strict=True)
        )
        for a, row in zip(labels, head["transitions"], strict=True)
    )
    return Weights(labels, transitions, states, bounds, slots, values, head["unit"])
