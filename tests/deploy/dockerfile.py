"""A Dockerfile as instructions, and the files that each of its images is made of."""

import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from tests.deploy.reading import DOCKERFILE, ROOT


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction: its word, and the rest of it on one line."""

    word: str
    rest: str


@dataclass(slots=True)
class Stage:
    """What one ``FROM`` begins."""

    name: str
    base: str
    instructions: list[Instruction] = field(default_factory=list)


def stages() -> dict[str, Stage]:
    """The stages of deploy/Dockerfile by name."""
    text = re.sub(r"^\s*#.*\n", "", DOCKERFILE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    found: dict[str, Stage] = {}
    stage: Stage | None = None
    for line in text.replace("\\\n", " ").splitlines():
        word, _, rest = line.strip().partition(" ")
        if word == "FROM":
            base, _, name = rest.partition(" AS ")
            stage = found[name] = Stage(name, base)
        elif word and stage is not None:
            stage.instructions.append(Instruction(word, re.sub(r"\s+", " ", rest.strip())))
    return found


def lineage(name: str) -> list[Stage]:
    """The stages that an image is made of, the oldest first."""
    known, found = stages(), [stages()[name]]
    while found[0].base in known:
        found.insert(0, known[found[0].base])
    return found


def instructions(name: str, word: str) -> list[str]:
    """Every instruction of one kind that an image has, inherited ones first."""
    return [
        each.rest for stage in lineage(name) for each in stage.instructions if each.word == word
    ]


def environment(name: str) -> dict[str, str]:
    """The variables that an image sets."""
    pairs = (pair for rest in instructions(name, "ENV") for pair in rest.split())
    return {key: value for key, _, value in (pair.partition("=") for pair in pairs)}


def copies(name: str) -> list[tuple[str, str]]:
    """What an image takes from the repository, and where it puts that."""
    taken = [rest.split() for rest in instructions(name, "COPY") if not rest.startswith("--from")]
    return [(source, target) for source, target in taken]


def lock(name: str) -> str:
    """The lock file of the virtual environment that an image takes over."""
    (taken,) = [rest for rest in instructions(name, "COPY") if rest.startswith("--from")]
    builder = taken.split()[0].removeprefix("--from=")
    ((source, _),) = copies(builder)
    return source


def _ignored() -> list[tuple[bool, re.Pattern[str]]]:
    """The rules of .dockerignore, in order: whether each takes a path out, and which."""
    rules = []
    for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            out, glob = not line.startswith("!"), line.removeprefix("!")
            pattern = re.escape(glob).replace(r"\*\*/", "(?:.*/)?").replace(r"\*", "[^/]*")
            rules.append((out, re.compile(rf"{pattern}(?:/.*)?")))
    return rules


def sent(path: Path) -> bool:
    """Whether .dockerignore lets a file into the build; the last rule that matches decides."""
    relative = path.relative_to(ROOT).as_posix()
    verdicts = [not out for out, pattern in _ignored() if pattern.fullmatch(relative)]
    return verdicts[-1] if verdicts else True


def assemble(name: str, target: Path) -> None:
    """Lay out the image's own files in a folder, as COPY would in its WORKDIR."""
    for source, destination in copies(name):
        origin = ROOT / source
        files = [origin] if origin.is_file() else sorted(origin.rglob("*"))
        for file in files:
            if file.is_file() and sent(file):
                inner = file.relative_to(origin) if origin.is_dir() else Path()
                place = target / destination / inner
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, place)
