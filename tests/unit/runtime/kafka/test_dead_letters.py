import pytest

from services.contracts.dead_letters import ATTEMPT, DeadLetter
from services.contracts.errors import ContractViolation
from services.contracts.topics import RAW
from services.runtime.health import Health
from services.runtime.kafka.batch_producer import BatchProducer
from services.runtime.kafka.dead_letters import (
    DeadLetterWriter,
    Rejected,
    RejectionGuard,
    TooManyRejections,
)
from services.runtime.retry import RetryPolicy
from tests.fakes.kafka import FakeBroker, FakeProducer
from tests.fakes.records import FakeRecord


async def written(rejected: Rejected) -> FakeRecord:
    """The dead letter of a record, as it is on the broker."""
    broker = FakeBroker()
    retry = RetryPolicy(Health("ingest"), lambda: False)
    await DeadLetterWriter("ingest", RAW, BatchProducer(FakeProducer(broker), retry)).write(
        [rejected]
    )
    (dead,) = broker.records("articles.raw.dead")
    return dead


async def test_a_dead_letter_is_the_original_and_says_who_where_and_why() -> None:
    record = FakeRecord(b"\xff", 42, RAW.name, 3, b"key", (("traceparent", b"00-1"), ("x", b"y")))
    violation = ContractViolation("not_utf8", "at byte 0")

    message = await written(Rejected(record, violation, 1234))

    assert (message.key, message.value) == (b"key", b"\xff")
    letter = DeadLetter.from_headers(message.headers)
    assert (letter.service, letter.topic, letter.partition, letter.offset) == (
        "ingest",
        "articles.raw",
        3,
        42,
    )
    assert (letter.attempt, letter.reason) == (1, "not_utf8: at byte 0")
    assert (letter.code, letter.first_arrival_ms) == ("not_utf8", 1234)
    assert dict(message.headers)["traceparent"] == b"00-1"
    assert "x" not in dict(message.headers)


async def test_a_record_of_nothing_at_all_is_a_dead_letter_that_can_be_written() -> None:
    message = await written(Rejected(FakeRecord(None), ContractViolation("empty", "no bytes")))

    assert message.value == b""


async def test_a_second_failure_counts_its_attempt() -> None:
    record = FakeRecord(b"", headers=((ATTEMPT, b"2"),))

    message = await written(Rejected(record, ContractViolation("empty", "no bytes")))

    assert DeadLetter.from_headers(message.headers).attempt == 2


def refused(count: int, *headers: tuple[str, bytes]) -> list[Rejected]:
    record = FakeRecord(b"", headers=headers)
    return [Rejected(record, ContractViolation("contract", "no article"))] * count


def test_replays_that_fail_again_are_no_bad_deploy() -> None:
    RejectionGuard(allowed=20, window=400).check(refused(100, (ATTEMPT, b"2")), total=100)


async def test_a_letter_whose_key_makes_it_too_large_goes_without_it() -> None:
    record = FakeRecord(b"", key=b"k" * 20_000_000)

    message = await written(Rejected(record, ContractViolation("empty", "no bytes")))

    assert (message.key, message.value) == (None, b"")
    assert "20000000 bytes is left out" in DeadLetter.from_headers(message.headers).reason


def test_a_bad_deploy_stops_the_worker() -> None:
    guard = RejectionGuard(allowed=20, window=400)
    guard.check(refused(20), total=20)

    with pytest.raises(TooManyRejections):
        guard.check(refused(1), total=1)


def test_bad_data_among_good_does_not() -> None:
    guard = RejectionGuard(allowed=20, window=400)

    for _ in range(100):
        guard.check(refused(50), total=100)
