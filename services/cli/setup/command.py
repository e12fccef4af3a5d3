"""``newsline setup``: what a person types; the work is in installing.py."""

from typing import Annotated

import typer

from services.cli.support.errors import guarded, run

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
    # The servers' clients are slow to import, and `--help` needs none.
    from services.cli.setup.install import install  # noqa: PLC0415 - see above
    from services.cli.support.output import say  # noqa: PLC0415 - see above
    from services.cli.support.target import read_target  # noqa: PLC0415 - see above

    for line in run(install(read_target(), wait)):
        say(line)
