"""Logging as JSON lines on standard error: a constant sentence, and fields that vary."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

# What a LogRecord has of itself; anything else on it was given as a field.
_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
# Client libraries repeat one line per request while a server is away, thousands a minute.
_REPEATED_SECONDS = 5.0


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, service, logger, message, then the fields."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        """One line, without its end."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "service": self._service,
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {name: value for name, value in vars(record).items() if name not in _OWN}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str, ensure_ascii=False)


class RepeatedLineFilter(logging.Filter):
    """Drops a client library's line that it logged less than five seconds ago."""

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """True to let the line through."""
        if record.name.startswith("services."):
            return True
        key = (record.name, str(record.msg)[:80])
        if record.created - self._last.get(key, 0.0) < _REPEATED_SECONDS:
            return False
        if len(self._last) > 1000:  # noqa: PLR2004 - no library has so many sentences
            self._last.clear()
        self._last[key] = record.created
        return True


def configure_logging(service: str, level: str) -> None:
    """Send all logging of this process to standard error as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(service))
    handler.addFilter(RepeatedLineFilter())
    logging.root.handlers[:] = [handler]
    logging.root.setLevel(logging.WARNING)
    logging.getLogger("services").setLevel(level)
