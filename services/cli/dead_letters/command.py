"""``newsline dead``: what a person types; the work is in letters.py."""

from enum import StrEnum
from typing import Annotated

import typer

from services.cli.support.errors import guarded, run

HELP = """List dead letters, the newest first: records that could not be processed, and why.

They lie untouched in the topics articles.raw.dead, articles.accepted.dead and
articles.enriched.dead; `newsline replay` sends them back.

Examples:

  newsline dead

  newsline dead --by-reason

  newsline dead --topic raw --reason invalid_json --limit 100

  newsline dead --show articles.raw.dead/0/17

  newsline dead --show articles.raw.dead/0/17 --raw > letter.json
"""


class Stage(StrEnum):
    """What ``--topic`` takes: the topic that the record was read from."""

    RAW = "raw"
    ACCEPTED = "accepted"
    ENRICHED = "enriched"

    @property
    def suffix(self) -> str:
        """Of the topic's name, in whatever namespace."""
        return f".{self}"


STAGE = typer.Option("--topic", help="Only those of this topic.")
REASONS = typer.Option("--reason", metavar="CODE", help="Only those of this reason; repeatable.")


@guarded
def dead(  # noqa: PLR0913 - the options of a command
    *,
    stage: Annotated[Stage | None, STAGE] = None,
    reasons: Annotated[list[str] | None, REASONS] = None,
    still_open: Annotated[
        bool, typer.Option("--open", help="Only those that were not replayed.")
    ] = False,
    by_reason: Annotated[
        bool, typer.Option("--by-reason", help="Count them by topic and reason.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="List so many.")] = 20,
    show: Annotated[
        str | None, typer.Option("--show", metavar="PLACE", help="Show this one whole.")
    ] = None,
    raw: Annotated[
        bool, typer.Option("--raw", help="With --show: write the original bytes, and only them.")
    ] = False,
    json_output: Annotated[
        bool, typer.Option("--json", help="Print it as JSON; bytes that are no text as base64.")
    ] = False,
) -> None:
    """List, count or show dead letters."""
    if raw and (show is None or json_output):
        raise typer.BadParameter("--raw goes with --show, and not with --json")
    if show is not None and (stage or reasons or still_open or by_reason):
        raise typer.BadParameter("--show names one letter; leave --topic, --reason and such out")
    # Kafka's client is slow to import, and `--help` needs none.
    from services.cli.dead_letters import summary as letters  # noqa: PLC0415 - see above
    from services.cli.dead_letters.reference import parsed  # noqa: PLC0415 - see above
    from services.cli.support.target import read_target  # noqa: PLC0415 - see above

    target = read_target()
    sought = letters.Sought(stage.suffix if stage else "", frozenset(reasons or ()), still_open)
    if show is not None:
        found = run(letters.one(target, parsed(target, show)))
        letters.tell_one(*found, json_output=json_output, raw=raw)
    elif by_reason:
        letters.tell_groups(run(letters.grouped(target, sought)), json_output=json_output)
    else:
        letters.tell(run(letters.listed(target, sought, limit)), json_output=json_output)
