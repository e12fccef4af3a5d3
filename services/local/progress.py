"""Report the steps of a stack's work, and show them on a terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn


@dataclass(frozen=True, slots=True)
class Step:
    """A step that has begun; ``done`` and ``total`` are the bytes of a download."""

    message: str
    done: int | None = None
    total: int | None = None


Report = Callable[[Step], None]


def ignore_steps(_: Step) -> None:
    """Report nothing."""


@contextmanager
def show_steps(console: Console | None = None) -> Iterator[Report]:
    """Print steps as lines, and show a download as a bar while it lasts; on standard error unless
    told otherwise.
    """
    console = console or Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    bars = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)

    def report(step: Step) -> None:
        if step.total is None:
            # A bar that stayed would stand below this line.
            bars.stop()
            console.print(step.message, highlight=False)
            return
        if not bars.tasks:
            bars.add_task(step.message, total=step.total)
            bars.start()
        bars.update(bars.tasks[0].id, completed=step.done or 0)

    try:
        yield report
    finally:
        bars.stop()
