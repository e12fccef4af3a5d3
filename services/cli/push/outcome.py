"""Decide what became of each pushed record: stored, superseded, or a dead letter. Pure.

A record is known by its place in ``articles.raw`` and, as ingest is deterministic, by the id and
version of the article that it becomes.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from aiokafka.structs import RecordMetadata

from services.cli.push.splitters import RawRecord
from services.contracts.dead_letters import DeadLetterRef
from services.contracts.errors import ContractViolation
from services.contracts.identity import unpack_version
from services.contracts.timestamps import format_utc
from services.contracts.topics import MAX_RECORD_BYTES
from services.ingest.acceptance import accept

# No ingest worker can be set to accept more (see IngestSettings).
MAX_ARTICLE_BYTES = MAX_RECORD_BYTES // 4
# All are counted, and so many of each kind are named.
NAMED = 100
NO_VERSION = -1


class Receipt(NamedTuple):
    """An acknowledged record: its origin, its place in the topic, its article and version.

    ``article_id`` is 16 bytes, or none where the record is no article.
    """

    place: str
    partition: int
    offset: int
    article_id: bytes = b""
    version: int = NO_VERSION

    @classmethod
    def of(cls, record: RawRecord, metadata: RecordMetadata) -> "Receipt":
        """Accept the record as ingest will, at the broker's time of arrival."""
        where = (record.place, metadata.partition, metadata.offset)
        arrival = datetime.fromtimestamp(max(metadata.timestamp or 0, 0) / 1000, UTC)
        try:
            article = accept(
                record.value, arrival=arrival, now=arrival, max_article_bytes=MAX_ARTICLE_BYTES
            )
        except ContractViolation:
            return cls(*where)
        return cls(*where, bytes.fromhex(article.article_id), article.version)


class FoundDeadLetter(NamedTuple):
    """A dead letter that is about one of the pushed records."""

    ref: DeadLetterRef
    reason: str


@dataclass(frozen=True, slots=True)
class FoundDeadLetters:
    """Dead letters by what identifies the record that they are about.

    :param by_offset: partition and offset of the raw record.
    :param by_version: article id and version; versions of one article may die more than once.
    :param by_article: article id, where the version cannot be read.
    """

    by_offset: dict[tuple[int, int], FoundDeadLetter] = field(default_factory=dict)
    by_version: defaultdict[tuple[bytes, int], list[FoundDeadLetter]] = field(
        default_factory=lambda: defaultdict(list)
    )
    by_article: defaultdict[bytes, list[FoundDeadLetter]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def take(self, receipt: Receipt) -> FoundDeadLetter | None:
        """Return the dead letter of a record, if there is one; each is returned once."""
        if letter := self.by_offset.pop((receipt.partition, receipt.offset), None):
            return letter
        if letters := self.by_version.get((receipt.article_id, receipt.version)):
            return letters.pop(0)
        return None


@dataclass(slots=True)
class NamedRecords:
    """How many records there are of one outcome, and the first of them as JSON objects."""

    count: int = 0
    named: list[dict[str, Any]] = field(default_factory=list)

    def add(self, **record: Any) -> None:  # noqa: ANN401 - whatever JSON can say
        """Count a record."""
        self.count += 1
        if len(self.named) < NAMED:
            self.named.append(record)


@dataclass(slots=True)
class PushOutcome:
    """The outcomes of all acknowledged records; each counts exactly once.

    ``unfinished`` are those that were under way when the time was over; ``unknown`` those that
    have passed every worker and left neither a document nor a dead letter.
    """

    finished: bool = True
    stored: int = 0
    superseded: NamedRecords = field(default_factory=NamedRecords)
    dead: NamedRecords = field(default_factory=NamedRecords)
    unknown: NamedRecords = field(default_factory=NamedRecords)
    unfinished: NamedRecords = field(default_factory=NamedRecords)

    def to_json(self) -> dict[str, Any]:
        """Return what ``newsline push --wait --json`` prints as ``outcome``."""
        groups = {
            "superseded": self.superseded,
            "dead": self.dead,
            "unknown": self.unknown,
            "unfinished": self.unfinished,
        }
        counts = {name: group.count for name, group in groups.items()}
        named = {f"{name}_records": group.named for name, group in groups.items()}
        return {"finished": self.finished, "stored": self.stored, **counts, **named}


def decide_outcome(
    receipts: Iterable[Receipt],
    dead_letters: FoundDeadLetters,
    stored_versions: Mapping[bytes, int],
    *,
    finished: bool,
) -> PushOutcome:
    """Give every record its one outcome.

    :param stored_versions: of the articles that the index has, by id.
    :param finished: every record has passed all workers.
    """
    outcome = PushOutcome(finished)
    alive: list[Receipt] = []
    for receipt in receipts:
        if letter := dead_letters.take(receipt):
            _add_dead(outcome, receipt, letter)
        else:
            alive.append(receipt)
    # Of records of one version only one becomes the document.
    last = {(receipt.article_id, receipt.version): receipt for receipt in alive}
    for receipt in alive:
        stored = stored_versions.get(receipt.article_id, NO_VERSION)
        same = last[receipt.article_id, receipt.version]
        if not receipt.article_id or stored < receipt.version:
            if letters := dead_letters.by_article.get(receipt.article_id):
                _add_dead(outcome, receipt, letters.pop(0))
            else:
                (outcome.unknown if finished else outcome.unfinished).add(place=receipt.place)
        elif stored > receipt.version:
            newer = last.get((receipt.article_id, stored))
            by = f"by {newer.place}" if newer else f"by {describe_version(stored, receipt.version)}"
            outcome.superseded.add(place=receipt.place, how=by)
        elif same is not receipt:
            twice = same.place == receipt.place
            how = "pushed twice" if twice else f"same version as {same.place}"
            outcome.superseded.add(place=receipt.place, how=how)
        else:
            outcome.stored += 1
    # When the time is over, what is under way may be others' records alone.
    outcome.finished = finished or not outcome.unfinished.count
    return outcome


def describe_version(version: int, than: int) -> str:
    """Name a stored version by what makes it newer than another one."""
    stored, other = unpack_version(version), unpack_version(than)
    if stored.killed:
        return "a kill notice"
    claimed = stored.claimed_seconds > other.claimed_seconds
    seconds = stored.claimed_seconds if claimed else stored.arrival_seconds
    moment = format_utc(datetime.fromtimestamp(seconds, UTC), "seconds")
    return f"the version of {moment}" if claimed else f"a version that arrived at {moment}"


def _add_dead(outcome: PushOutcome, receipt: Receipt, letter: FoundDeadLetter) -> None:
    outcome.dead.add(place=receipt.place, dead_letter=str(letter.ref), reason=letter.reason)
