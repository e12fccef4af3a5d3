"""Name the stacks that run from other folders, where a command finds none of its own."""

import os

from services.cli.support.output import print_message
from services.local.home import Home
from services.local.registry import describe_other_stacks
from services.local.settings import StackSettings
from services.runtime.settings import PREFIX, read_settings

_SERVERS = (PREFIX + "KAFKA_BOOTSTRAP_SERVERS", PREFIX + "ELASTICSEARCH_URL")


def print_other_stacks() -> None:
    """Print which stacks run from other folders, if none runs from NEWSLINE_HOME.

    None matters where the environment names servers.
    """
    if any(name in os.environ for name in _SERVERS):
        return
    home = Home(read_settings(StackSettings).home_path)
    if others := describe_other_stacks(home):
        print_message(others)
