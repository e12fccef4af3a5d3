"""Options of ``newsline dlq list``, ``newsline dlq show`` and ``newsline dead``."""

from enum import StrEnum
from typing import Annotated

import typer

from services.cli.dead_letters import render, summary
from services.cli.dead_letters.summary import DeadLetterFilter
from services.cli.support.errors import CommandError, ExitCode, guarded, run
from services.cli.support.target import Target, read_target
from services.contracts.dead_letters import DeadLetterRef

LIST_HELP = """List the dead-letter queue, newest first: records that were refused, and why.

They are kept unchanged in the topics articles.raw.dead, articles.accepted.dead and
articles.enriched.dead; `newsline dlq replay` sends them back.

Examples:

  newsline dlq list

  newsline dlq list --by-reason

  newsline dlq list --topic raw --reason invalid_json --limit 100
"""
SHOW_HELP = """Show one dead letter of the dead-letter queue whole.

REF is what `newsline dlq list` prints in its first column.

Examples:

  newsline dlq show articles.raw.dead/0/17

  newsline dlq show articles.raw.dead/0/17 --raw > record.json
"""
DEAD_HELP = """List the dead-letter queue: `newsline dlq list`, and with --show `newsline dlq show`.

Examples:

  newsline dead

  newsline dead --by-reason

  newsline dead --show articles.raw.dead/0/17
"""


class Stage(StrEnum):
    """Values of ``--topic``: the topic that a record was read from."""

    RAW = "raw"
    ACCEPTED = "accepted"
    ENRICHED = "enriched"

    @property
    def suffix(self) -> str:
        """End of the topic's name, in whatever namespace."""
        return f".{self}"


StageOption = Annotated[
    Stage | None, typer.Option("--topic", help="Only those of this topic.", show_default=False)
]
ReasonsOption = Annotated[
    list[str] | None,
    typer.Option("--reason", metavar="CODE", help="Only those of this reason; repeatable."),
]
OpenOption = Annotated[bool, typer.Option("--open", help="Only those that were not replayed.")]
ByReasonOption = Annotated[
    bool, typer.Option("--by-reason", help="Count them by topic and reason.")
]
LimitOption = Annotated[int, typer.Option(metavar="N", min=1, max=10_000, help="List at most N.")]
RawOption = Annotated[bool, typer.Option("--raw", help="Write the original bytes, and only them.")]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print JSON; bytes that are not text as base64.")
]


@guarded
def list_dead_letters(  # noqa: PLR0913 - the options of a command
    *,
    stage: StageOption = None,
    reasons: ReasonsOption = None,
    only_open: OpenOption = False,
    by_reason: ByReasonOption = False,
    limit: LimitOption = 20,
    json_output: JsonOption = False,
) -> None:
    """List or count dead letters."""
    target = read_target()
    wanted = DeadLetterFilter(
        stage.suffix if stage else "", frozenset(reasons or ()), only_open=only_open
    )
    if by_reason:
        render.print_counts(run(summary.count_by_reason(target, wanted)), json_output=json_output)
    else:
        render.print_list(run(summary.list_newest(target, wanted, limit)), json_output=json_output)


@guarded
def show_dead_letter(
    ref: Annotated[str, typer.Argument(metavar="REF", help="The dead letter.")],
    *,
    raw: RawOption = False,
    json_output: JsonOption = False,
) -> None:
    """Show one dead letter; exit 1 if there is none of this reference."""
    if raw and json_output:
        raise typer.BadParameter("--raw and --json exclude each other")
    target = read_target()
    record, replayed = run(summary.fetch_one(target, parse_ref(target, ref)))
    render.print_record(record, replayed, json_output=json_output, raw=raw)


def dead(  # noqa: PLR0913 - the options of a command
    *,
    stage: StageOption = None,
    reasons: ReasonsOption = None,
    only_open: OpenOption = False,
    by_reason: ByReasonOption = False,
    limit: LimitOption = 20,
    ref: Annotated[
        str | None, typer.Option("--show", metavar="REF", help="Show this one whole.")
    ] = None,
    raw: RawOption = False,
    json_output: JsonOption = False,
) -> None:
    """List, count or show dead letters: the older form of ``dlq list`` and ``dlq show``."""
    if ref is None:
        if raw:
            raise typer.BadParameter("--raw goes with --show")
        list_dead_letters(
            stage=stage,
            reasons=reasons,
            only_open=only_open,
            by_reason=by_reason,
            limit=limit,
            json_output=json_output,
        )
        return
    if stage or reasons or only_open or by_reason:
        raise typer.BadParameter("--show names one dead letter; leave --topic, --reason etc. out")
    show_dead_letter(ref, raw=raw, json_output=json_output)


def parse_ref(target: Target, text: str) -> DeadLetterRef:
    """Parse a reference to a dead letter of this deployment.

    :raises CommandError: the text is not one.
    """
    topics = [topic.dead for topic in target.flow]
    try:
        ref = DeadLetterRef.parse(text)
    except ValueError as error:
        raise CommandError(
            f"{text!r} does not name a dead letter; references look like {topics[0]}/0/17",
            ExitCode.WRONG_USE,
        ) from error
    if ref.topic not in topics:
        raise CommandError(
            f"{ref.topic} is not a dead-letter topic; those are {', '.join(topics)}",
            ExitCode.WRONG_USE,
        )
    return ref
