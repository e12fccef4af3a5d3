"""The ``newsline up`` and ``newsline down`` commands."""

from typing import Annotated

import typer

from services.cli.stack import run as running
from services.cli.support.errors import guarded
from services.cli.support.other_stacks import print_other_stacks
from services.cli.support.output import output

UP_HELP = """Start Kafka, Elasticsearch and the workers on this machine, without Docker.

What runs already is left alone. Topics and index templates are made. Data and logs are kept in
NEWSLINE_HOME (default: .newsline here). The first start fetches the servers, about 90 MB.

Examples:

  newsline up

  newsline up --free-ports

  NEWSLINE_HOME=/tmp/second newsline up --free-ports
"""
DOWN_HELP = """Stop what `newsline up` started. The data stay, for the next `newsline up`.

Examples:

  newsline down

  newsline down --wipe
"""
FREE_PORTS = typer.Option("--free-ports", help="Take free ports; `newsline status` tells which.")


@guarded
def up(
    *,
    free_ports: Annotated[bool, FREE_PORTS] = False,
    workers: Annotated[
        bool, typer.Option("--workers/--no-workers", help="Start the workers too.")
    ] = True,
) -> None:
    """Start Kafka, Elasticsearch and the workers on this machine."""
    stack = running.start(free_ports=free_ports, workers=workers)
    running.print_addresses(output(), stack)


@guarded
def down(
    *,
    wipe: Annotated[bool, typer.Option("--wipe", help="Remove the data and logs too.")] = False,
) -> None:
    """Stop what `newsline up` started."""
    if not running.stop(wipe=wipe):
        print_other_stacks()
