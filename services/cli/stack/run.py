"""Start and stop the local stack, and print where it is."""

import asyncio

from rich.console import Console
from rich.table import Table

from services.cli.setup.install import install
from services.cli.setup.retry import BoundedRetry
from services.cli.support.output import messages, print_message, safe_text
from services.cli.support.target import Target, read_target
from services.local.progress import show_steps
from services.local.settings import StackSettings
from services.local.stack import LocalStack
from services.local.state import HOST, StackState
from services.runtime.settings import read_settings

# The servers have just answered; this is for one that is still busy with its start.
SETUP_SECONDS = 30.0


def local_stack(*, free_ports: bool = False) -> LocalStack:
    """Return the stack of NEWSLINE_HOME.

    :raises SettingsError: a variable is not usable.
    """
    settings = read_settings(StackSettings)
    return LocalStack(settings.model_copy(update={"free_ports": True}) if free_ports else settings)


def start(*, free_ports: bool, workers: bool = True) -> LocalStack:
    """Start the stack with its topics and index templates, and show each step.

    :raises StackError: something does not start.
    """
    target = read_target()
    stack = local_stack(free_ports=free_ports)
    with show_steps(messages()) as report:

        def prepare(state: StackState) -> None:
            asyncio.run(install(target_on(target, state), BoundedRetry(SETUP_SECONDS)))

        stack.up(report, workers=workers, before_workers=prepare)
    return stack


def stop(*, wipe: bool) -> bool:
    """Stop the stack, and print what was stopped.

    :returns: False if nothing was running.
    """
    stack = local_stack()
    with show_steps(messages()) as report:
        stopped = stack.down(wipe=wipe, report=report)
    lines = {"Stopped": stopped.ended, "Killed": stopped.killed, "Gone before:": stopped.gone}
    for what, names in lines.items():
        if names:
            print_message(f"{what} {', '.join(names)}.")
    if not any(lines.values()):
        print_message(f"Nothing was running. The stack's folder is {stack.home.path}.")
    return bool(stopped.ended or stopped.killed)


def target_on(target: Target, state: StackState) -> Target:
    """Return the same target on the servers of a stack, whatever the environment names."""
    return target.on(state.bootstrap_servers, state.elasticsearch_url)


def print_addresses(console: Console, stack: LocalStack) -> None:
    """Print where Kafka, Elasticsearch and the health pages are."""
    state = stack.state()
    table = Table(show_header=False, box=None)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row("Kafka", safe_text(state.bootstrap_servers))
    table.add_row("Elasticsearch", safe_text(state.elasticsearch_url))
    for name, record in state.processes.items():
        if "health" in record.ports:
            table.add_row(name, safe_text(f"http://{HOST}:{record.ports['health']}/readyz"))
    table.add_row("data and logs", safe_text(stack.home.path))
    console.print(table)
