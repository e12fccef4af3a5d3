"""``newsline push - --format ndjson`` that gives a silent broker up after two seconds instead of
sixty.
"""

from pathlib import Path

import typer

from services.cli.push import run as pushing
from services.cli.push.formats import Format
from services.cli.support.errors import guarded, run
from services.cli.support.target import read_target


@guarded
def push() -> None:
    run(pushing.push(read_target(), [Path("-")], Format.NDJSON, answer_seconds=2))


if __name__ == "__main__":
    typer.run(push)
