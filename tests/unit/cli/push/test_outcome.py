"""Every acknowledged record has exactly one outcome."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from aiokafka import TopicPartition
from aiokafka.structs import RecordMetadata
from hypothesis import given
from hypothesis import strategies as st

from services.cli.push.outcome import (
    NAMED,
    FoundDeadLetter,
    FoundDeadLetters,
    PushOutcome,
    Receipt,
    decide_outcome,
)
from services.cli.push.run import exit_code
from services.cli.push.sender import PushSummary
from services.cli.push.splitters import RawRecord, RefusedRecord
from services.cli.support.errors import ExitCode
from services.contracts import identity
from services.contracts.dead_letters import DeadLetterRef
from services.ingest.acceptance import accept

ARTICLE, OTHER = b"a" * 16, b"b" * 16
LETTER = FoundDeadLetter(DeadLetterRef("articles.raw.dead", 0, 17), "no_text: none")


def metadata(partition: int, offset: int, timestamp: int = 1_750_000_000_999) -> RecordMetadata:
    topic = TopicPartition("articles.raw", partition)
    return RecordMetadata("articles.raw", partition, topic, offset, timestamp, 1, 0)


def receipts(*versions: tuple[bytes, int]) -> list[Receipt]:
    return [
        Receipt(f"a.ndjson:{number}", 0, number, article_id, version)
        for number, (article_id, version) in enumerate(versions, start=1)
    ]


def version(claimed: int, arrival: int = 1_750_000_000, *, killed: bool = False) -> int:
    return identity.version(claimed_seconds=claimed, arrival_seconds=arrival, killed=killed)


def test_a_receipt_knows_the_article_as_ingest_will() -> None:
    value = b'{"source": "s", "id": "1", "text": "a", "updated_at": "2025-01-02T03:04:05Z"}'
    arrival = datetime.fromtimestamp(1_750_000_000.999, UTC)
    article = accept(value, arrival=arrival, now=arrival, max_article_bytes=1000)

    receipt = Receipt.of(RawRecord("a:1", value), metadata(3, 7))

    assert receipt == ("a:1", 3, 7, bytes.fromhex(article.article_id), article.version)


def test_a_receipt_of_no_article_knows_its_place_alone() -> None:
    assert Receipt.of(RawRecord("a:1", b"{"), metadata(3, 7)) == ("a:1", 3, 7, b"", -1)


def test_a_record_whose_version_is_stored_is_stored() -> None:
    outcome = decide_outcome(
        receipts((ARTICLE, 5)), FoundDeadLetters(), {ARTICLE: 5}, finished=True
    )

    assert (outcome.stored, outcome.to_json()["superseded"]) == (1, 0)


def test_two_versions_in_one_push_are_one_document() -> None:
    both = receipts((ARTICLE, 9), (ARTICLE, 5))

    outcome = decide_outcome(both, FoundDeadLetters(), {ARTICLE: 9}, finished=True)

    assert outcome.stored == 1
    assert outcome.superseded.named == [{"place": "a.ndjson:2", "how": "by a.ndjson:1"}]


def test_two_records_of_one_version_are_one_document() -> None:
    both = receipts((ARTICLE, 5), (ARTICLE, 5))

    outcome = decide_outcome(both, FoundDeadLetters(), {ARTICLE: 5}, finished=True)

    assert outcome.stored == 1
    assert outcome.superseded.named == [
        {"place": "a.ndjson:1", "how": "same version as a.ndjson:2"}
    ]


@pytest.mark.parametrize(
    ("stored", "how"),
    [
        (version(1_800_000_000), "by the version of 2027-01-15T08:00:00Z"),
        (version(10, 1_760_000_000), "by a version that arrived at 2025-10-09T08:53:20Z"),
        (version(0, killed=True), "by a kill notice"),
    ],
)
def test_what_superseded_a_record_is_named(stored: int, how: str) -> None:
    older = receipts((ARTICLE, version(10)))

    outcome = decide_outcome(older, FoundDeadLetters(), {ARTICLE: stored}, finished=True)

    assert outcome.superseded.named == [{"place": "a.ndjson:1", "how": how}]


def test_a_raw_dead_letter_is_found_by_its_offset() -> None:
    letters = FoundDeadLetters(by_offset={(0, 2): LETTER})

    outcome = decide_outcome(
        receipts((ARTICLE, 5), (b"", -1)), letters, {ARTICLE: 5}, finished=True
    )

    assert (outcome.stored, outcome.dead.named) == (
        1,
        [
            {
                "place": "a.ndjson:2",
                "dead_letter": "articles.raw.dead/0/17",
                "reason": "no_text: none",
            }
        ],
    )


def test_a_later_dead_letter_is_that_of_its_version_alone() -> None:
    """The newer version died, the older one is stored."""
    letters = FoundDeadLetters()
    letters.by_version[ARTICLE, 9].append(LETTER)

    outcome = decide_outcome(
        receipts((ARTICLE, 5), (ARTICLE, 9)), letters, {ARTICLE: 5}, finished=True
    )

    assert (outcome.stored, outcome.dead.named[0]["place"]) == (1, "a.ndjson:2")


def test_a_dead_letter_is_that_of_one_record() -> None:
    letters = FoundDeadLetters()
    letters.by_version[ARTICLE, 5].append(LETTER)

    outcome = decide_outcome(
        receipts((ARTICLE, 5), (ARTICLE, 5)), letters, {ARTICLE: 5}, finished=True
    )

    assert (outcome.stored, outcome.dead.count) == (1, 1)


def test_a_dead_letter_of_an_unreadable_version_explains_what_nothing_else_does() -> None:
    letters = FoundDeadLetters()
    letters.by_article[ARTICLE].append(LETTER)

    outcome = decide_outcome(
        receipts((ARTICLE, 5), (ARTICLE, 9)), letters, {ARTICLE: 5}, finished=True
    )

    assert (outcome.stored, outcome.dead.named[0]["place"]) == (1, "a.ndjson:2")


@pytest.mark.parametrize("finished", [True, False])
def test_what_left_no_trace_is_unknown_or_unfinished(*, finished: bool) -> None:
    lost = receipts((ARTICLE, 5), (b"", -1), (OTHER, 5))

    outcome = decide_outcome(lost, FoundDeadLetters(), {OTHER: 4}, finished=finished)

    group = outcome.unknown if finished else outcome.unfinished
    assert (group.count, outcome.stored) == (3, 0)
    assert exit_code(PushSummary(), outcome) is ExitCode.UNFINISHED


KNOWN = st.lists(st.tuples(st.sampled_from([ARTICLE, OTHER, b""]), st.integers(0, 3)), max_size=8)
STORED = st.dictionaries(st.sampled_from([ARTICLE, OTHER]), st.integers(0, 3))


def test_a_time_that_was_over_is_no_matter_where_all_is_known() -> None:
    """What is under way still may be others' records alone."""
    known, unknown = receipts((ARTICLE, 7)), receipts((ARTICLE, 7), (OTHER, 7))

    assert decide_outcome(known, FoundDeadLetters(), {ARTICLE: 7}, finished=False).finished
    assert not decide_outcome(unknown, FoundDeadLetters(), {ARTICLE: 7}, finished=False).finished


