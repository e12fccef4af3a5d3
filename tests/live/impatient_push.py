"""``newsline push - --format ndjson`` that gives a silent broker up after two seconds instead of
sixty.
"""

from pathlib import Path

import typer

from services.console import pushing
from services.console.deployment import deployment
from services.console.endings import guarded, run
from services.console.formats import Format


@guarded
def push() -> None:
    run(pushing.push(deployment(), [Path("-")], Format.NDJSON, answer_seconds=2))


if __name__ == "__main__":
    typer.run(push)
