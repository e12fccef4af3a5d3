"""``newsline replay``: what a person types; the work is in revival.py."""

import sys
from typing import Annotated

import typer

from services.cli.dead_letters.command import REASONS, STAGE, Stage
from services.cli.support.errors import guarded

HELP = """Send dead letters back to the topics they came from.

Each goes with its original key and bytes, its place in time and its attempt, one higher: an older
version never overwrites a newer one, and what fails again is a dead letter again. Letters that
were replayed are not replayed a second time, unless they are named and --force is given.

Exit 1 if some died again, which only --wait can tell, or could not go.

Examples:

  newsline replay --all --dry-run

  newsline replay --reason refused --wait

  newsline replay --id articles.raw.dead/0/17

  newsline replay --edit articles.raw.dead/0/17 --wait
"""

ALL = typer.Option("--all", help="All that were not replayed yet.")
IDS = typer.Option(
    "--id", metavar="PLACE", help="The one that `newsline dead` names so; repeatable."
)
EDIT = typer.Option("--edit", metavar="PLACE", help="This one, as you change it in $EDITOR.")
FORCE = typer.Option("--force", help="With --id, --edit: even if replayed, unchanged or worn out.")
LIMIT = typer.Option(min=1, max=100_000, help="So many at most, the oldest first.")
MAX_ATTEMPTS = typer.Option(min=1, max=1_000_000, help="Leave those that have failed so often.")
DRY_RUN = typer.Option("--dry-run", help="Tell what would go, and send nothing.")
YES = typer.Option("--yes", "-y", help="Do not ask.")
WAIT = typer.Option(help="Tell what became of them; without either, on a terminal only.")
TIMEOUT = typer.Option(min=0, metavar="SECONDS", help="Seconds that --wait waits at most.")
JSON = typer.Option("--json", help="Print the counts as JSON.")


@guarded
def replay(  # noqa: PLR0913 - the options of a command
    *,
    everything: Annotated[bool, ALL] = False,
    stage: Annotated[Stage | None, STAGE] = None,
    reasons: Annotated[list[str] | None, REASONS] = None,
    ids: Annotated[list[str] | None, IDS] = None,
    edit: Annotated[str | None, EDIT] = None,
    force: Annotated[bool, FORCE] = False,
    limit: Annotated[int, LIMIT] = 10_000,
    max_attempts: Annotated[int, MAX_ATTEMPTS] = 5,
    dry_run: Annotated[bool, DRY_RUN] = False,
    yes: Annotated[bool, YES] = False,
    wait: Annotated[bool | None, WAIT] = None,
    timeout: Annotated[float, TIMEOUT] = 60.0,
    json_output: Annotated[bool, JSON] = False,
) -> None:
    """Send dead letters back; exit 1 if some died again or could not go."""
    selected, named = bool(everything or stage or reasons), [*(ids or ())]
    if bool(selected) + bool(named) + (edit is not None) != 1:
        raise typer.BadParameter(
            "say which: --all, --reason and --topic go together; --id and --edit stand alone"
        )
    if force and selected:
        raise typer.BadParameter("--force goes with --id or --edit")
    # Kafka's client is slow to import, and `--help` needs none.
    from services.cli.dead_letters.reference import parsed  # noqa: PLC0415 - see above
    from services.cli.replay import run as revival  # noqa: PLC0415 - see above
    from services.cli.replay.selection import Wish  # noqa: PLC0415 - see above
    from services.cli.support.target import read_target  # noqa: PLC0415 - see above

    target = read_target()
    places = frozenset(parsed(target, text) for text in (named or [edit or ""]) if not selected)
    terminal = sys.stdout.isatty()
    request = revival.Request(
        suffix=stage.suffix if stage else "",
        wish=Wish(frozenset(reasons or ()), places or None, limit, max_attempts, force),
        edit=edit is not None,
        dry_run=dry_run,
        ask=selected and not yes and sys.stdin.isatty(),
        wait_seconds=timeout if (terminal if wait is None else wait) else None,
        json_output=json_output,
    )
    revival.revive(target, request)
