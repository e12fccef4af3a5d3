"""What the documents and the workflow tell people to type exists."""

import json
import re
from pathlib import Path

import pytest

from services.contracts.replay_marks import REPLAYED
from services.contracts.settings import SETTING_NAMES
from services.contracts.topics import FLOW
from services.elastic import naming
from services.runtime.health import USUAL_PORTS
from tests.deploy import monitoring, reading
from tests.deploy.reading import COMPOSE, DEPLOY, ROOT

WORKFLOW = ROOT / ".github" / "workflows" / "ci.yml"
DOCUMENTS = (
    *sorted(ROOT.glob("*.md")),
    ROOT / "services" / "README.md",
    DEPLOY / "README.md",
    DEPLOY / "settings.md",
)
EVERYTHING = (*DOCUMENTS, WORKFLOW, COMPOSE)


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def targets() -> set[str]:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z][a-z-]*):", text, re.MULTILINE))


@pytest.mark.parametrize("path", EVERYTHING, ids=named)
def test_settings_that_are_told_of_exist(path: Path) -> None:
    told = set(re.findall(r"\bNEWSLINE_[A-Z_]*[A-Z]\b", path.read_text(encoding="utf-8")))

    assert told <= SETTING_NAMES


@pytest.mark.parametrize("path", DOCUMENTS, ids=named)
def test_topics_that_are_told_of_exist(path: Path) -> None:
    told = set(re.findall(r"\barticles\.[a-z]+(?:\.dead)?\b", path.read_text(encoding="utf-8")))
    files = {name for name in told if name.endswith((".json", ".py", ".ndjson"))}

    flow = {name for topic in FLOW for name in (topic.name, topic.dead)}
    assert told - files <= {*flow, REPLAYED}


@pytest.mark.parametrize("path", EVERYTHING, ids=named)
def test_the_index_that_is_searched_exists(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    told = set(re.findall(r"/([\w.*-]+)/_(?:search|count|doc|bulk)", text))

    assert all(name == naming.alias("") or name.startswith("articles-") for name in told)


@pytest.mark.parametrize("path", DOCUMENTS, ids=named)
def test_metrics_that_are_told_of_exist(path: Path) -> None:
    told = set(re.findall(r"\bnewsline_[a-z_]+\b(?!-)", path.read_text(encoding="utf-8")))
    known = {re.sub(r"_(bucket|count|sum)$", "", name) for name in monitoring.ours()}

    assert told <= known | set(monitoring.ours())


@pytest.mark.parametrize("path", DOCUMENTS, ids=named)
def test_ports_that_are_told_of_are_published(path: Path) -> None:
    told = set(re.findall(r"(?:localhost|127\.0\.0\.1):(\d+)", path.read_text(encoding="utf-8")))
    template = reading.dotenv(reading.TEMPLATE)
    published = {value for name, value in template.items() if name.endswith("_PORT")}

    assert told <= published | {str(port) for port in USUAL_PORTS.values()}


@pytest.mark.parametrize("path", [*DOCUMENTS, WORKFLOW], ids=named)
def test_make_targets_that_are_told_of_exist(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    told = re.findall(r"(?:^|`|run: |&& )make ((?:[a-z][a-z-]*[ \n`]?)+)", text, re.MULTILINE)
    words = {word for line in told for word in re.split(r"[ `\n]", line.split("\n")[0]) if word}

    assert words <= targets()


def test_folders_that_operators_are_told_of_exist() -> None:
    text = (DEPLOY / "README.md").read_text(encoding="utf-8")
    first = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    told = {name for cell in first for name in re.findall(r"`([\w./-]+/?[\w.]*)`", cell)}
    paths = {name for name in told if "/" in name or name == "Dockerfile"}

    assert paths
    assert not [name for name in paths if not (DEPLOY / name).exists()]


def test_services_that_operators_are_told_of_exist() -> None:
    text = (DEPLOY / "README.md").read_text(encoding="utf-8")
    services = set(reading.load(COMPOSE)["services"])
    options = r"(?:--(?:no-TTY|rm|detach) |--name \S+ |-e \S+ )*"
    verbs = rf"docker compose (?:stop|start|restart|exec|run) {options}((?:[a-z-]+ ?)+)"
    told = [found.split() for found in re.findall(verbs, text)]
    first = {words[0] for words in told}

    assert first
    assert first <= services


def test_the_workflow_may_only_read_and_runs_what_everybody_runs() -> None:
    workflow = reading.load(WORKFLOW)
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]

    assert workflow["permissions"] == {"contents": "read"}
    assert all("permissions" not in job for job in workflow["jobs"].values())
    assert any(step.get("run") == "make check test" for step in steps)
    for step in steps:
        if "uses" in step:
            # A tag can be moved; a commit cannot.
            assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", step["uses"])
    assert "secrets." not in json.dumps(workflow)
