"""Records and articles with defaults, for tests that care about one field of them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from services.contracts.articles import AcceptedArticle, EnrichedArticle

ARRIVAL = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class FakeRecord:
    """A consumed record."""

    value: bytes | None
    offset: int = 0
    topic: str = "articles.test"
    partition: int = 0
    key: bytes | None = None
    headers: tuple[tuple[str, bytes], ...] = ()
    timestamp: int = int(ARRIVAL.timestamp() * 1000)


def accepted(number: int = 1, **fields: Any) -> AcceptedArticle:
    return AcceptedArticle.model_validate(_fields(number) | fields)


def enriched(number: int = 1, **fields: Any) -> EnrichedArticle:
    return EnrichedArticle.model_validate(_fields(number) | {"enriched_at": ARRIVAL} | fields)


def _fields(number: int) -> dict[str, Any]:
    return {
        "article_id": f"{number:032x}",
        "version": 1,
        "title": f"Title {number}",
        "text": f"Text of article {number}.",
        "received_at": ARRIVAL,
        "accepted_at": ARRIVAL,
        "word_count": 4,
    }
