"""The command line that the training commands share."""

from __future__ import annotations

import argparse
import hashlib
import sys
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING

from services.enrich.training.corpora import DataMissing

if TYPE_CHECKING:
    from collections.abc import Callable


def argument_parser(description: str | None) -> argparse.ArgumentParser:
    """A parser of the options for the folders of corpora and of models."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--models", type=Path, default=None)
    return parser


def exits_without_data(main: Callable[[], None]) -> Callable[[], int]:
    """Make a command print which corpus is missing, and return the exit status 2 for it, else 0."""

    @wraps(main)
    def command() -> int:
        try:
            main()
        except DataMissing as missing:
            print(missing, file=sys.stderr)  # noqa: T201 - a command's output
            return 2
        return 0

    return command


def write_artefact(out: Path, content: bytes, *facts: str) -> None:
    """Write an artefact, and print what the manifest and its card need: what it was made of, its
    size and its SHA-256.
    """
    out.write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    print(*facts, f"{len(content)} bytes", f"sha256 {digest}", sep=", ")  # noqa: T201 - a command's output
