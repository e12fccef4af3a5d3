"""``newsline dead``: what a person types; the work is in letters.py."""

from enum import StrEnum
from typing import Annotated

import typer

from services.console.endings import guarded, run

HELP = """List dead letters, the newest first: records that could not be processed, and why.

They lie untouched in the topics articles.raw.dead, articles.accepted.dead and
articles.enriched.dead.

Examples:

  newsline dead

  newsline dead --topic raw --limit 100

  newsline dead --json
"""


class Stage(StrEnum):
    """What ``--topic`` takes: the topic that the record was read from."""

    RAW = "raw"
    ACCEPTED = "accepted"
    ENRICHED = "enriched"


@guarded
def dead(
    *,
    stage: Annotated[
        Stage | None, typer.Option("--topic", help="Only those of this topic.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="List so many.")] = 20,
    json_output: Annotated[
        bool, typer.Option("--json", help="Print counts and letters as JSON.")
    ] = False,
) -> None:
    """List dead letters."""
    # Kafka's client is slow to import, and `--help` needs none.
    from services.console import letters  # noqa: PLC0415 - see above
    from services.console.deployment import deployment  # noqa: PLC0415 - see above

    suffix = f".{stage}" if stage else ""
    letters.tell(run(letters.listed(deployment(), suffix, limit)), json_output=json_output)