def test_a_record_that_is_superseded_by_itself_was_pushed_twice() -> None:
    (once,) = receipts((ARTICLE, 7))
    again = once._replace(offset=2)

    outcome = decide_outcome([once, again], FoundDeadLetters(), {ARTICLE: 7}, finished=True)

    assert outcome.stored == 1
    assert outcome.superseded.named == [{"place": "a.ndjson:1", "how": "pushed twice"}]


@given(
    pushed=KNOWN,
    dead=KNOWN,
    stored=STORED,
    refused=st.sets(st.integers(1, 8)),
    finished=st.booleans(),
)
def test_every_record_counts_once(
    pushed: Sequence[tuple[bytes, int]],
    dead: Sequence[tuple[bytes, int]],
    stored: dict[bytes, int],
    refused: set[int],
    *,
    finished: bool,
) -> None:
    letters = FoundDeadLetters(by_offset={(0, offset): LETTER for offset in refused})
    for each in dead:
        letters.by_version[each].append(LETTER)

    told = decide_outcome(receipts(*pushed), letters, stored, finished=finished).to_json()

    kinds = ("stored", "superseded", "dead", "unknown", "unfinished")
    assert sum(told[kind] for kind in kinds) == len(pushed)
    assert told["unfinished" if finished else "unknown"] == 0
    json.dumps(told)


def test_all_are_counted_and_the_first_are_named() -> None:
    many = [Receipt(f"a:{number}", 0, number) for number in range(3 * NAMED)]

    told = decide_outcome(many, FoundDeadLetters(), {}, finished=True).to_json()

    assert (told["unknown"], len(told["unknown_records"])) == (3 * NAMED, NAMED)


def outcome(*, finished: bool = True, dead: int = 0, unknown: int = 0) -> PushOutcome:
    made = PushOutcome(finished)
    for _ in range(dead):
        made.dead.add(place="a")
    for _ in range(unknown):
        made.unknown.add(place="a")
    return made


@pytest.mark.parametrize(
    ("made", "refused", "code"),
    [
        (None, 0, ExitCode.DONE),
        (None, 1, ExitCode.REFUSED),
        (outcome(), 0, ExitCode.DONE),
        (outcome(), 1, ExitCode.REFUSED),
        (outcome(dead=1), 0, ExitCode.REFUSED),
        (outcome(dead=1, unknown=1), 0, ExitCode.REFUSED),
        (outcome(unknown=1), 0, ExitCode.UNFINISHED),
        (outcome(finished=False, dead=1), 1, ExitCode.UNFINISHED),
    ],
)
def test_the_exit_code_is_that_of_the_outcome(
    made: PushOutcome | None, refused: int, code: ExitCode
) -> None:
    summary = PushSummary()
    for _ in range(refused):
        summary.refuse(RefusedRecord("a", "too long"))

    assert exit_code(summary, made) is code
