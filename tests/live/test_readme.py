"""Every command and snippet of the README does what the README shows, in its order.

On a stack of its own.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from services.cli.support.target import read_target

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
# Of the local stack with the usual ports, which the snippets name.
KAFKA, ELASTICSEARCH = "127.0.0.1:9092", "http://127.0.0.1:9200"

# Of a stored document: they tell when it came.
VOLATILE = {"version", "received_at", "accepted_at", "enriched_at", "indexed_at"}


@dataclass(frozen=True)
class Shown:
    """A command, and the output that the README shows below it; "" where it shows none."""

    command: str
    output: str


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def shown() -> list[Shown]:
    pieces = [piece for block in blocks("console") for piece in block.split("$ ")[1:]]
    return [Shown(*piece.partition("\n")[::2]) for piece in pieces]


COMMANDS = shown()


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    settings = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "NEWSLINE_HOME": str(tmp_path_factory.mktemp("readme") / "home"),
        "NEWSLINE_FREE_PORTS": "1",
        # The README's lines are as wide as this.
        "COLUMNS": "160",
        # Beside other tests a start takes longer than on a machine of its own.
        "NEWSLINE_START_SECONDS": "180",
    }
    try:
        output = run("newsline demo", settings)
        # Not a setting: what the demo printed, for the test that compares it.
        yield settings | {"DEMO_OUTPUT": output}
    finally:
        run("newsline down --wipe", settings)


def run(command: str, environment: dict[str, str]) -> str:
    """Standard error, then standard output: what a terminal shows, but for their order."""
    done = subprocess.run(  # noqa: S602 - the README's own words, as a person would type them
        command,
        shell=True,
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stderr + done.stdout


def comparable(output: str) -> list[str]:
    """Lines without what differs from run to run: numbers, and the width of the terminal."""
    return [re.sub(r"\d[\d.,]*", "#", line.strip()) for line in output.splitlines() if line.strip()]


def with_addresses(snippet: str, environment: dict[str, str]) -> str:
    """A snippet that reaches the servers of this test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NEWSLINE_HOME", environment["NEWSLINE_HOME"])
        target = read_target()
    return snippet.replace(KAFKA, target.kafka.bootstrap_servers).replace(
        ELASTICSEARCH, target.elasticsearch.url
    )


def test_the_demo_ends_as_the_readme_shows(environment: dict[str, str]) -> None:
    (block,) = blocks("text")
    printed = [
        " ".join(line.replace("│", " ").split()) for line in environment["DEMO_OUTPUT"].splitlines()
    ]

    for line in block.splitlines():
        expected = " ".join(line.rstrip("… ").split())
        assert any(each.startswith(expected) for each in printed), expected


def test_there_are_commands_and_snippets_to_try() -> None:
    assert len(COMMANDS) > 10
    assert sum(bool(each.output) for each in COMMANDS) >= 3
    assert len(blocks("python")) == 3


@pytest.mark.timeout(600)
def test_commands_and_snippets_do_what_the_readme_shows(environment: dict[str, str]) -> None:
    stopping = next(n for n, each in enumerate(COMMANDS) if each.command == "newsline down")
    pushing, query, filtered = blocks("python")
    for each in COMMANDS[:stopping]:
        output = run(each.command, environment)

        assert "Traceback" not in output, each.command
        missing = [line for line in comparable(each.output) if line not in comparable(output)]
        assert not missing, f"{each.command}\n{output}"

    (document,) = map(json.loads, blocks("json"))
    stored = json.loads(run(f"newsline show {document['article_id']} --json", environment))
    assert list(stored) == list(document)
    assert {name: stored[name] for name in stored if name not in VOLATILE} == {
        name: document[name] for name in document if name not in VOLATILE
    }

    for snippet in (pushing, query + filtered + "\nprint(answer['hits']['total'])"):
        program = with_addresses(snippet, environment)
        subprocess.run([sys.executable, "-c", program], check=True, timeout=60)  # noqa: S603

    for each in COMMANDS[stopping:]:
        run(each.command, environment)


@pytest.mark.debian
def test_kcat_pushes_as_the_readme_shows(environment: dict[str, str]) -> None:
    (command,) = (line for block in blocks("sh") for line in block.splitlines() if "kcat" in line)

    run(with_addresses(command, environment), environment)

    assert "Library reopens" in run(
        "newsline push /dev/null --wait; newsline search library", environment
    )
