import json
from pathlib import Path

from services.cli.dead_letters.reader import DeadLetterEntry
from services.cli.status.problems import latest_problems, log_errors
from services.contracts.dead_letters import DeadLetter
from services.local.state import ProcessStatus


def line(level: str, message: str, logger: str = "services.ingest.worker") -> str:
    return json.dumps({"time": "2026-01-01", "level": level, "logger": logger, "message": message})


def worker(log: Path) -> ProcessStatus:
    return ProcessStatus("ingest-1", 1, "running", {"health": 1}, str(log))


def test_only_errors_are_errors() -> None:
    lines = [
        line("INFO", "a"),
        line("ERROR", "b"),
        "not JSON",
        "[]",
        line("ERROR", "c", "aiokafka"),
    ]
    log = "\n".join(lines).encode() + b"\n\xff\xfe"
    assert log_errors("ingest-1", log) == [
        {"time": "2026-01-01", "service": "ingest-1", "error": "b"}
    ]


def test_the_newest_come_first_and_a_dead_process_before_them(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text(line("ERROR", "old") + "\nthe last line\n")
    dead = ProcessStatus("index-1", 7, "dead", {"health": 1}, str(log))
    dead_letter = DeadLetter("ingest", "2026-02-01", "articles.raw", 0, 1, 1, "empty: no value")
    entry = DeadLetterEntry(1, "articles.raw.dead", 0, 3, 0, dead_letter)
    problems = latest_problems([worker(log), dead], [entry], 3)
    assert [each["error"] for each in problems] == [
        "process 7 has ended; its last line: the last line",
        "dead letter articles.raw.dead/0/3: empty: no value",
        "old",
    ]


def test_a_log_that_is_gone_is_no_problem(tmp_path: Path) -> None:
    assert latest_problems([worker(tmp_path / "gone")], [], 3) == []
