"""Start processes that outlive this one, recognize them later, and end them within a deadline."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from services.local.state import Condition, ProcessRecord

# Creation times are in ticks of the system's clock, which may have been set right since.
SAME_SECONDS = 2.0
LAST_LINES = 10
# A Java trace of several causes is long, and its reason may stand first.
LAST_BYTES = 64 * 1024
LINE_CHARACTERS = 300
_JAVA_FRAME = re.compile(r"\s+(at [\w.$/<>@-]+\(|\.\.\. \d+ (more|common))")


def start_process(  # noqa: PLR0913 (a process has that many properties)
    name: str,
    command: Sequence[str],
    *,
    log: Path,
    folder: Path,
    environment: Mapping[str, str],
    ports: Mapping[str, int],
) -> ProcessRecord:
    """Start a process in a session of its own: no terminal's Ctrl-C reaches it.

    :raises OSError: the program is not there, cannot be run, or its log cannot be written.
    """
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603 (our own command, no shell)
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=dict(environment),
            start_new_session=True,
        )
    # It is meant to outlive us, of which Popen would complain; psutil reaps it where we do not go.
    process.returncode = 0
    try:
        created = psutil.Process(process.pid).create_time()
    except psutil.NoSuchProcess:
        created = time.time()
    return ProcessRecord(name, process.pid, created, dict(ports), str(log))


def find_process(record: ProcessRecord) -> psutil.Process | None:
    """Return the live process of a record; None if it ended or its pid is another program's now."""
    try:
        process = psutil.Process(record.pid)
        if not _same(process, record) or _has_ended(process):
            return None
    except psutil.NoSuchProcess:
        return None
    return process


def process_condition(record: ProcessRecord) -> Condition:
    """Tell whether a record's process runs, has ended, or its pid is another program's now."""
    if find_process(record) is not None:
        return "running"
    try:
        return "dead" if _same(psutil.Process(record.pid), record) else "stale"
    except psutil.NoSuchProcess:
        return "dead"


def exit_code(record: ProcessRecord) -> int | None:
    """Return the exit code of a child of ours, once; None if it is not known."""
    with suppress(ChildProcessError):
        pid, status = os.waitpid(record.pid, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status)
    return None


def send_signal(record: ProcessRecord, number: signal.Signals) -> bool:
    """Signal the process, if it is still ours; True if it was."""
    process = find_process(record)
    if process is None:
        return False
    with suppress(psutil.NoSuchProcess):
        process.send_signal(number)
        if process.status() == psutil.STATUS_STOPPED and number != signal.SIGSTOP:
            # A stopped process would never see the signal.
            process.resume()
    return True


def end_processes(
    records: Iterable[ProcessRecord], number: signal.Signals, seconds: float
) -> list[str]:
    """Signal all, wait for all in one span, then kill what is left, children included.

    Returns the names of those that had to be killed. Nothing that is not ours is touched.
    """
    ours = [record for record in records if send_signal(record, number)]
    families = {record.name: _family(record) for record in ours}
    deadline = time.monotonic() + seconds
    waiting = list(ours)
    while waiting and time.monotonic() < deadline:
        waiting = [record for record in waiting if find_process(record) is not None]
        if waiting:
            time.sleep(0.05)
    killed = [record.name for record in waiting]
    for record in ours:
        # A child may have been born since, or have been left by a parent that ended well.
        orphans = {*families[record.name], *_family(record)}
        _kill([process for process in orphans if process.is_running()])
        send_signal(record, signal.SIGKILL)
    gone_by = time.monotonic() + 5
    while time.monotonic() < gone_by and any(find_process(record) is not None for record in ours):
        time.sleep(0.02)
    for record in ours:
        exit_code(record)
    return killed


def end_orphans(record: ProcessRecord) -> None:
    """Kill what a dead process of ours left in its session."""
    exit_code(record)
    if not psutil.pid_exists(record.pid):
        # No pid is given out anew while a group of that number lives, so its members are ours.
        _kill(_family(record))


def last_lines(log: Path, *, since: int = 0, count: int = LAST_LINES) -> list[str]:
    """Return the last lines that were written to a log after byte ``since``; none without a log.

    Java's stack frames are left out: they would hide the reason.
    """
    try:
        with log.open("rb") as file:
            file.seek(max(since, log.stat().st_size - LAST_BYTES))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return []
    lines = (line for line in text.splitlines() if line.strip() and not _JAVA_FRAME.match(line))
    return [line[:LINE_CHARACTERS] for line in lines][-count:]


def _has_ended(process: psutil.Process) -> bool:
    """True for a process that only its parent still has to ask for.

    A killed Java server is called a zombie at once, while other threads of it hold its ports.
    """
    try:
        return process.status() == psutil.STATUS_ZOMBIE and process.num_threads() <= 1
    except psutil.ZombieProcess:
        return True


def _same(process: psutil.Process, record: ProcessRecord) -> bool:
    return abs(process.create_time() - record.created) <= SAME_SECONDS


def _family(record: ProcessRecord) -> set[psutil.Process]:
    """The processes of a record's group, and descendants that left it, without itself."""
    members: set[psutil.Process] = set()
    with suppress(psutil.NoSuchProcess):
        members.update(psutil.Process(record.pid).children(recursive=True))
    for process in psutil.process_iter():
        with suppress(ProcessLookupError, PermissionError):
            if process.pid != record.pid and os.getpgid(process.pid) == record.pid:
                members.add(process)
    return members


def _kill(processes: Iterable[psutil.Process]) -> None:
    processes = list(processes)
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(processes, timeout=5)
