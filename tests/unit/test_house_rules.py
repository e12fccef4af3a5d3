"""What the linters do not check: words, names and sizes that the whole repository keeps to."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVICES, TESTS = ROOT / "services", ROOT / "tests"
PROSE = {".cfg", ".json", ".md", ".py", ".sh", ".toml", ".txt", ".yaml", ".yml", ".java", ""}
# News, word lists and models are not our words, and this module has to name them.
NOT_OURS = ("services/enrich/models/artefacts/", "tests/unit/test_house_rules.py")
TOP = ("services", "deploy", "tests", ".ci", ".github")

# Words of earlier versions, which the field says otherwise (services/README.md has the glossary).
REPLACED = re.compile(
    r"graveyard|exhum|autops|buried|reviv|settle\(|patience|feeling|wish|stretch", re.IGNORECASE
)
OF_A_TEST = re.compile(r"tests\.(\w+\.)*test_")
MOST_LINES, MOST_LINES_OF_A_FUNCTION = 250, 40


def our_files() -> Iterator[Path]:
    for path in (*ROOT.glob("*"), *(each for top in TOP for each in (ROOT / top).rglob("*"))):
        name = path.relative_to(ROOT).as_posix()
        if path.is_file() and path.suffix in PROSE and not name.startswith(NOT_OURS):
            yield path


def modules(folder: Path) -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(folder.rglob("*.py")):
        yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text("utf-8"))


def test_no_word_that_the_glossary_replaced_is_left() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for path in our_files()
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if REPLACED.search(line)
    ]

    assert not found, "\n".join(found)


def test_a_class_name_means_one_thing() -> None:
    """
    But for the names of contracts, and private ones, which no other module sees.
    """
    packages: defaultdict[str, set[str]] = defaultdict(set)
    for name, module in modules(SERVICES):
        for node in module.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                packages[node.name].add(str(Path(name).parent))

    shared = [
        f"{name}: {', '.join(sorted(found))}"
        for name, found in packages.items()
        if len(found) > 1 and "services/contracts" not in found
    ]
    assert not shared, "\n".join(shared)


def test_a_module_of_the_command_line_is_named_for_a_thing_or_a_task() -> None:
    names = [name for name, _ in modules(SERVICES / "cli")]

    assert [name for name in names if name.endswith(("ing.py", "ed.py"))] == []


@pytest.mark.parametrize("folder", [SERVICES, ROOT / "deploy"], ids=lambda folder: folder.name)
def test_modules_and_functions_are_short(folder: Path) -> None:
    long = []
    for name, module in modules(folder):
        if len((ROOT / name).read_text("utf-8").splitlines()) > MOST_LINES:
            long.append(name)
        for node in ast.walk(module):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                # Parameters (a command's options are some) and docstring are not counted.
                first = node.body[1 if ast.get_docstring(node) and len(node.body) > 1 else 0]
                lines = (node.end_lineno or 0) - first.lineno + 1
                if lines > MOST_LINES_OF_A_FUNCTION:
                    long.append(f"{name}: {node.name} has {lines} lines")

    assert not long, "\n".join(long)


def test_no_test_imports_another() -> None:
    """
    What two tests share has a module of its own, in support/, fakes/ or their folder.
    """
    found = []
    for name, module in modules(TESTS):
        for node in ast.walk(module):
            if isinstance(node, ast.ImportFrom):
                imported = [f"{node.module}.{alias.name}" for alias in node.names]
            elif isinstance(node, ast.Import):
                imported = [alias.name for alias in node.names]
            else:
                continue
            found += [f"{name}: {each}" for each in imported if OF_A_TEST.match(each)]

    assert not found, "\n".join(found)


def test_the_failure_matrix_names_every_test_of_faults_and_no_other() -> None:
    lines = (TESTS / "faults" / "README.md").read_text("utf-8").splitlines()
    rows = [line.split("|")[3] for line in lines if line.startswith("| ")][1:]
    # What stands in brackets is a part of a test's name.
    named = {name for row in rows for name in re.findall(r"(?<!\()`([a-z_/]+)`", row)}
    files = {
        path.relative_to(TESTS).with_suffix("").as_posix() for path in TESTS.rglob("test_*.py")
    }
    paths = {
        f"{folder or 'faults'}/test_{name}"
        for folder, _, name in (each.rpartition("/") for each in named)
    }

    assert paths <= files
    assert {name for name in files if name.startswith("faults/")} <= paths
