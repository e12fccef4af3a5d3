"""What a worker costs the machine."""

import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.support.pipeline import Worker


@dataclass(frozen=True, slots=True)
class Usage:
    """Processor seconds and resident bytes of a worker and its children since a moment."""

    worker: Worker
    started: float = field(default_factory=time.monotonic)
    seconds_before: float = 0.0

    @classmethod
    def of(cls, worker: Worker) -> "Usage":
        return cls(worker, seconds_before=_seconds(worker))

    @property
    def processor_share(self) -> float:
        """Of one core, since this was made."""
        spent = _seconds(self.worker) - self.seconds_before
        return spent / (time.monotonic() - self.started)


def resident_bytes(worker: Worker) -> int:
    return sum(process.memory_info().rss for process in _family(worker))


def peak_bytes(worker: Worker) -> int:
    """The most that the process itself has held."""
    status = Path(f"/proc/{worker.process.pid}/status").read_text("utf-8")
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024


def report(measured: str) -> None:
    """Say a number that nothing depends on; ``pytest -rP`` shows it."""
    sys.stdout.write(measured + "\n")


def _seconds(worker: Worker) -> float:
    return sum(sum(process.cpu_times()[:2]) for process in _family(worker))


def _family(worker: Worker) -> list[psutil.Process]:
    process = psutil.Process(worker.process.pid)
    return [process, *process.children(recursive=True)]
