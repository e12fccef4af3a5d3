"""What a trained target model consists of, and the file it is kept in."""

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

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> TargetWeights:
        """The model of `target_arrays`."""
        features = decode_strings(arrays["features"])
        # "L" or "R" begins the name of a pair, after "H" or "S" if it is of one kind of sentence.
        pairs = frozenset(key[1 if key[0] in "LR" else 2 :] for key in features if _PAIR.match(key))
        negative, positive = arrays["bias"].tolist()
        return cls(
            dict(zip(features, range(len(features)), strict=True)),
            array("b", arrays["values"].tobytes()),
            float(arrays["unit"]),
            array("b", arrays["vectors"].tobytes()),
            float(arrays["vector_unit"]),
            (negative, positive),
            pairs,
        )


def target_arrays(
    features: Mapping[str, tuple[float, float]],
    vectors: Sequence[float],
    bias: tuple[float, float],
) -> Arrays:
    """A trained model as its file keeps it: weights as 8-bit multiples of a unit each kind."""
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
