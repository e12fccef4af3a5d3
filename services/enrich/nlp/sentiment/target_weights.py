"""The weights of the trained model of target sentiment, and their file."""

from __future__ import annotations

import re
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from services.enrich.nlp.arrays import decode_strings, encode_strings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from services.enrich.nlp.arrays import Arrays

_BIGRAM = re.compile("[HS]?[LR][^ ]+ ")


@dataclass(frozen=True, slots=True)
class TargetWeights:
    """The weights of a logistic regression, for negative and for positive; neutral is 0. `features`
    maps a feature to its number in `values`, which hold first all weights for negative, then all
    for positive, in multiples of `unit`. `vectors` holds two weights for each slot and each row of
    the lexicon, in multiples of `vector_unit`. `bigrams` are the pairs of words that any feature is
    of: most pairs have none, and are skipped.
    """

    features: Mapping[str, int]
    values: array[int]
    unit: float
    vectors: array[int]
    vector_unit: float
    bias: tuple[float, float]
    bigrams: frozenset[str]

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> TargetWeights:
        """The weights that `target_arrays` made arrays of."""
        features = decode_strings(arrays["features"])
        # "L" or "R" begins the name of a bigram, after "H" or "S" if it is of one kind of sentence.
        bigrams = frozenset(
            key[1 if key[0] in "LR" else 2 :] for key in features if _BIGRAM.match(key)
        )
        negative, positive = arrays["bias"].tolist()
        return cls(
            dict(zip(features, range(len(features)), strict=True)),
            array("b", arrays["values"].tobytes()),
            float(arrays["unit"]),
            array("b", arrays["vectors"].tobytes()),
            float(arrays["vector_unit"]),
            (negative, positive),
            bigrams,
        )


def target_arrays(
    features: Mapping[str, tuple[float, float]],
    vectors: Sequence[float],
    bias: tuple[float, float],
) -> Arrays:
    """The arrays of a model's file: weights as 8-bit multiples of a unit each kind.

    :param features: the weights of each for negative and positive.
    :param vectors: those of each row of the lexicon, by slot.
    """
    unit = max(abs(weight) for pair in features.values() for weight in pair) / 127
    vector_unit = max(map(abs, vectors), default=127.0) / 127
    rounded = {
        key: (round(features[key][0] / unit), round(features[key][1] / unit))
        for key in sorted(features)
    }
    kept = {key: pair for key, pair in rounded.items() if any(pair)}
    return {
        "features": encode_strings(list(kept)),
        "values": np.array(list(zip(*kept.values(), strict=True)), np.int8),
        "unit": np.array(unit),
        "vectors": np.array([round(weight / vector_unit) for weight in vectors], np.int8),
        "vector_unit": np.array(vector_unit),
        "bias": np.array(bias),
    }
