"""Report of the pipeline's status, read from all servers at once in bounded time."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from rich.console import Console
from rich.table import Table

from services.cli.dead_letters.reader import DeadLetterEntry, newest_entries
from services.cli.stack.run import local_stack
from services.cli.status.problems import latest_problems
from services.cli.support.clients import reaching_kafka, searching
from services.cli.support.documents import count_documents
from services.cli.support.errors import CommandError
from services.cli.support.output import output, print_json, safe_text
from services.cli.support.target import Target
from services.local.state import HOST, ProcessStatus
from services.runtime.kafka.lag import offset_reader

# For each server; both are asked at the same time.
SERVER_SECONDS = 6.0
# Of that, for reading dead letters, which may be large.
DEAD_LETTER_SECONDS = 2.0
MAX_DEAD_LETTERS = 5
MAX_PROBLEMS = 10

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Kafka:
    lag: dict[str, int | None]
    dead_letters: dict[str, int | None]
    newest: list[DeadLetterEntry]


async def read_status(target: Target) -> dict[str, Any]:
    """Read the status; the result is what ``newsline status --json`` prints."""
    processes = local_stack().processes()
    workers = [process for process in processes if "health" in process.ports]
    kafka, documents = await asyncio.gather(
        _if_available(lambda: _read_kafka(target)), _if_available(lambda: _count(target))
    )
    newest = kafka.newest if kafka else []
    return {
        "kafka": {
            "bootstrap_servers": target.kafka.bootstrap_servers,
            "reachable": kafka is not None,
        },
        "elasticsearch": {"url": target.elasticsearch.url, "reachable": documents is not None},
        "workers": [_worker(process) for process in workers],
        "lag": kafka.lag if kafka else {topic.name: None for topic in target.flow},
        "documents": documents,
        "dead_letters": kafka.dead_letters
        if kafka
        else {topic.name: None for topic in target.flow},
        "last_errors": latest_problems(processes, newest, MAX_PROBLEMS),
    }


def print_status(status: dict[str, Any], *, json_output: bool) -> None:
    """Print the status as tables or as JSON."""
    if json_output:
        print_json(status)
        return
    console = output()
    _print_servers(console, status)
    _print_topics(console, status)
    if status["last_errors"]:
        console.print("Last errors:")
    for problem in status["last_errors"]:
        console.print(
            safe_text(f"  {problem['time'] or '?'} {problem['service'] or '?'}: {problem['error']}")
        )


async def _read_kafka(target: Target) -> _Kafka:
    with reaching_kafka(target.kafka):
        async with asyncio.timeout(SERVER_SECONDS), offset_reader(target.kafka) as offsets:
            lag = await offsets.lag(target.flow)
            dead = await offsets.dead_letters(target.flow)
            newest = await newest_entries(
                offsets, target.flow, MAX_DEAD_LETTERS, DEAD_LETTER_SECONDS
            )
            return _Kafka(lag, dead, newest)


async def _count(target: Target) -> int:
    async with searching(target.elasticsearch) as client:
        brief = client.options(request_timeout=SERVER_SECONDS)
        return await count_documents(brief, target.namespace)


async def _if_available(read_settings: Callable[[], Awaitable[T]]) -> T | None:
    try:
        return await read_settings()
    except CommandError:
        return None


def _worker(process: ProcessStatus) -> dict[str, Any]:
    return {
        "service": process.name.rpartition("-")[0] or process.name,
        "name": process.name,
        "pid": process.pid,
        "state": process.condition,
        "health": f"http://{HOST}:{process.ports['health']}",
    }


def _print_servers(console: Console, status: dict[str, Any]) -> None:
    table = Table(show_header=False, box=None)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    kafka, elasticsearch = status["kafka"], status["elasticsearch"]
    table.add_row("Kafka", _server(kafka["bootstrap_servers"], reachable=kafka["reachable"]))
    table.add_row(
        "Elasticsearch", _server(elasticsearch["url"], reachable=elasticsearch["reachable"])
    )
    for worker in status["workers"]:
        style = "" if worker["state"] == "running" else "red"
        state = f"{worker['state']}, process {worker['pid']}, {worker['health']}"
        table.add_row(worker["name"], safe_text(state, style))
    if not status["workers"]:
        table.add_row("workers", safe_text(f"none started from {local_stack().home.path}"))
    table.add_row("documents", _number(status["documents"]))
    console.print(table)


def _server(address: str, *, reachable: bool) -> Any:  # noqa: ANN401 - what rich can print
    return safe_text(address) if reachable else safe_text(f"{address} cannot be reached", "red")


def _print_topics(console: Console, status: dict[str, Any]) -> None:
    table = Table("topic", box=None)
    table.add_column("records behind", justify="right")
    table.add_column("dead letters", justify="right")
    for topic, behind in status["lag"].items():
        table.add_row(safe_text(topic), _number(behind), _number(status["dead_letters"][topic]))
    console.print(table)
    if status["kafka"]["reachable"] and None in status["lag"].values():
        console.print("Some topics are missing; `newsline setup` makes them.")


def _number(value: int | None) -> str:
    return "unknown" if value is None else f"{value:,}"
