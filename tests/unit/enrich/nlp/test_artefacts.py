import shutil
from pathlib import Path

import pytest

from services.enrich.nlp.artefacts import MODELS_DIR, ArtefactUnusable, load_artefact


def copied(folder: Path) -> Path:
    return Path(shutil.copytree(MODELS_DIR, folder / "models"))


@pytest.mark.parametrize(
    "name", ["lexicon", "entities", "entities-open", "context", "gazetteer", "targets"]
)
def test_the_committed_files_are_the_described_ones(name: str) -> None:
    assert load_artefact(name).content


def test_a_changed_file_is_refused_with_place_and_remedy(tmp_path: Path) -> None:
    models = copied(tmp_path)
    path = next((models / "artefacts").glob("entities-2.npz"))
    path.write_bytes(path.read_bytes() + b"!")

    with pytest.raises(ArtefactUnusable, match=r"entities-.* is not entities .*SHA-256.*restore"):
        load_artefact("entities", models)


def test_a_missing_file_is_refused_with_place_and_remedy(tmp_path: Path) -> None:
    models = copied(tmp_path)
    next((models / "artefacts").glob("lexicon-*")).unlink()

    with pytest.raises(ArtefactUnusable, match=r"lexicon-.* cannot be read.*restore"):
        load_artefact("lexicon", models)


def test_a_missing_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtefactUnusable, match=r"manifest\.toml is missing"):
        load_artefact("entities", tmp_path)


def test_an_artefact_the_manifest_does_not_know_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtefactUnusable, match="does not describe 'nonsense'"):
        load_artefact("nonsense", copied(tmp_path))


def test_the_artefacts_are_small() -> None:
    sizes = {path.name: path.stat().st_size for path in (MODELS_DIR / "artefacts").iterdir()}
    accurate = {name for name in sizes if "minilm" in name or name.startswith("wordpieces")}

    assert sum(size for name, size in sizes.items() if name not in accurate) < 12_000_000
    assert sum(sizes[name] for name in accurate) < 48_000_000
