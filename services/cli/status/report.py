"""Look at everything at once, in bounded time, and tell what was seen."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from rich.console import Console
from rich.table import Table

from services.cli.dead_letters import reader as graveyard
from services.cli.stack.run import local_stack
from services.cli.status import problems as troubles
from services.cli.support import documents as stored
from services.cli.support.clients import reaching_kafka, searching
from services.cli.support.errors import Ended
from services.cli.support.lag import broker
from services.cli.support.output import output, show_json, words
from services.cli.support.target import Target
from services.local.state import HOST, ProcessStatus

# For each server; both are asked at the same time.
PATIENCE_SECONDS = 6.0
# Of that, for looking at dead letters, which may be large.
GRAVEYARD_SECONDS = 2.0
LETTERS = 5
ERRORS = 10

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Kafka:
    lag: dict[str, int | None]
    dead_letters: dict[str, int | None]
    newest: list[graveyard.Buried]


async def look(target: Target) -> dict[str, Any]:
    """What ``newsline status --json`` prints."""
    processes = local_stack().processes()
    workers = [process for process in processes if "health" in process.ports]
    kafka, documents = await asyncio.gather(
        _unless_away(lambda: _kafka(target)), _unless_away(lambda: _documents(target))
    )
    letters = kafka.newest if kafka else []
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
        "last_errors": troubles.last(processes, letters, ERRORS),
    }


def tell(seen: dict[str, Any], *, json_output: bool) -> None:
    """Print what was seen as tables or as JSON."""
    if json_output:
        show_json(seen)
        return
    console = output()
    _show_servers(console, seen)
    _show_topics(console, seen)
    if seen["last_errors"]:
        console.print("Last errors:")
    for trouble in seen["last_errors"]:
        console.print(
            words(f"  {trouble['time'] or '?'} {trouble['service'] or '?'}: {trouble['error']}")
        )


async def _kafka(target: Target) -> _Kafka:
    with reaching_kafka(target.kafka):
        async with asyncio.timeout(PATIENCE_SECONDS), broker(target.kafka) as offsets:
            lag = await offsets.lag(target.flow)
            dead = await offsets.dead_letters(target.flow)
            newest = await graveyard.newest(offsets, target.flow, LETTERS, GRAVEYARD_SECONDS)
            return _Kafka(lag, dead, newest)


async def _documents(target: Target) -> int:
    async with searching(target.elasticsearch) as client:
        brief = client.options(request_timeout=PATIENCE_SECONDS)
        return await stored.count(brief, target.namespace)


async def _unless_away(look_at: Callable[[], Awaitable[T]]) -> T | None:
    try:
        return await look_at()
    except Ended:
        return None


def _worker(process: ProcessStatus) -> dict[str, Any]:
    return {
        "service": process.name.rpartition("-")[0] or process.name,
        "name": process.name,
        "pid": process.pid,
        "state": process.condition,
        "health": f"http://{HOST}:{process.ports['health']}",
    }


def _show_servers(console: Console, seen: dict[str, Any]) -> None:
    table = Table(show_header=False, box=None)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    kafka, elasticsearch = seen["kafka"], seen["elasticsearch"]
    table.add_row("Kafka", _server(kafka["bootstrap_servers"], reachable=kafka["reachable"]))
    table.add_row(
        "Elasticsearch", _server(elasticsearch["url"], reachable=elasticsearch["reachable"])
    )
    for worker in seen["workers"]:
        style = "" if worker["state"] == "running" else "red"
        told = f"{worker['state']}, process {worker['pid']}, {worker['health']}"
        table.add_row(worker["name"], words(told, style))
    if not seen["workers"]:
        table.add_row("workers", words(f"none started from {local_stack().home.path}"))
    table.add_row("documents", _number(seen["documents"]))
    console.print(table)


def _server(address: str, *, reachable: bool) -> Any:  # noqa: ANN401 - what rich can print
    return words(address) if reachable else words(f"{address} cannot be reached", "red")


def _show_topics(console: Console, seen: dict[str, Any]) -> None:
    table = Table("topic", box=None)
    table.add_column("records behind", justify="right")
    table.add_column("dead letters", justify="right")
    for topic, behind in seen["lag"].items():
        table.add_row(words(topic), _number(behind), _number(seen["dead_letters"][topic]))
    console.print(table)
    if seen["kafka"]["reachable"] and None in seen["lag"].values():
        console.print("Some topics are missing; `newsline setup` makes them.")


def _number(value: int | None) -> str:
    return "unknown" if value is None else f"{value:,}"
