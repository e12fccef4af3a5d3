"""The ``newsline demo`` command."""

from typing import Annotated

from services.cli.demo.run import run_demo
from services.cli.stack.command import FREE_PORTS
from services.cli.support.errors import guarded

HELP = """See all of it work: start everything, push sample articles, and show what came out.

It may be run again: the same articles are the same documents. Everything is left running;
`newsline down` stops it.

Examples:

  newsline demo

  newsline demo --free-ports
"""


@guarded
def demo(*, free_ports: Annotated[bool, FREE_PORTS] = False) -> None:
    """Start everything, push sample articles, and show what came out."""
    run_demo(free_ports=free_ports)
