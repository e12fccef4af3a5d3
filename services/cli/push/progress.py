"""Show on a terminal how a push, and the wait after it, go on."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from services.cli.push import sources
from services.cli.push.formats import STDIN
from services.cli.push.sender import PushSummary
from services.cli.push.splitters import RefusedRecord
from services.cli.support.output import messages, on_one_line


class PushProgress:
    """A bar on a terminal while records are sent, and a line for every refusal."""

    def __init__(self, summary: PushSummary, arguments: Sequence[Path]) -> None:
        console = messages()
        # A bar would run over what its user is typing.
        typing = STDIN in arguments and sys.stdin is not None and sys.stdin.isatty()
        visible = console.is_terminal and not typing
        self._summary = summary
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not visible,
        )
        total = sources.total_bytes(arguments) if visible else None
        self._task = self._bars.add_task("Pushing", total=total)

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def advance(self, size: int) -> None:
        """Move the bar on by so many bytes read."""
        description = f"Pushing, {self._summary.pushed} acknowledged"
        self._bars.update(self._task, advance=size, description=description)

    def print_refusal(self, refusal: RefusedRecord) -> None:
        """Print which record was not sent, and why."""
        line = f"refused: {on_one_line(refusal.place)}: {on_one_line(refusal.reason)}"
        self._bars.console.print(line, soft_wrap=True)


@contextmanager
def wait_progress(records: int, hops: int) -> Iterator[Callable[[int], None]]:
    """Show a bar with a forecast while the pipeline works; yield what reports the hops left.

    :param hops: from worker to worker, of each record.
    """
    total = records * hops
    bars = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
        console=messages(),
        transient=True,
        disable=not messages().is_terminal,
    )
    with bars:
        task = bars.add_task(f"Waiting for {records} records", total=total)

        def report(left: int) -> None:
            # Others' records lie between ours: the bar never goes back.
            bars.update(task, completed=max(total - left, bars.tasks[0].completed))

        yield report
