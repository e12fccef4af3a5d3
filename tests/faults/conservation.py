"""The oracle of every fault: pushed = indexed + dead-lettered + superseded, by id and version."""

import itertools
import json
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from services.contracts.dead_letters import DeadLetter
from services.contracts.errors import ContractViolation
from services.contracts.topics import ACCEPTED, ENRICHED, MIB, RAW
from services.ingest.acceptance import accept
from services.ingest.worker import first_arrival_ms
from tests.support.pipeline import Pipeline


@dataclass(frozen=True, slots=True)
class Balance:
    """What became of the records of ``articles.raw``."""

    pushed: int
    indexed: int
    superseded: int
    dead: int


def article(number: int, version: int = 0, *, source: str = "load", words: int = 8) -> bytes:
    """A version of an article; a later one claims a later day and may have moved to it."""
    text = f"Report {number} of the committee was discussed in Geneva. "
    return json.dumps(
        {
            "source": source,
            "id": str(number),
            "title": f"Report {number}, version {version}",
            "text": text * max(words // 9, 1),
            # A correction in seven moves the article to the next month.
            "published_at": f"2025-{(number + (version if number % 7 == 0 else 0)) % 12 + 1:02}-01",
            "updated_at": f"2026-01-{version + 1:02}T00:00:00Z",
        }
    ).encode()


def articles(count: int, *, corrected: int = 0, source: str = "load") -> list[bytes]:
    """``count`` articles, the first ``corrected`` of them in three versions, out of order."""
    versions = [range(count), range(corrected), range(corrected)]
    waves = [
        [article(number, version, source=source) for number in numbers]
        for version, numbers in zip((1, 2, 0), versions, strict=True)
    ]
    return list(itertools.chain.from_iterable(waves))


async def conserved(pipe: Pipeline, pushed: Collection[bytes | None]) -> Balance:
    """Compare every record of ``articles.raw`` with the index and the dead letters.

    What a record should have become is said by the pure part of ingest, which has tests of its own.
    """
    raw = await pipe.records(pipe.topic(RAW).name)
    assert not Counter(pushed) - Counter(record.value for record in raw), "lost before the door"
    newest: dict[str, int] = {}
    refused: dict[tuple[int, int], bytes | None] = {}
    for record in raw:
        arrival = datetime.fromtimestamp(first_arrival_ms(record) / 1000, UTC)
        try:
            said = accept(record.value, arrival=arrival, now=arrival, max_article_bytes=MIB)
        except ContractViolation:
            refused[record.partition, record.offset] = record.value
        else:
            newest[said.article_id] = max(said.version, newest.get(said.article_id, 0))
    # A letter may have been written twice: a killed worker repeats its batch.
    told = [(DeadLetter.from_headers(letter.headers), letter) for letter in await pipe.dead(RAW)]
    letters = {(said.partition, said.offset): letter.value for said, letter in told}
    _same("dead letters", refused.items(), letters.items())
    # Two documents of one id fail in here.
    documents = await pipe.documents(everything=True)
    stored = {key: int(document["version"]) for key, document in documents.items()}
    _same("documents and versions", newest.items(), stored.items())
    for topic in (ACCEPTED, ENRICHED):
        assert not await pipe.dead(topic), f"dead letters of {topic.name}"
    superseded = len(raw) - len(refused) - len(newest)
    return Balance(len(raw), len(stored), superseded, len(refused))


def _same(what: str, expected: Iterable[object], found: Iterable[object]) -> None:
    missing, extra = set(expected) - set(found), set(found) - set(expected)
    # A few: thousands would take minutes to print.
    words = f"missing {[*missing][:3]}, not expected {[*extra][:3]}"
    assert not missing | extra, f"{what}: {len(missing)} missing, {len(extra)} extra: {words}"
