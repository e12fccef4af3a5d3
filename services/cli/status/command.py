"""Options of ``newsline status``."""

from typing import Annotated

import typer

from services.cli.status.report import print_status, read_status
from services.cli.support.errors import ExitCode, guarded, run
from services.cli.support.other_stacks import print_other_stacks
from services.cli.support.target import read_target

HELP = """Show the pipeline's status: processes, lag, documents, dead letters, last errors.

Answers within seconds, whatever is down; exit 3 if Kafka or Elasticsearch cannot be reached, and
what cannot be known is then null.

Examples:

  newsline status

  newsline status --json
"""


@guarded
def status(
    *,
    json_output: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Show the pipeline's status; exit 3 if a server cannot be reached."""
    report = run(read_status(read_target()))
    print_status(report, json_output=json_output)
    if not report["workers"]:
        print_other_stacks()
    if not (report["kafka"]["reachable"] and report["elasticsearch"]["reachable"]):
        raise typer.Exit(ExitCode.UNREACHABLE)
