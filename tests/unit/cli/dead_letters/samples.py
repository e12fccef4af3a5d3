"""Dead letters for tests that care about one field of them."""

from services.cli.dead_letters.reader import DeadLetterEntry, DeadLetterRecord
from services.contracts.dead_letters import DeadLetter

TOPIC = "articles.raw.dead"


def entry(  # noqa: PLR0913 - each field by its name
    offset: int = 0,
    *,
    code: str = "no_text",
    attempt: int = 1,
    topic: str = TOPIC,
    ms: int = 1000,
    size: int = 10,
) -> DeadLetterEntry:
    dead = DeadLetter("ingest", "2026-01-02T03:04:05.678Z", "t", 1, 7, attempt, f"{code}: why")
    return DeadLetterEntry(ms, topic, 0, offset, size, dead)


def record(offset: int = 0, value: bytes | None = b"value") -> DeadLetterRecord:
    one = entry(offset, size=len(value or b""))
    return DeadLetterRecord(one, b"key", value, one.dead_letter.headers())
