"""The weights of a trained CRF, and their file."""

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

LabelScores = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class CrfWeights:
    """The weights of a linear-chain CRF. `labels[0]` is O. `attributes` maps an attribute to its
    number n: its state weights are those from `bounds[n]` to `bounds[n + 1]` (exclusive) of two
    flat arrays, `slots` as offset * labels + label, and `values` in multiples of `unit`.
    `transitions[i][j]` is the weight of label j after label i.
    """

    labels: tuple[str, ...]
    transitions: tuple[LabelScores, ...]
    attributes: Mapping[str, int]
    bounds: NDArray[np.intp]
    slots: NDArray[np.uint8]
    values: NDArray[np.int16]
    unit: float

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> CrfWeights:
        """The weights that `crf_arrays` made arrays of; an inside label may only follow a label of
        its own type.
        """
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
    """The arrays of a CRF's file, state weights as 16-bit multiples of a unit.

    :param states: for each attribute, the weight by offset * labels + label.
    """
    unit = max(abs(weight) for row in states.values() for weight in row.values()) / 32_000
    rounded = {
        attribute: {
            slot: round(weight / unit) for slot, weight in sorted(states[attribute].items())
        }
        for attribute in sorted(states)
    }
    nonzero = (
        (attribute, {slot: value for slot, value in row.items() if value})
        for attribute, row in rounded.items()
    )
    kept = {attribute: row for attribute, row in nonzero if row}
    return {
        "labels": encode_strings(labels),
        "attributes": encode_strings(list(kept)),
        "counts": np.array([len(row) for row in kept.values()], np.uint8),
        "slots": np.array([slot for row in kept.values() for slot in row], np.uint8),
        "values": np.array([value for row in kept.values() for value in row.values()], "<i2"),
        "unit": np.array(unit),
        "transitions": np.array([[transitions.get((a, b), 0.0) for b in labels] for a in labels]),
    }
