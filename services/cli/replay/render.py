"""Print a replay: what would go, what went, and what became of it."""

from collections.abc import Iterable
from typing import Any

from rich.filesize import decimal

from services.cli.replay.outcome import ReplayResult
from services.cli.replay.selection import MAX_NAMED, ReplaySelection, Skipped
from services.cli.support.output import on_one_line, print_message, print_rows


def dry_run_json(selection: ReplaySelection) -> dict[str, Any]:
    """The JSON of ``newsline dlq replay --dry-run``."""
    letters = [
        entry.to_json() | {"to": entry.source_topic, "next_attempt": entry.dead_letter.attempt + 1}
        for entry in selection.entries
    ]
    return {"dry_run": True} | _selection_json(selection) | {"letters": letters}


def result_json(selection: ReplaySelection, result: ReplayResult) -> dict[str, Any]:
    """The JSON of ``newsline dlq replay``; ``outcome`` is null without --wait."""
    sent, failed = len(result.progress.sent), len(result.failed_again)
    finished = result.unfinished_topic is None
    outcome = {
        "settled": finished,
        "done": sent - failed if finished else None,
        "dead_again": [
            {"place": str(each.ref), "again": each.again.to_json()} for each in result.failed_again
        ],
    }
    return (
        {"dry_run": False}
        | _selection_json(selection)
        | {
            "replayed": sent,
            "replayed_bytes": result.progress.sent_bytes,
            "refused": _skipped_json(result.progress.refused),
            "outcome": outcome if result.waited else None,
        }
    )


def print_skipped(selection: ReplaySelection) -> None:
    """Print which of the matching dead letters are not replayed."""
    for skipped in selection.skipped:
        print_message(f"skipped: {skipped.ref}: {skipped.reason}")
    attempts, limit = selection.counts["attempts"], selection.counts["limit"]
    if attempts > MAX_NAMED:
        print_message(
            f"skipped: {attempts} dead letters in all that have failed too often; "
            "see --max-attempts"
        )
    if limit:
        print_message(
            f"{limit} more dead letters remain, past the limit of {selection.wanted.limit}; "
            "see --limit"
        )


def print_plan(selection: ReplaySelection) -> None:
    """Print what would be replayed."""
    rows = [
        (
            entry.ref,
            entry.source_topic,
            entry.dead_letter.attempt + 1,
            entry.size_bytes,
            entry.dead_letter.reason,
        )
        for entry in selection.entries
    ]
    if rows:
        print_rows(("dead letter", "to", "attempt", "bytes", "reason"), rows)
    print_message(f"{summary(selection)} would be replayed; nothing was sent.")


def summary(selection: ReplaySelection) -> str:
    """Count, size and topics of the selected dead letters."""
    where = ", ".join(f"{count} to {topic}" for topic, count in selection.by_topic().items())
    count, size = _dead_letters(len(selection.entries)), decimal(selection.total_bytes)
    return f"{count} ({size}{'; ' if where else ''}{where})"


def print_result(result: ReplayResult) -> None:
    """Print what was sent, and what became of it."""
    for refused in result.progress.refused:
        print_message(f"refused: {refused.ref}: {refused.reason}")
    sent = len(result.progress.sent)
    if not result.waited:
        print_message(f"Replayed {_dead_letters(sent)}.")
        return
    for ref, again in result.failed_again:
        dead = again.dead_letter
        print_message(
            f"dead-lettered again: {ref}, now {again.ref}, attempt {dead.attempt}: "
            f"{on_one_line(dead.reason)}"
        )
    failed = len(result.failed_again)
    if result.unfinished_topic is None:
        print_message(
            f"Replayed {_dead_letters(sent)}: {sent - failed} done (stored, or superseded by a "
            f"newer version), {failed} dead-lettered again."
        )
    else:
        print_message(f"Replayed {_dead_letters(sent)}; so far {failed} dead-lettered again.")


def _selection_json(selection: ReplaySelection) -> dict[str, Any]:
    return {
        "selected": len(selection.entries),
        "bytes": selection.total_bytes,
        "reasons": [
            {"topic": topic, "code": code, "letters": count}
            for (topic, code), count in sorted(selection.by_reason().items())
        ],
        # Only of those that match; named up to a hundred.
        "left": {
            "replayed_already": selection.counts["replayed"],
            "too_many_attempts": selection.counts["attempts"],
            "over_limit": selection.counts["limit"],
            "letters": _skipped_json(selection.skipped),
        },
    }


def _skipped_json(skipped: Iterable[Skipped]) -> list[dict[str, str]]:
    return [{"place": str(each.ref), "reason": each.reason} for each in skipped]


def _dead_letters(count: int) -> str:
    return f"{count} dead letter{'' if count == 1 else 's'}"
