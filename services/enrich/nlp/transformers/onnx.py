"""Run the fine-tuned transformers, in int8 ONNX, on one core with ONNX Runtime.

Imported only where the settings ask for the ensemble path: the default path does without ONNX
Runtime.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnxruntime

from services.enrich.nlp.artefacts import load_artefact

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from services.enrich.nlp.transformers.wordpiece import EncodedText


class OnnxModel:
    """A fine-tuned transformer. Deterministic on one kind of processor; not thread-safe.

    :raises ArtefactUnusable: its file is missing or is not the one that was released.
    """

    def __init__(self, name: str, models_dir: Path | None = None) -> None:
        artefact = load_artefact(name, models_dir)
        options = onnxruntime.SessionOptions()
        # A process has one core to itself: more of them are more processes.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        # What is kept between runs would grow with the longest sentence ever read.
        options.enable_cpu_mem_arena = False
        self._session = onnxruntime.InferenceSession(
            artefact.content, options, providers=["CPUExecutionProvider"]
        )
        self.version = artefact.version

    def __call__(self, text: EncodedText) -> NDArray[np.float32]:
        """The log-probabilities of labels: a row per piece for entities, one row for a target."""
        inputs = {
            "ids": np.array([text.ids], dtype=np.int64),
            "kinds": np.array([text.kinds], dtype=np.int64),
        }
        # The name under which the network was exported.
        rows: NDArray[np.float32] = self._session.run(["likelihoods"], inputs)[0]
        return rows
