"""Start several servers at once and wait until each one answers."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from services.local.errors import (
    JavaUnusable,
    PortTaken,
    ServerDied,
    ServerNotAnswering,
    capitalized,
)
from services.local.home import Home
from services.local.ports import choose_ports, is_free
from services.local.processes import exit_code, find_process, last_lines, start_process
from services.local.progress import Report, Step
from services.local.registry import describe_holder
from services.local.servers.server import Server
from services.local.settings import StackSettings
from services.local.state import ProcessRecord

# A free port may be lost between its test and its use, but hardly three times in a row.
TRIES = 3
POLL_SECONDS = 0.1
# How Java and Python report a port that is taken.
PORT_TAKEN_MARKS = (
    "address already in use",
    "bindexception",
    "bindhttpexception",
    "bindtransportexc",
)

Started = Callable[[ProcessRecord], None]


@dataclass(frozen=True, slots=True)
class _Launch:
    """A server that is starting; ``since`` is where the lines of this start begin in its log."""

    server: Server
    record: ProcessRecord
    since: int
    deadline: float
    avoid: frozenset[int]
    tries: int


@dataclass(frozen=True, slots=True)
class Launcher:
    """Starts servers in a home. ``started`` is called with each process as soon as it exists."""

    home: Home
    settings: StackSettings
    report: Report
    started: Started

    def start_all(
        self, servers: Sequence[Server], keep: Mapping[str, Mapping[str, int]]
    ) -> Sequence[ProcessRecord]:
        """Start all servers and return when all answer. ``keep``: the ports that each had before.

        :raises PortTaken, ServerDied, ServerNotAnswering, JavaUnusable: one of them does not start.
        """
        avoid: set[int] = set()
        chosen: list[Mapping[str, int]] = []
        # All before the first start: a port that is taken must cost nothing.
        for server in servers:
            kept = keep.get(server.name)
            chosen.append(choose_ports(server.roles, self.settings, keep=kept, avoid=avoid))
            avoid.update(chosen[-1].values())
        waiting = [
            self._launch(server, ports, frozenset(avoid))
            for server, ports in zip(servers, chosen, strict=True)
        ]
        ready: list[ProcessRecord] = []
        while waiting:
            waiting = [later for launch in waiting if (later := self._check(launch, ready))]
            if waiting:
                time.sleep(POLL_SECONDS)
        return ready

    def _launch(
        self, server: Server, ports: Mapping[str, int], avoid: frozenset[int], tries: int = 1
    ) -> _Launch:
        self.report(Step(f"Starting {server.title}…"))
        server.prepare(ports)
        log = self.home.log(server.name)
        since = log.stat().st_size if log.is_file() else 0
        command = server.command()
        try:
            record = start_process(
                server.name,
                command,
                log=log,
                folder=server.folder,
                environment=server.environment(ports),
                ports=ports,
            )
        except OSError as error:
            raise JavaUnusable(f"{command[0]} cannot be run: {error.strerror}.") from error
        self.started(record)
        deadline = time.monotonic() + self.settings.start_seconds
        return _Launch(server, record, since, deadline, avoid, tries)

    def _check(self, launch: _Launch, ready: list[ProcessRecord]) -> _Launch | None:
        """Return the launch as it goes on; None, with its record in ``ready``, once it answers."""
        record, server = launch.record, launch.server
        log = Path(record.log)
        if find_process(record) is None:
            return self._start_again(launch, log)
        # Another server may answer on a port that ours is about to fail on: ask, then look again.
        if server.answers(record.ports) and find_process(record) is not None:
            self.report(Step(f"{capitalized(server.title)} answers."))
            ready.append(record)
            return None
        if time.monotonic() > launch.deadline:
            lines = last_lines(log, since=launch.since)
            raise ServerNotAnswering(server.title, self.settings.start_seconds, log, lines)
        return launch

    def _start_again(self, launch: _Launch, log: Path) -> _Launch:
        """Start the server on other ports if it lost its own; else raise why it ended."""
        server = launch.server
        lines = last_lines(log, since=launch.since, count=200)
        lost = any(mark in line.lower() for line in lines for mark in PORT_TAKEN_MARKS)
        if lost:
            for role in server.roles:
                if (wanted := role.asked_for(self.settings)) and not is_free(wanted):
                    raise PortTaken(role.server, wanted, role.variable, describe_holder(wanted))
        if not lost or launch.tries == TRIES:
            raise ServerDied(server.title, exit_code(launch.record), log, lines[-10:])
        self.report(
            Step(f"{capitalized(server.title)} lost a port to another program; trying others.")
        )
        avoid = launch.avoid | set(launch.record.ports.values())
        ports = choose_ports(server.roles, self.settings, avoid=avoid)
        return self._launch(server, ports, avoid, launch.tries + 1)
