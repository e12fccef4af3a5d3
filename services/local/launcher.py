"""Start several servers at once and wait until each one answers."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from services.local.errors import JavaUnusable, PortTaken, ServerDied, ServerSilent
from services.local.home import Home
from services.local.ports import choose, is_free
from services.local.processes import exit_code, find, last_lines, start
from services.local.progress import Report, Step
from services.local.servers.server import Server
from services.local.settings import StackSettings
from services.local.state import ProcessRecord

# A free port may be lost between its test and its use, but hardly three times in a row.
TRIES = 3
POLL_SECONDS = 0.1
# What Java and Python say of a port that is taken.
PORT_LOST = ("address already in use", "bindexception", "bindhttpexception", "bindtransportexc")

Started = Callable[[ProcessRecord], None]


@dataclass(frozen=True, slots=True)
class _Launch:
    """One server on its way up; ``since`` is where its own words begin in the log."""

    server: Server
    record: ProcessRecord
    since: int
    deadline: float
    avoid: frozenset[int]
    tries: int


@dataclass(frozen=True, slots=True)
class Launcher:
    """Starts what it is given in a home. ``started`` is told of every process at once."""

    home: Home
    settings: StackSettings
    report: Report
    started: Started

    def together(
        self, servers: Sequence[Server], keep: Mapping[str, Mapping[str, int]]
    ) -> Sequence[ProcessRecord]:
        """Start all and return when all answer. ``keep``: the ports that a server had before.

        :raises PortTaken, ServerDied, ServerSilent, JavaUnusable: one of them does not start.
        """
        avoid: set[int] = set()
        chosen: list[Mapping[str, int]] = []
        # All before the first start: a port that is taken must cost nothing.
        for server in servers:
            kept = keep.get(server.name)
            chosen.append(choose(server.roles, self.settings, keep=kept, avoid=avoid))
            avoid.update(chosen[-1].values())
        waiting = [
            self._launch(server, ports, frozenset(avoid))
            for server, ports in zip(servers, chosen, strict=True)
        ]
        ready: list[ProcessRecord] = []
        while waiting:
            waiting = [later for launch in waiting if (later := self._look(launch, ready))]
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
            record = start(
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

    def _look(self, launch: _Launch, ready: list[ProcessRecord]) -> _Launch | None:
        """The launch as it goes on; None, and its record among the ready ones, once it answers."""
        record, server = launch.record, launch.server
        log = Path(record.log)
        if find(record) is None:
            return self._again(launch, log)
        # Another server may answer on a port that ours is about to fail on: ask, then look again.
        if server.answers(record.ports) and find(record) is not None:
            self.report(Step(f"{server.title} answers."))
            ready.append(record)
            return None
        if time.monotonic() > launch.deadline:
            said = last_lines(log, since=launch.since)
            raise ServerSilent(server.title, self.settings.start_seconds, log, said)
        return launch

    def _again(self, launch: _Launch, log: Path) -> _Launch:
        """Another try on other ports, if it was free ports that were lost."""
        server = launch.server
        said = last_lines(log, since=launch.since, count=200)
        lost = any(words in line.lower() for line in said for words in PORT_LOST)
        if lost:
            for role in server.roles:
                if (wanted := role.asked_for(self.settings)) and not is_free(wanted):
                    raise PortTaken(role.server, wanted, role.variable)
        if not lost or launch.tries == TRIES:
            raise ServerDied(server.title, exit_code(launch.record), log, said[-10:])
        self.report(Step(f"{server.title} lost a port to another program; trying others."))
        avoid = launch.avoid | set(launch.record.ports.values())
        ports = choose(server.roles, self.settings, avoid=avoid)
        return self._launch(server, ports, avoid, launch.tries + 1)
