"""The ``newsline`` command."""

import io
import sys

import typer

from services.cli.dead_letters import command as dead
from services.cli.demo import command as demo
from services.cli.push import command as push
from services.cli.reenrich import command as reenrich
from services.cli.replay import command as replay
from services.cli.search import command as search
from services.cli.search import show
from services.cli.setup import command as setup
from services.cli.stack import command as stack
from services.cli.status import command as status

app = typer.Typer(
    name="newsline",
    help="A streaming news pipeline: articles in through Kafka, out of Elasticsearch.",
    no_args_is_help=True,
    add_completion=False,
    # A bug's traceback is for a bug report: plain, and without the values of variables.
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command(help=stack.UP_HELP)(stack.up)
app.command(help=stack.DOWN_HELP)(stack.down)
app.command(help=status.HELP)(status.status)
app.command(help=demo.HELP)(demo.demo)
app.add_typer(setup.app)
app.command(help=push.HELP)(push.push)
app.command(help=search.HELP)(search.search)
app.command(help=show.HELP)(show.show)
app.command(help=dead.HELP)(dead.dead)
app.command(help=replay.HELP)(replay.replay)
app.command(help=reenrich.HELP)(reenrich.reenrich)


def main() -> None:
    """Run the command; its exit codes are those of ``endings.Code``."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal without Unicode shows a question mark where it has no letter.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    app(prog_name="newsline")


if __name__ == "__main__":
    main()
