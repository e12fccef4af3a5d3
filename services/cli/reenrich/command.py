"""Options of ``newsline reenrich``."""

from typing import Annotated

import typer

from services.cli.push.wait import wait_until_done
from services.cli.reenrich.run import (
    ALL_ARTICLES,
    print_counts,
    send_articles,
    stale_articles,
)
from services.cli.support.errors import ExitCode, guarded, run
from services.cli.support.target import read_target

HELP = """Send stored articles through enrichment again.

With --stale, only those that older models than the current ones have enriched. Few are sent at a
time, so that fresh articles do not wait behind them. Each keeps its identity and version: what
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
        bool, typer.Option("--stale", help="Those that older models have enriched.")
    ] = False,
    everything: Annotated[bool, typer.Option("--all", help="All that are stored.")] = False,
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Send at most N.", show_default=False)
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
    """Send articles; exit 1 if some stored documents are not articles."""
    if stale == everything:
        raise typer.BadParameter("say which: --stale or --all")
    target = read_target()
    query = stale_articles() if stale else ALL_ARTICLES
    counts = run(send_articles(target, query, limit=limit, dry_run=dry_run))
    print_counts(counts, dry_run=dry_run, json_output=json_output)
    if wait and not dry_run:
        run(wait_until_done(target, timeout))
    if counts.refused:
        raise typer.Exit(ExitCode.REFUSED)
