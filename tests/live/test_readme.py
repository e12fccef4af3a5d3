"""Every command of the README does what the README says, in its order, on a stack of its own."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.contracts.settings import SETTING_NAMES

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
COMMANDS = [
    line.removeprefix("$ ")
    for block in re.findall(r"```console\n(.*?)```", README, re.DOTALL)
    for line in block.splitlines()
    if line.startswith("$ ")
]


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "NEWSLINE_HOME": str(tmp_path_factory.mktemp("readme") / "home"),
        "NEWSLINE_FREE_PORTS": "1",
    }
    run("newsline demo", environment)
    yield environment
    run("newsline down --wipe", environment)


def run(command: str, environment: dict[str, str]) -> str:
    done = subprocess.run(  # noqa: S602 - the README's own words, as a person would type them
        command,
        shell=True,
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def test_there_are_commands_to_try() -> None:
    assert len(COMMANDS) > 10
    assert all(shlex.split(command) for command in COMMANDS)


@pytest.mark.timeout(300)
def test_every_command_of_the_readme_works(shell: dict[str, str]) -> None:
    said = {command: run(command, shell) for command in COMMANDS}

    assert "Kim Jong Un" in said['newsline search "ukraine war"']
    for command, output in said.items():
        assert "Traceback" not in output, command


def test_the_readme_tells_every_setting_and_no_other() -> None:
    told = set(re.findall(r"`(NEWSLINE_[A-Z_]+)`", README))

    assert told == SETTING_NAMES
