"""Dead letters for tests that care about one field of them."""

from services.cli.dead_letters.reader import Buried, Exhumed
from services.contracts.dead_letters import DeadLetter

TOPIC = "articles.raw.dead"


def buried(  # noqa: PLR0913 - each field by its name
    offset: int = 0,
    *,
    code: str = "no_text",
    attempt: int = 1,
    topic: str = TOPIC,
    ms: int = 1000,
    size: int = 10,
) -> Buried:
    letter = DeadLetter("ingest", "2026-01-02T03:04:05.678Z", "t", 1, 7, attempt, f"{code}: why")
    return Buried(ms, topic, 0, offset, size, letter)


def exhumed(offset: int = 0, value: bytes | None = b"value") -> Exhumed:
    size = len(value or b"")
    one = buried(offset, size=size)
    return Exhumed(one, b"key", value, one.letter.headers())
