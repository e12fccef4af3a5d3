"""The fine-tuned transformers, in int8 ONNX, run on one core by ONNX Runtime.

Read only where the settings ask for the accurate path: what imports this needs ONNX Runtime, which
the default path does without.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnxruntime

from services.enrich.nlp.artefacts import load

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from services.enrich.nlp.transformers.wordpiece import Inputs

Likelihoods = "NDArray[np.float32]"


class Network:
    """A trained network. Deterministic on one kind of processor; not for several threads at once.

    :raises ArtefactUnusable: its file is missing or is not the one that was released.
    """

    def __init__(self, name: str, models_dir: Path | None = None) -> None:
        artefact = load(name, models_dir)
        options = onnxruntime.SessionOptions()
        # A process has one core to itself: more of them are more processes.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        # What is kept between runs would grow with the longest sentence ever read.
        options.enable_cpu_mem_arena = False
        self._session = onnxruntime.InferenceSession(
            artefact.content, options, providers=["CPUExecutionProvider"]
        )
        self.version = artefact.version

    def __call__(self, inputs: Inputs) -> NDArray[np.float32]:
        """What the network tells of what it reads, as logarithms of probabilities: a row per piece
        for names, one row for a target.
        """
        given = {
            "ids": np.array([inputs.ids], dtype=np.int64),
            "kinds": np.array([inputs.kinds], dtype=np.int64),
        }
        told: NDArray[np.float32] = self._session.run(["likelihoods"], given)[0]
        return told
