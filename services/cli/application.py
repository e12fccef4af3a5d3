"""The ``newsline`` application and the table of its commands."""

from importlib.metadata import PackageNotFoundError, version
from typing import Annotated

import typer

from services.cli.lazy import LazyCommand, lazy_group

COMMANDS = (
    LazyCommand(
        "up",
        "services.cli.stack.command:up",
        "Start Kafka, Elasticsearch and the workers.",
        help_name="UP_HELP",
    ),
    LazyCommand(
        "down",
        "services.cli.stack.command:down",
        "Stop what `newsline up` started.",
        help_name="DOWN_HELP",
    ),
    LazyCommand("status", "services.cli.status.command:status", "Show the pipeline's status."),
    LazyCommand("demo", "services.cli.demo.command:demo", "See all of it work, on samples."),
    LazyCommand("setup", "services.cli.setup.command:app", "Make topics and index templates."),
    LazyCommand("push", "services.cli.push.command:push", "Send articles into the pipeline."),
    LazyCommand("search", "services.cli.search.command:search", "Find articles."),
    LazyCommand("show", "services.cli.search.show:show_article", "Show one article."),
    LazyCommand(
        "reenrich",
        "services.cli.reenrich.command:reenrich",
        "Send stored articles through enrichment again.",
    ),
    # The older names of `dlq list`, `dlq show` and `dlq replay`.
    LazyCommand(
        "dead",
        "services.cli.dead_letters.command:dead",
        "List the dead-letter queue.",
        help_name="DEAD_HELP",
        hidden=True,
    ),
    LazyCommand(
        "replay",
        "services.cli.replay.command:replay",
        "Replay the dead-letter queue.",
        help_name="ALIAS_HELP",
        hidden=True,
    ),
)
DLQ_COMMANDS = (
    LazyCommand(
        "list",
        "services.cli.dead_letters.command:list_dead_letters",
        "List or count dead letters, newest first.",
        help_name="LIST_HELP",
    ),
    LazyCommand(
        "show",
        "services.cli.dead_letters.command:show_dead_letter",
        "Show one dead letter whole.",
        help_name="SHOW_HELP",
    ),
    LazyCommand(
        "replay",
        "services.cli.replay.command:replay",
        "Send dead letters back to the topics they came from.",
    ),
)

app = typer.Typer(
    name="newsline",
    cls=lazy_group(*COMMANDS),
    help="A streaming news pipeline: articles in through Kafka, out of Elasticsearch.",
    no_args_is_help=True,
    # A bug's traceback is for a bug report: plain, and without the values of variables.
    pretty_exceptions_enable=False,
    # Rich's tables of options do not fit into 80 columns.
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(
    typer.Typer(cls=lazy_group(*DLQ_COMMANDS), rich_markup_mode=None),
    name="dlq",
    help="Look into the dead-letter queue, and replay what is in it.",
    no_args_is_help=True,
)


def print_version(value: bool) -> None:  # noqa: FBT001 - typer calls it so
    """Print the version and end, if asked.

    :raises typer.Exit: after printing.
    """
    if not value:
        return
    try:
        typer.echo(f"newsline {version('newsline')}")
    except PackageNotFoundError:
        typer.echo("newsline (not installed as a package)")
    raise typer.Exit


@app.callback()
def newsline(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=print_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Run one of the commands."""
