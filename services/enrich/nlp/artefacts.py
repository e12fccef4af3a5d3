"""Load the committed model files, each verified by the SHA-256 that the manifest states."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

# "accurate" adds small transformers; "open" was trained on openly licensed data alone.
ModelSet = Literal["default", "open", "accurate"]
MODELS_DIR = Path(__file__).parents[1] / "models"
_REMEDY = "restore services/enrich/models from version control, or rebuild it: see its README.md"


class ArtefactUnusable(RuntimeError):
    """A model file is missing, or its content is not what the manifest describes."""


@dataclass(frozen=True, slots=True)
class Artefact:
    """A verified model file."""

    name: str
    version: str
    content: bytes


def load_artefact(name: str, models_dir: Path | None = None) -> Artefact:
    """Read an artefact and verify its SHA-256.

    :raises ArtefactUnusable: names the file, what is wrong with it, and the remedy.
    """
    folder = models_dir or MODELS_DIR
    manifest = folder / "manifest.toml"
    try:
        entry = tomllib.loads(manifest.read_text("utf-8"))[name]
        path = folder / "artefacts" / entry["file"]
        version, expected = entry["version"], entry["sha256"]
    except FileNotFoundError:
        raise ArtefactUnusable(f"{manifest} is missing; {_REMEDY}") from None
    except (KeyError, TypeError, tomllib.TOMLDecodeError) as error:
        raise ArtefactUnusable(
            f"{manifest} does not describe {name!r}: {error}; {_REMEDY}"
        ) from None
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ArtefactUnusable(f"{path} cannot be read: {error.strerror}; {_REMEDY}") from None
    digest = hashlib.sha256(content).hexdigest()
    if digest != expected:
        cause = f"its SHA-256 is {digest}, the manifest says {expected}"
        raise ArtefactUnusable(f"{path} is not {name} {version}: {cause}; {_REMEDY}")
    return Artefact(name, version, content)
