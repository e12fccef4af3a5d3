"""What a stack tells while it works, and one way to show it to a person."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeElapsedColumn


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that is going on; ``done`` and ``total`` are bytes, of a download only."""

    message: str
    done: int | None = None
    total: int | None = None


Report = Callable[[Step], None]


def silent(_: Step) -> None:
    """Report to nobody."""


@contextmanager
def shown(console: Console | None = None) -> Iterator[Report]:
    """Show steps as lines, and a download as a bar, on standard error unless told otherwise."""
    console = console or Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bars:
        downloads: dict[str, TaskID] = {}

        def report(step: Step) -> None:
            if step.total is None:
                console.print(step.message, highlight=False)
                return
            if step.message not in downloads:
                downloads[step.message] = bars.add_task(step.message, total=step.total)
            bars.update(downloads[step.message], completed=step.done or 0)

        yield report
