"""What the commands that make artefacts do last."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def save(out: Path, content: bytes, *made_of: str) -> None:
    """Write an artefact, and print what the manifest and its card tell: what it was made of, its
    size and its SHA-256.
    """
    out.write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    print(*made_of, f"{len(content)} bytes", f"sha256 {digest}", sep=", ")  # noqa: T201 - a command's output
