"""What went wrong last: errors in the workers' logs, and dead letters."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from services.cli.dead_letters.reader import Buried
from services.local.processes import last_lines
from services.local.state import ProcessStatus

# The end of a log, of which a few lines matter.
TAIL_BYTES = 64 * 1024
MAX_MESSAGE_CHARS = 300
# For the Kafka client every broker that starts or moves is an error, which it then gets over.
CHATTY = "aiokafka"


def last(
    processes: Iterable[ProcessStatus], letters: Sequence[Buried], count: int
) -> list[dict[str, Any]]:
    """The newest troubles first: ``time``, ``service`` and ``error`` of each."""
    troubles = [
        {
            "time": buried.letter.time or None,
            "service": buried.letter.service or None,
            "error": f"dead letter {buried.place}: {buried.letter.reason}",
        }
        for buried in letters
    ]
    for process in processes:
        if "health" in process.ports:
            troubles += errors(process.name, tail(Path(process.log)))
        if process.condition != "running":
            troubles.append(_death(process))
    # What has no time is a state that lasts: it comes first.
    return sorted(troubles, key=lambda each: str(each["time"] or "~"), reverse=True)[:count]


def _death(process: ProcessStatus) -> dict[str, Any]:
    """A process that is gone, and the last it wrote: as a rule that says why."""
    said = last_lines(Path(process.log)) or [""]
    error = f"process {process.pid} is gone; last words: {said[-1][:MAX_MESSAGE_CHARS]}"
    return {"time": None, "service": process.name, "error": error}


def errors(name: str, log: bytes) -> list[dict[str, Any]]:
    """The errors among JSON log lines; a line that is something else is passed over."""
    found = []
    for line in log.splitlines():
        try:
            told = json.loads(line)
        except ValueError:
            continue
        if not isinstance(told, dict) or str(told.get("logger")).startswith(CHATTY):
            continue
        if told.get("level") in {"ERROR", "CRITICAL"}:
            message = str(told.get("message", ""))[:MAX_MESSAGE_CHARS]
            found.append({"time": told.get("time"), "service": name, "error": message})
    return found


def tail(log: Path) -> bytes:
    """The end of a log; empty if there is none to be read."""
    try:
        with log.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - TAIL_BYTES))
            return file.read()
    except OSError:
        return b""
