"""Start and stop the local stack, and tell where it is."""

import asyncio

from rich.console import Console
from rich.table import Table

from services.cli.setup.install import install
from services.cli.setup.retry import BoundedRetry
from services.cli.support.output import messages, words
from services.cli.support.target import Target, read_target
from services.local.progress import shown
from services.local.settings import StackSettings
from services.local.stack import LocalStack
from services.local.state import HOST, StackState
from services.runtime.settings import read

# The servers have just answered; this is for one that is still busy with its start.
SETUP_SECONDS = 30.0


def local_stack(*, free_ports: bool = False) -> LocalStack:
    """The stack of NEWSLINE_HOME.

    :raises SettingsError: a variable is not usable.
    """
    settings = read(StackSettings)
    return LocalStack(settings.model_copy(update={"free_ports": True}) if free_ports else settings)


def start(*, free_ports: bool, workers: bool = True) -> LocalStack:
    """Bring the stack up with its topics and index templates, telling how it goes.

    :raises StackError: something does not start.
    """
    target = read_target()
    stack = local_stack(free_ports=free_ports)
    with shown(messages()) as report:

        def prepare(state: StackState) -> None:
            asyncio.run(install(at(target, state), BoundedRetry(SETUP_SECONDS)))

        stack.up(report, workers=workers, before_workers=prepare)
    return stack


def stop(*, wipe: bool) -> list[str]:
    """Take the stack down; what was stopped, in lines."""
    stack = local_stack()
    with shown(messages()) as report:
        told = stack.down(wipe=wipe, report=report)
    lines = []
    if told.ended:
        lines.append(f"Stopped {', '.join(told.ended)}.")
    if told.killed:
        lines.append(f"Killed {', '.join(told.killed)}.")
    if told.gone:
        lines.append(f"Gone before: {', '.join(told.gone)}.")
    return lines or ["Nothing was running."]


def at(target: Target, state: StackState) -> Target:
    """The same deployment on the servers of a stack, whatever the environment names."""
    return target.on(state.bootstrap_servers, state.elasticsearch_url)


def show_addresses(console: Console, stack: LocalStack) -> None:
    """Print where Kafka, Elasticsearch and the health pages are."""
    state = stack.state()
    table = Table(show_header=False, box=None)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row("Kafka", words(state.bootstrap_servers))
    table.add_row("Elasticsearch", words(state.elasticsearch_url))
    for name, record in state.processes.items():
        if "health" in record.ports:
            table.add_row(name, words(f"http://{HOST}:{record.ports['health']}/readyz"))
    table.add_row("data and logs", words(stack.home.path))
    console.print(table)
