"""How a replay is told: what would go, what went, and what became of it."""

from typing import Any

from rich.filesize import decimal
from rich.table import Table

from services.cli.dead_letters.reader import Buried
from services.cli.replay.outcome import DeadAgain
from services.cli.replay.plan import Fate
from services.cli.replay.selection import NAMED, Choice
from services.cli.support.output import on_one_line, output, say, words


def planned_json(choice: Choice) -> dict[str, Any]:
    """The part of ``newsline replay --json`` that a dry run knows too."""
    return {
        "selected": len(choice.taken),
        "bytes": choice.bytes,
        "reasons": [
            {"topic": topic, "code": code, "letters": count}
            for (topic, code), count in sorted(choice.reasons().items())
        ],
        # Only of those that were asked for; named up to a hundred.
        "left": {
            "replayed_already": choice.counts["replayed"],
            "too_many_attempts": choice.counts["attempts"],
            "over_limit": choice.counts["limit"],
            "letters": [{"place": str(left.place), "reason": left.reason} for left in choice.left],
        },
    }


def would_json(choice: Choice) -> dict[str, Any]:
    """What ``newsline replay --dry-run --json`` prints."""
    letters = [
        buried.to_json() | {"to": buried.home, "next_attempt": buried.letter.attempt + 1}
        for buried in choice.taken
    ]
    return {"dry_run": True} | planned_json(choice) | {"letters": letters}


def to_json(choice: Choice, fate: Fate) -> dict[str, Any]:
    """What ``newsline replay --json`` prints; ``outcome`` is null where nobody waited."""
    outcome = {
        "settled": fate.late is None,
        "done": len(fate.sent.places) - len(fate.dead_again) if fate.late is None else None,
        "dead_again": [_again_json(dead) for dead in fate.dead_again],
    }
    return (
        {"dry_run": False}
        | planned_json(choice)
        | {
            "replayed": len(fate.sent.places),
            "replayed_bytes": fate.sent.sent_bytes,
            "refused": [
                {"place": each.place, "reason": each.reason} for each in fate.sent.refusals
            ],
            "outcome": outcome if fate.waited else None,
        }
    )


def say_choice(choice: Choice) -> None:
    """Say which of the letters that were asked for do not go."""
    for left in choice.left:
        say(f"left: {left.place}: {left.reason}")
    attempts, limit = choice.counts["attempts"], choice.counts["limit"]
    if attempts > NAMED:
        say(f"left: {attempts} letters in all that have failed too often; see --max-attempts")
    if limit:
        say(f"{limit} more letters remain, past the limit of {choice.wish.limit}; see --limit")


def show_plan(choice: Choice) -> None:
    """Print what would go."""
    table = Table("dead letter", "to", "attempt", "bytes", "reason", box=None)
    for buried in choice.taken:
        letter = buried.letter
        cells = (buried.place, buried.home, letter.attempt + 1, buried.size_bytes, letter.reason)
        table.add_row(*map(words, cells))
    if choice.taken:
        output().print(table)
    say(f"{summary(choice)} would be replayed; nothing was sent.")


def summary(choice: Choice) -> str:
    """How many letters, how large, to which topics."""
    homes: dict[str, int] = {}
    for buried in choice.taken:
        homes[buried.home] = homes.get(buried.home, 0) + 1
    where = ", ".join(f"{count} to {home}" for home, count in homes.items())
    return f"{_letters(len(choice.taken))} ({decimal(choice.bytes)}{'; ' if where else ''}{where})"


def say_fate(fate: Fate) -> None:
    """Say what went, and what became of it."""
    for refusal in fate.sent.refusals:
        say(f"refused: {refusal.place}: {refusal.reason}")
    replayed = len(fate.sent.places)
    if not fate.waited:
        say(f"Replayed {_letters(replayed)}.")
        return
    for dead in fate.dead_again:
        say(f"dead again: {dead.place}, now {_where(dead.again)}: {_why(dead.again)}")
    again = len(fate.dead_again)
    if fate.late is None:
        say(
            f"Replayed {_letters(replayed)}: {replayed - again} done (stored, or superseded by a "
            f"newer version), {again} dead again."
        )
    else:
        say(f"Replayed {_letters(replayed)}; so far {again} dead again.")


def _where(again: Buried) -> str:
    return f"{again.place}, attempt {again.letter.attempt}"


def _why(again: Buried) -> str:
    return on_one_line(again.letter.reason)


def _again_json(dead: DeadAgain) -> dict[str, Any]:
    return {"place": str(dead.place), "again": dead.again.to_json()}


def _letters(count: int) -> str:
    return f"{count} dead letter{'' if count == 1 else 's'}"
