"""``newsline status``: what a person types; the work is in overview.py."""

from typing import Annotated

import typer

from services.cli.support.errors import Code, guarded, run

HELP = """Tell how the pipeline is: processes, records behind, documents, dead letters, last errors.

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
    """Tell how the pipeline is."""
    # The servers' clients are slow to import, and `--help` needs none.
    from services.cli.status import report as overview  # noqa: PLC0415 - see above
    from services.cli.support.other_stacks import print_other_stacks  # noqa: PLC0415 - see above
    from services.cli.support.target import read_target  # noqa: PLC0415 - see above

    seen = run(overview.look(read_target()))
    overview.tell(seen, json_output=json_output)
    if not seen["workers"]:
        print_other_stacks()
    if not (seen["kafka"]["reachable"] and seen["elasticsearch"]["reachable"]):
        raise typer.Exit(Code.UNREACHABLE)
