"""Commands are imported when they run, and what is missing is said in one line."""

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.cli.application import COMMANDS, DLQ_COMMANDS, app
from services.cli.extras import install_hint

# Packages that take long to import, and that help alone does not need.
SLOW = ("aiokafka", "elasticsearch", "rich", "numpy", "psutil", "services.runtime")


def python(code: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - this Python, and code from this file
        [sys.executable, "-c", code, *arguments],
        env={"PATH": os.environ["PATH"], "COLUMNS": "80", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def without(*modules: str) -> str:
    """Code that runs the command where these modules are not installed."""
    return (
        "import sys\n"
        f"for name in {modules!r}: sys.modules[name] = None\n"
        "from services.cli.__main__ import main\n"
        "main()"
    )


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("dlq", "--help")])
def test_help_imports_no_client(arguments: tuple[str, ...]) -> None:
    report = f"import atexit; atexit.register(lambda: print(set({SLOW!r}) & set(sys.modules)))"
    ran = python(f"import sys; {report}\n{without()}", *arguments)
    assert ran.returncode == 0
    assert ran.stdout.splitlines()[-1] == "set()"


def test_completion_imports_no_client() -> None:
    completing = {"_NEWSLINE_COMPLETE": "complete_bash", "COMP_CWORD": "1"}
    ran = python(without("aiokafka", "elasticsearch"), **completing, COMP_WORDS="newsline s")
    assert ran.stdout.split() == ["status", "setup", "search", "show"]


@pytest.mark.parametrize("command", [*COMMANDS, *DLQ_COMMANDS], ids=lambda each: str(each.name))
def test_every_command_can_be_imported(command: object) -> None:
    assert command.load().help  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("missing", "arguments"),
    [
        ("typer", ("--help",)),
        ("elasticsearch", ("search", "x")),
        ("services.enrich", ("reenrich", "--all")),
        ("services.local", ("up",)),
    ],
)
def test_a_package_that_is_not_installed_is_named_with_what_to_install(
    missing: str, arguments: tuple[str, ...]
) -> None:
    ran = python(without(missing), *arguments)
    assert ran.returncode == 2
    assert ran.stdout == ""
    assert ran.stderr == (
        f'newsline: {missing} is not installed; try: pip install "newsline[console]"\n'
    )


def test_a_missing_module_of_our_own_is_a_bug() -> None:
    error = ModuleNotFoundError(name="services.cli.push.nothing")
    with pytest.raises(ModuleNotFoundError):
        install_hint(error)


def test_the_version_is_that_of_the_package() -> None:
    assert CliRunner().invoke(app, ["--version"]).output == f"newsline {version('newsline')}\n"


@pytest.mark.parametrize("alias", ["dead", "replay"])
def test_older_names_work_and_are_not_listed(alias: str) -> None:
    listed = CliRunner().invoke(app, ["--help"]).output
    assert f"\n  {alias} " not in listed
    assert "dead-letter queue" in CliRunner().invoke(app, [alias, "--help"]).output


def commands() -> list[str]:
    names = [str(each.name) for each in COMMANDS]
    return [*names, "dlq", *(f"dlq {each.name}" for each in DLQ_COMMANDS)]


@pytest.mark.parametrize("command", commands())
def test_help_fits_into_80_columns(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    shown = CliRunner().invoke(app, [*command.split(), "--help"]).output
    assert max(map(len, shown.splitlines())) <= 80
    assert "<bool>" not in shown
    assert "range>" not in shown
    assert not set("│╭") & set(shown)


def test_the_entry_point_is_the_one_that_is_installed() -> None:
    project = Path(__file__).parents[3] / "pyproject.toml"
    assert 'newsline = "services.cli.__main__:main"' in project.read_text("utf-8")
