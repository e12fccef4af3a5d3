"""What a trained CRF consists of, and the file it is kept in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from services.enrich.nlp.arrays import decode_strings, encode_strings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from services.enrich.nlp.arrays import Arrays

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

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Weights:
        """The model of `crf_arrays`; an inside label may only follow its own name's labels."""
        labels = tuple(decode_strings(arrays["labels"]))
        transitions = tuple(
            tuple(
                FORBIDDEN if b[0] == "I" and a[1:] != b[1:] else weight
                for b, weight in zip(labels, row, strict=True)
            )
            for a, row in zip(labels, arrays["transitions"].tolist(), strict=True)
        )
        counts = arrays["counts"]
        return cls(
            labels,
            transitions,
            dict(zip(decode_strings(arrays["attributes"]), range(len(counts)), strict=True)),
            np.concatenate([[0], np.cumsum(counts, dtype=np.intp)]),
            arrays["slots"],
            arrays["values"],
            float(arrays["unit"]),
        )


def crf_arrays(
    labels: Sequence[str],
    transitions: Mapping[tuple[str, str], float],
    states: Mapping[str, Mapping[int, float]],
) -> Arrays:
    """A trained CRF as its file keeps it: state weights as 16-bit multiples of a unit.

    :param states: for each attribute, the weight by offset * labels + label.
    """
    unit = max(abs(weight) for row in states.values() for weight in row.values()) / 32_000
    rows = {
        key: {slot: round(weight / unit) for slot, weight in sorted(states[key].items())}
        for key in sorted(states)
    }
    rows = {key: {slot: value for slot, value in row.items() if value} for key, row in rows.items()}
    kept = {key: row for key, row in rows.items() if row}
    return {
        "labels": encode_strings(labels),
        "attributes": encode_strings(list(kept)),
        "counts": np.array([len(row) for row in kept.values()], np.uint8),
        "slots": np.array([slot for row in kept.values() for slot in row], np.uint8),
        "values": np.array([value for row in kept.values() for value in row.values()], "<i2"),
        "unit": np.array(unit),
        "transitions": np.array([[transitions.get((a, b), 0.0) for b in labels] for a in labels]),
    }
