"""Print the counts of a push, and what became of its records."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from rich.filesize import decimal

from services.cli.push.formats import BY_SUFFIX
from services.cli.push.outcome import NamedRecords, PushOutcome
from services.cli.push.sender import PushSummary
from services.cli.support.output import on_one_line, print_message

# Of each kind; JSON names more.
LINES = 20


def print_summary(summary: PushSummary) -> None:
    """Print how many records were sent, in a line."""
    refused = f", {summary.refused} refused" if summary.refused else ""
    print_message(
        f"Pushed {_counted(summary.pushed, 'record')}{refused}: "
        f"{decimal(summary.sent_bytes)} in {summary.seconds:.1f} s, "
        f"{summary.per_second:.0f} a second."
    )


def print_skipped(skipped: Counter[str]) -> None:
    """Print how many files in folders were not pushed, and of which suffixes."""
    if skipped:
        suffixes = ", ".join(
            f"{on_one_line(suffix) or 'no suffix'} ({count})"
            for suffix, count in skipped.most_common()
        )
        print_message(
            f"Skipped {_counted(skipped.total(), 'file')} in folders: {suffixes}. "
            f"Of folders only {', '.join(BY_SUFFIX)} are pushed."
        )


def print_outcome(outcome: PushOutcome) -> None:
    """Print the counts of each outcome in a line, and then the records that need a look."""
    counts = {
        "stored": outcome.stored,
        "superseded": outcome.superseded.count,
        "dead letter" if outcome.dead.count == 1 else "dead letters": outcome.dead.count,
        "of unknown outcome": outcome.unknown.count,
        "not finished": outcome.unfinished.count,
    }
    lines = [*_named_lines(outcome)]
    told = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    if told:
        print_message(told + (":" if lines else "."))
    for line in lines:
        print_message(on_one_line(line))


def _named_lines(outcome: PushOutcome) -> Iterator[str]:
    def superseded(record: Mapping[str, Any]) -> str:
        return f"superseded: {record['place']}: {record['how']}"

    def dead(record: Mapping[str, Any]) -> str:
        hint = f"newsline dlq show {record['dead_letter']}"
        return f"dead letter: {record['place']}: {record['reason']} ({hint})"

    def unknown(record: Mapping[str, Any]) -> str:
        return f"unknown: {record['place']}: neither a document nor a dead letter was found"

    yield from map(superseded, outcome.superseded.named[:LINES])
    yield from _more("superseded", outcome.superseded)
    yield from map(dead, outcome.dead.named[:LINES])
    yield from _more("dead letter", outcome.dead)
    yield from map(unknown, outcome.unknown.named[:LINES])
    yield from _more("unknown", outcome.unknown)


def _more(name: str, group: NamedRecords) -> Iterator[str]:
    if group.count > LINES:
        yield f"{name}: and {group.count - LINES} more"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
