"""Processes of our own, told from strangers; real ones, as small as can be."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from services.local import processes
from services.local.state import ProcessRecord
from tests.support.processes import runs

Start = Callable[..., ProcessRecord]
SLEEP = "import time; time.sleep(60)"
DEAF = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); {SLEEP}"  # noqa: E501 (one program)
PARENT = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {SLEEP!r}]); print('parent', flush=True); {SLEEP}"  # noqa: E501 (one program)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    records: list[ProcessRecord] = []

    def start_python(program: str, name: str = "worker") -> ProcessRecord:
        log = tmp_path / f"{name}.log"
        record = processes.start_process(
            name,
            [sys.executable, "-c", program],
            log=log,
            folder=tmp_path,
            environment=os.environ,
            ports={},
        )
        records.append(record)
        return record

    yield start_python
    processes.end_processes(records, signal.SIGKILL, 5)


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def said(record: ProcessRecord) -> str:
    return Path(record.log).read_text(encoding="utf-8")


def test_a_running_process_is_found_and_ended(start: Start) -> None:
    record = start(SLEEP)
    assert processes.process_condition(record) == "running"

    assert processes.end_processes([record], signal.SIGTERM, 10) == []

    assert processes.process_condition(record) == "dead"
    assert not psutil.pid_exists(record.pid)


def test_a_pid_that_passed_to_a_stranger_is_never_signalled(start: Start) -> None:
    """
    Another creation time is another process: it is stale, and stays alive.
    """
    record = start(SLEEP)
    stale = replace(record, created=record.created - 3600)

    assert processes.process_condition(stale) == "stale"
    assert processes.find_process(stale) is None
    assert not processes.send_signal(stale, signal.SIGKILL)
    assert processes.end_processes([stale], signal.SIGKILL, 1) == []
    processes.end_orphans(stale)

    assert processes.process_condition(record) == "running"


def test_a_process_that_does_not_listen_is_killed_and_named(start: Start) -> None:
    deaf, other = start(DEAF, "deaf"), start(SLEEP, "other")
    until(lambda: "deaf" in said(deaf))

    assert processes.end_processes([deaf, other], signal.SIGTERM, 0.5) == ["deaf"]

    assert processes.process_condition(deaf) == "dead"
    assert processes.process_condition(other) == "dead"


def test_children_end_with_their_parent(start: Start) -> None:
    record = start(PARENT)
    until(lambda: "parent" in said(record))
    (child,) = psutil.Process(record.pid).children()

    processes.end_processes([record], signal.SIGTERM, 5)

    assert not runs(child.pid)


def test_children_of_a_parent_that_died_alone_are_found(start: Start) -> None:
    record = start(PARENT)
    until(lambda: "parent" in said(record))
    (child,) = psutil.Process(record.pid).children()
    os.kill(record.pid, signal.SIGKILL)
    until(lambda: processes.find_process(record) is None)

    processes.end_orphans(record)

    until(lambda: not runs(child.pid))


def test_a_stopped_process_can_be_ended(start: Start) -> None:
    record = start(SLEEP)
    processes.send_signal(record, signal.SIGSTOP)
    until(lambda: psutil.Process(record.pid).status() == psutil.STATUS_STOPPED)

    assert processes.end_processes([record], signal.SIGTERM, 10) == []


def test_how_a_process_ended_is_known(start: Start) -> None:
    record = start("raise SystemExit(3)")
    until(lambda: processes.find_process(record) is None)

    assert processes.exit_code(record) == 3
    assert processes.exit_code(record) is None


def test_the_end_of_a_log_is_its_last_lines_since_a_start(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("earlier\n", encoding="utf-8")
    since = log.stat().st_size
    with log.open("a", encoding="utf-8") as file:
        file.writelines(f"line {number}\n\n" for number in range(20))

    assert processes.last_lines(log, since=since)[0] == "line 10"
    assert len(processes.last_lines(log, since=since, count=100)) == 20
    assert processes.last_lines(tmp_path / "none") == []


def test_a_java_trace_does_not_hide_its_reason(tmp_path: Path) -> None:
    log = tmp_path / "log"
    frames = [f"\tat org.elasticsearch.Node.<init>(Node.java:{n}) ~[?:?]" for n in range(60)]
    reason = "java.lang.IllegalArgumentException: unknown setting [x]"
    cause = "Caused by: java.io.IOException: no"
    lines = ["[INFO] starting", reason, *frames, cause, *frames, "\t... 9 more"]
    log.write_text("\n".join(lines), encoding="utf-8")

    assert processes.last_lines(log) == ["[INFO] starting", reason, cause]
