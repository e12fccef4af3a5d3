"""The committed model files, read only if they are the ones that the manifest describes."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

# "accurate" reads with small transformers as well; "open" was trained on open data alone.
ModelSet = Literal["default", "open", "accurate"]
MODELS_DIR = Path(__file__).parents[1] / "models"
_MEND = "restore services/enrich/models from version control, or rebuild it: see its README.md"


class ArtefactUnusable(RuntimeError):
    """A model file is missing or is not the one the manifest describes. Nothing can be enriched."""


@dataclass(frozen=True, slots=True)
class Artefact:
    """A verified model file."""

    name: str
    version: str
    content: bytes


def load(name: str, models_dir: Path | None = None) -> Artefact:
    """Read an artefact and verify its SHA-256.

    :raises ArtefactUnusable: says what is wrong, where, and how to mend it.
    """
    folder = models_dir or MODELS_DIR
    manifest = folder / "manifest.toml"
    try:
        entry = tomllib.loads(manifest.read_text("utf-8"))[name]
        path = folder / "artefacts" / entry["file"]
        version, expected = entry["version"], entry["sha256"]
    except FileNotFoundError:
        raise ArtefactUnusable(f"{manifest} is missing; {_MEND}") from None
    except (KeyError, TypeError, tomllib.TOMLDecodeError) as error:
        raise ArtefactUnusable(f"{manifest} does not describe {name!r}: {error}; {_MEND}") from None
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ArtefactUnusable(f"{path} cannot be read: {error.strerror}; {_MEND}") from None
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        told = f"its SHA-256 is {found}, the manifest says {expected}"
        raise ArtefactUnusable(f"{path} is not {name} {version}: {told}; {_MEND}")
    return Artefact(name, version, content)
