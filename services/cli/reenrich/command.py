"""``newsline reenrich``: what a person types; the work is in reenriching.py."""

from typing import Annotated

import typer

from services.cli.support.errors import Code, guarded, run

HELP = """Send stored articles through enrichment again.

With --stale, only those that a model older than today's has worked on. Few at a time are under
way, so that fresh articles do not wait behind them. Each keeps its identity and version: what
comes out replaces the document, unless a newer version of the article has come meanwhile.

Examples:

  newsline reenrich --stale --dry-run

  newsline reenrich --stale --wait

  newsline reenrich --all --limit 1000
"""


@guarded
def reenrich(  # noqa: PLR0913 - the options of a command
    *,
    stale: Annotated[
        bool, typer.Option("--stale", help="Those that older models have worked on.")
    ] = False,
    everything: Annotated[bool, typer.Option("--all", help="All that are stored.")] = False,
    limit: Annotated[
        int | None, typer.Option(min=1, help="So many at most.", show_default=False)
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Count them, and send nothing.")
    ] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait until the pipeline has worked through them.")
    ] = False,
    timeout: Annotated[
        float, typer.Option(min=0, help="Seconds that --wait waits at most.", metavar="SECONDS")
    ] = 600.0,
    json_output: Annotated[bool, typer.Option("--json", help="Print the counts as JSON.")] = False,
) -> None:
    """Send them; exit 1 if some stored documents are no articles."""
    if stale == everything:
        raise typer.BadParameter("say which: --stale or --all")
    # The clients and the models are slow to import, and `--help` needs none.
    from services.cli.push.wait import wait_until_done  # noqa: PLC0415 - see above
    from services.cli.reenrich import run as reenriching  # noqa: PLC0415 - see above
    from services.cli.support.target import read_target  # noqa: PLC0415 - see above

    target = read_target()
    query = reenriching.stale() if stale else reenriching.EVERYTHING
    tally = run(reenriching.reenrich(target, query, limit=limit, dry_run=dry_run))
    reenriching.tell(tally, dry_run=dry_run, json_output=json_output)
    if wait and not dry_run:
        run(wait_until_done(target, timeout))
    if tally.refused:
        raise typer.Exit(Code.REFUSED)
