"""Options and course of ``newsline dlq replay``: select, edit, ask, send, wait, report."""

import sys
from dataclasses import replace
from typing import Annotated

import typer

from services.cli.dead_letters.command import ReasonsOption, Stage, StageOption, parse_ref
from services.cli.dead_letters.render import file_suffix
from services.cli.dead_letters.summary import fetch_one
from services.cli.replay import editor, render
from services.cli.replay.outcome import ReplayResult
from services.cli.replay.plan import ReplayPlan, make_plan
from services.cli.replay.run import carry_out
from services.cli.replay.selection import ReplayFilter
from services.cli.support.errors import (
    CommandError,
    ExitCode,
    ServerUnavailable,
    guarded,
    run,
)
from services.cli.support.output import print_json, print_message
from services.cli.support.target import Target, read_target

HELP = """Send dead letters from the dead-letter queue back to the topics they came from.

Each goes with its original key and bytes, its first arrival and its attempt, one higher: an older
version never overwrites a newer one, and what fails again is dead-lettered again. Dead letters
that were replayed are not replayed a second time, unless they are named and --force is given.

Exit 1 if some were dead-lettered again, which only --wait can tell, or could not be sent.

Examples:

  newsline dlq replay --all --dry-run

  newsline dlq replay --reason refused --wait

  newsline dlq replay --id articles.raw.dead/0/17

  newsline dlq replay --edit articles.raw.dead/0/17 --wait
"""
ALIAS_HELP = HELP.replace("newsline dlq replay", "newsline replay")

ALL = typer.Option("--all", help="All that were not replayed yet.")
IDS = typer.Option("--id", metavar="REF", help="The one that `dlq list` names so; repeatable.")
EDIT = typer.Option("--edit", metavar="REF", help="This one, as you change it in $EDITOR.")
FORCE = typer.Option(
    "--force", help="With --id, --edit: even if replayed, unchanged or over --max-attempts."
)
LIMIT = typer.Option(metavar="N", min=1, max=100_000, help="At most N, the oldest first.")
MAX_ATTEMPTS = typer.Option(
    metavar="N", min=1, max=1_000_000, help="Skip those that have failed N times."
)
DRY_RUN = typer.Option("--dry-run", help="List what would be sent, and send nothing.")
YES = typer.Option("--yes", "-y", help="Do not ask.")
WAIT = typer.Option(help="Report what became of them; without either, on a terminal only.")
TIMEOUT = typer.Option(min=0, metavar="SECONDS", help="Seconds that --wait waits at most.")
JSON = typer.Option("--json", help="Print the counts as JSON.")


@guarded
def replay(  # noqa: PLR0913 - the options of a command
    *,
    everything: Annotated[bool, ALL] = False,
    stage: StageOption = None,
    reasons: ReasonsOption = None,
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
    """Send dead letters back; exit 1 if some failed again or could not be sent."""
    by_filter, named = bool(everything or stage or reasons), [*(ids or ())]
    if by_filter + bool(named) + (edit is not None) != 1:
        raise typer.BadParameter(
            "say which: --all, --reason and --topic go together; --id and --edit stand alone"
        )
    if force and by_filter:
        raise typer.BadParameter("--force goes with --id or --edit")
    target = read_target()
    refs = frozenset(parse_ref(target, text) for text in (named or [edit or ""]) if not by_filter)
    wanted = ReplayFilter(frozenset(reasons or ()), refs or None, limit, max_attempts, force)
    plan = run(make_plan(target, _suffix(stage), wanted))
    render.print_skipped(plan.selection)
    if edit is not None and plan.selection.entries:
        plan = _edit(target, plan)
    if dry_run:
        _print_dry_run(plan, json_output=json_output)
        return
    if by_filter and not yes and plan.selection.entries and sys.stdin.isatty():
        typer.confirm(f"Replay {render.summary(plan.selection)}?", abort=True, err=True)
    waits = sys.stdout.isatty() if wait is None else wait
    _replay(target, plan, timeout if waits else None, json_output=json_output)


def _suffix(stage: Stage | None) -> str:
    return stage.suffix if stage else ""


def _edit(target: Target, plan: ReplayPlan) -> ReplayPlan:
    (entry,) = plan.selection.entries
    record, _ = run(fetch_one(target, entry.ref))
    original = record.value or b""
    edited = editor.edit(original, file_suffix(original))
    if not editor.is_changed(original, edited) and not plan.selection.wanted.force:
        raise CommandError(
            "nothing was changed and nothing was sent; --force sends it as it is", ExitCode.REFUSED
        )
    return replace(plan, edited={entry.ref: edited})


def _print_dry_run(plan: ReplayPlan, *, json_output: bool) -> None:
    if json_output:
        print_json(render.dry_run_json(plan.selection))
    else:
        render.print_plan(plan.selection)


def _replay(
    target: Target, plan: ReplayPlan, wait_seconds: float | None, *, json_output: bool
) -> None:
    selection, result = plan.selection, ReplayResult()
    if selection.entries:
        result = run(carry_out(target, plan, wait_seconds))
    if json_output:
        print_json(render.result_json(selection, result))
    render.print_result(result)
    if result.unfinished_topic is not None:
        raise ServerUnavailable(
            f"after {wait_seconds:g} s the workers have yet to finish {result.unfinished_topic}; "
            "`newsline status` shows whether they run, `newsline dlq list` what failed again"
        )
    progress = result.progress
    if expired := len(selection.entries) - len(progress.sent) - len(progress.refused):
        print_message(f"{expired} dead letters were gone: their topic keeps them no longer")
    # A dead letter that was named, and was skipped, is not what its user wanted.
    skipped = selection.skipped if selection.wanted.refs is not None else []
    if result.failed_again or progress.refused or skipped:
        raise typer.Exit(ExitCode.REFUSED)
