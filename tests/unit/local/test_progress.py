"""What a person sees of a stack's work."""

import io

from rich.console import Console

from services.local.progress import Step, show_steps


def test_elsewhere_than_on_a_terminal_steps_are_lines_alone() -> None:
    console = Console(file=io.StringIO(), width=80)
    with show_steps(console) as report:
        report(Step("Downloading", 1, 2))
        report(Step("Starting…"))

    assert console.file.getvalue() == "Starting…\n"  # type: ignore[attr-defined]  # a StringIO


def test_a_finished_bar_is_gone_before_the_next_line() -> None:
    console = Console(file=io.StringIO(), width=80, force_terminal=True)
    with show_steps(console) as report:
        report(Step("Downloading", 1, 2))
        report(Step("Downloading", 2, 2))
        report(Step("Starting…"))
        report(Step("Done."))

    written = console.file.getvalue()  # type: ignore[attr-defined]  # a StringIO
    assert "Downloading" in written
    assert "Downloading" not in written.partition("Starting…")[2]
    assert written.endswith("Starting…\nDone.\n")
