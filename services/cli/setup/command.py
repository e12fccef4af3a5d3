"""``newsline setup``: what a person types; the work is in install.py."""

from typing import Annotated

import typer

from services.cli.setup.install import install
from services.cli.support.errors import guarded, run
from services.cli.support.output import print_message
from services.cli.support.target import read_target

HELP = """Make the topics, the index templates and the alias that the workers need.

What is there already is left as it is, so it can be run any time. `newsline up` does it by itself.

Examples:

  newsline setup

  NEWSLINE_TOPIC_PARTITIONS=24 newsline setup --wait 300
"""


@guarded
def setup(
    wait: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", help="Wait so long for the servers.")
    ] = 60.0,
) -> None:
    """Make topics, index templates and the alias; idempotent."""
    for line in run(install(read_target(), wait)):
        print_message(line)
