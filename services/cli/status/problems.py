"""Latest problems: errors in the workers' logs, dead letters, and processes that have ended."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from services.cli.dead_letters.reader import DeadLetterEntry
from services.local.processes import last_lines
from services.local.state import ProcessStatus

# The end of a log, of which a few lines matter.
TAIL_BYTES = 64 * 1024
MAX_MESSAGE_CHARS = 300
# The Kafka client logs every restart of a broker as an error, and then recovers by itself.
CHATTY = "aiokafka"


def latest_problems(
    processes: Iterable[ProcessStatus], entries: Sequence[DeadLetterEntry], count: int
) -> list[dict[str, Any]]:
    """The newest problems first: ``time``, ``service`` and ``error`` of each."""
    problems = [
        {
            "time": entry.dead_letter.time or None,
            "service": entry.dead_letter.service or None,
            "error": f"dead letter {entry.ref}: {entry.dead_letter.reason}",
        }
        for entry in entries
    ]
    for process in processes:
        if "health" in process.ports:
            problems += log_errors(process.name, read_tail(Path(process.log)))
        if process.condition != "running":
            problems.append(_ended(process))
    # What has no time is a state that lasts: it comes first.
    return sorted(problems, key=lambda each: str(each["time"] or "~"), reverse=True)[:count]


def _ended(process: ProcessStatus) -> dict[str, Any]:
    """A process that has ended, and the last line of its log: as a rule that says why."""
    lines = last_lines(Path(process.log)) or [""]
    error = f"process {process.pid} has ended; its last line: {lines[-1][:MAX_MESSAGE_CHARS]}"
    return {"time": None, "service": process.name, "error": error}


def log_errors(name: str, log: bytes) -> list[dict[str, Any]]:
    """Errors among JSON log lines; lines that are something else are skipped."""
    found = []
    for line in log.splitlines():
        try:
            fields = json.loads(line)
        except ValueError:
            continue
        if not isinstance(fields, dict) or str(fields.get("logger")).startswith(CHATTY):
            continue
        if fields.get("level") in {"ERROR", "CRITICAL"}:
            message = str(fields.get("message", ""))[:MAX_MESSAGE_CHARS]
            found.append({"time": fields.get("time"), "service": name, "error": message})
    return found


def read_tail(log: Path) -> bytes:
    """Read the end of a log; empty if it cannot be read."""
    try:
        with log.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - TAIL_BYTES))
            return file.read()
    except OSError:
        return b""
