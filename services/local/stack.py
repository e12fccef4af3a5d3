"""Start and stop the whole stack, or each of its processes by name."""

import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from services.local import processes
from services.local.errors import StackError
from services.local.home import Home
from services.local.java import toolchain
from services.local.launcher import Launcher
from services.local.progress import Report, Step, ignore_steps
from services.local.registry import register_home, unregister_home
from services.local.servers.elasticsearch import ElasticsearchServer
from services.local.servers.kafka import KafkaServer
from services.local.servers.server import Server
from services.local.servers.worker import WorkerProcess, worker_name
from services.local.settings import SERVICES, Overrides, Service, StackSettings
from services.local.state import ELASTICSEARCH, KAFKA, ProcessRecord, ProcessStatus, StackState

# Of the time for going down, what is kept for the servers when workers use all they may.
SERVERS_SHARE = 0.4


@dataclass(frozen=True, slots=True)
class DownReport:
    """Names of the processes that ended by themselves, had to be killed, or were gone before."""

    ended: tuple[str, ...] = ()
    killed: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()


class LocalStack:
    """The stack of one home folder.

    Every call reads the folder anew, so several programs may hold one; a lock there keeps their
    changes apart. Whatever goes wrong is a ``StackError`` with words for a person.
    """

    def __init__(
        self, settings: StackSettings | None = None, overrides: Overrides | None = None
    ) -> None:
        self.settings = settings or StackSettings()
        self.overrides = overrides or Overrides()
        self.home = Home(self.settings.home_path)

    def state(self) -> StackState:
        """Return what was started and not taken down (see ``processes``: it may have ended)."""
        return self.home.load()

    def processes(self) -> list[ProcessStatus]:
        """Return the present condition of every process that was started and not taken down."""
        return [
            ProcessStatus(r.name, r.pid, processes.process_condition(r), r.ports, r.log)
            for r in self.state().processes.values()
        ]

    def up(
        self,
        report: Report = ignore_steps,
        *,
        workers: bool = True,
        before_workers: Callable[[StackState], None] | None = None,
    ) -> StackState:
        """Start what does not run, and return when all of it answers.

        What runs already is left alone, and what has died is started again on its data.
        ``before_workers`` is called once the servers answer: for topics and index templates. If
        anything fails, what this call has started is stopped again.
        """
        with self._changing(report):
            self._forget_dead(report)
            with self._undone_on_failure(report):
                self._start_servers((ELASTICSEARCH, KAFKA), report)
                if before_workers is not None:
                    before_workers(self.state())
                if workers:
                    self._start_workers([(service, 1) for service in SERVICES], {}, report)
            return self.state()

    def down(self, *, wipe: bool = False, report: Report = ignore_steps) -> DownReport:
        """Stop everything, workers first, within ``stop_seconds``; then kill what is left.

        The data stay, unless ``wipe``: then all that the stack made is removed. Nothing running,
        or no stack at all, is fine.

        :raises HomeUnusable: to be wiped, but no stack's home.
        """
        if not self.home.exists:
            if wipe and self.home.path.exists():
                self.home.wipe()
            return DownReport()
        with self._changing(report):
            records = list(self.state().processes.values())
            running = [r for r in records if processes.find_process(r) is not None]
            killed = self._end_all(running, report)
            for record in records:
                processes.end_orphans(record)
            self.home.save(StackState())
            unregister_home(self.home)
            if wipe:
                self.home.wipe()
                report(Step(f"Removed the data in {self.home.path}."))
        names = [r.name for r in running]
        return DownReport(
            ended=tuple(name for name in names if name not in killed),
            killed=tuple(killed),
            gone=tuple(r.name for r in records if r.name not in names),
        )

    def start(self, name: str, report: Report = ignore_steps) -> ProcessRecord:
        """Start Kafka or Elasticsearch (``"kafka"``, ``"elasticsearch"``) unless it runs.

        Once started in this stack, it keeps its data and its ports, so that clients find it again.
        """
        with self._changing(report), self._undone_on_failure(report):
            self._start_servers((name,), report)
            return self.state().processes[name]

    def start_worker(
        self,
        service: Service,
        instance: int = 1,
        extra_env: Mapping[str, str] | None = None,
        report: Report = ignore_steps,
    ) -> ProcessRecord:
        """Start the n-th process of a service unless it runs. The servers must be there."""
        with self._changing(report), self._undone_on_failure(report):
            self._start_workers([(service, instance)], extra_env or {}, report)
            return self.state().processes[worker_name(service, instance)]

    def stop(self, name: str, number: signal.Signals = signal.SIGTERM) -> bool:
        """End one process by a signal, and wait until it is gone; False if it did not run.

        It stays in the state as dead, so that ``start`` and ``up`` know where it was.
        """
        with self._changing(ignore_steps):
            record = self.state().processes.get(name)
            if record is None or processes.find_process(record) is None:
                return False
            processes.end_processes([record], number, self.settings.stop_seconds)
            return True

    def stop_worker(
        self, service: Service, instance: int = 1, number: signal.Signals = signal.SIGTERM
    ) -> bool:
        """``stop`` for the n-th process of a service."""
        return self.stop(worker_name(service, instance), number)

    def send(self, name: str, number: signal.Signals) -> bool:
        """Signal one process and do not wait, as for SIGSTOP and SIGCONT; False if it is gone."""
        record = self.state().processes.get(name)
        return record is not None and processes.send_signal(record, number)

    def _start_servers(self, names: tuple[str, ...], report: Report) -> None:
        state = self.state()
        missing = [name for name in names if not self._runs(state.processes.get(name))]
        if not missing:
            return
        cache = toolchain.cache_folder(self.settings.cache)
        tools = toolchain.prepare_toolchain(cache, report)
        kinds: dict[str, Callable[..., Server]] = {
            KAFKA: KafkaServer,
            ELASTICSEARCH: ElasticsearchServer,
        }
        servers = [kinds[name](self.home, self.settings, self.overrides, tools) for name in missing]
        self._launch(servers, report)

    def _start_workers(
        self, wanted: list[tuple[Service, int]], extra: Mapping[str, str], report: Report
    ) -> None:
        state = self.state()
        if state.bootstrap_servers is None or state.elasticsearch_url is None:
            raise StackError("The servers of this stack were not started.", "Start them first.")
        missing = [
            WorkerProcess(service, instance, state, self.overrides, extra)
            for service, instance in wanted
            if not self._runs(state.processes.get(worker_name(service, instance)))
        ]
        self._launch(missing, report)

    def _launch(self, servers: Sequence[Server], report: Report) -> None:
        def remember(record: ProcessRecord) -> None:
            # Before it answers: a command that is killed now must leave no process unknown.
            self.home.save(self.state().with_process(record))
            register_home(self.home)

        keep = {name: record.ports for name, record in self.state().processes.items()}
        launcher = Launcher(self.home, self.settings, report, remember)
        launcher.start_all(servers, keep)

    def _forget_dead(self, report: Report) -> None:
        """Clean up after processes that died. With nothing left alive, old ports do not bind."""
        state = self.state()
        dead = [r for r in state.processes.values() if not self._runs(r)]
        for record in dead:
            report(Step(f"{record.name} (process {record.pid}) is gone; cleaning up after it."))
            processes.end_orphans(record)
        if dead and len(dead) == len(state.processes):
            self.home.save(StackState())

    def _end_all(self, running: list[ProcessRecord], report: Report) -> list[str]:
        deadline = time.monotonic() + self.settings.stop_seconds
        servers = [r for r in running if r.name in {KAFKA, ELASTICSEARCH}]
        workers = [r for r in running if r not in servers]
        killed: list[str] = []
        for records, kept in ((workers, SERVERS_SHARE), (servers, 0.0)):
            if not records:
                continue
            report(Step(f"Stopping {', '.join(r.name for r in records)}…"))
            seconds = deadline - kept * self.settings.stop_seconds - time.monotonic()
            killed += processes.end_processes(records, signal.SIGTERM, seconds)
        for name in killed:
            report(Step(f"{name} did not end in time and was killed."))
        return killed

    @contextmanager
    def _undone_on_failure(self, report: Report) -> Iterator[None]:
        before = self.state()
        try:
            yield
        except BaseException:
            # Ctrl-C too: nothing may be left behind that its user does not expect.
            started = [
                r for r in self.state().processes.values() if r not in before.processes.values()
            ]
            self._end_all([r for r in started if self._runs(r)], report)
            self.home.save(before)
            raise

    @contextmanager
    def _changing(self, report: Report) -> Iterator[None]:
        self.home.prepare()
        # A first start downloads while it holds the lock.
        wait = self.settings.start_seconds + toolchain.DOWNLOAD_WAIT_SECONDS
        with self.home.locked(wait, report):
            self.home.prepare()
            yield

    @staticmethod
    def _runs(record: ProcessRecord | None) -> bool:
        return record is not None and processes.find_process(record) is not None
