"""Every dead letter that the broker has acknowledged is marked, and no other."""

from collections.abc import AsyncIterator, Sequence

import pytest
from aiokafka.errors import KafkaTimeoutError

from services.cli.dead_letters.reader import DeadLetterRecord
from services.cli.replay.producer import BATCH_BYTES, BATCH_RECORDS, ReplayProducer, ReplayProgress
from services.contracts.dead_letters import REPLAY_OF
from services.contracts.replay_marks import ReplayMark
from tests.fakes.kafka import FakeBroker, FakeProducer
from tests.unit.cli.dead_letters.samples import TOPIC, record

MARKS, SOURCE = "articles.replayed", "articles.raw"


def marked(broker: FakeBroker) -> list[int]:
    """The offsets that marks on the broker cover."""
    found = [ReplayMark.parse(record.key or b"") for record in broker.records(MARKS)]
    return sorted(n for mark in found for n in range(mark.first, mark.last + 1))


async def replay(
    broker: FakeBroker, *records: DeadLetterRecord, max_request_size: int = 2**30
) -> ReplayProgress:
    progress = ReplayProgress()
    producer = FakeProducer(broker, max_request_size=max_request_size)
    await ReplayProducer(producer, MARKS, progress).send_all(stream(records))
    return progress


async def stream(records: Sequence[DeadLetterRecord]) -> AsyncIterator[DeadLetterRecord]:
    for each in records:
        yield each


async def test_a_dead_letter_goes_back_as_it_came() -> None:
    broker = FakeBroker()
    progress = await replay(broker, record(3, b"bytes"), record(4, None))
    one, none = broker.records(SOURCE)
    assert (one.key, one.value, none.value) == (b"key", b"bytes", None)
    assert dict(one.headers)["newsline-attempt"] == b"2"
    assert dict(one.headers)[REPLAY_OF] == b"articles.raw.dead/0/3"
    assert progress.sent_bytes == 5
    assert [mark.key for mark in broker.records(MARKS)] == [ReplayMark(TOPIC, 0, 3, 4).key()]


async def test_a_batch_is_marked_before_the_next_is_sent() -> None:
    broker = FakeBroker()
    await replay(broker, *(record(n) for n in range(BATCH_RECORDS + 1)))
    assert [topic for _, topic in broker.journal] == [SOURCE] * BATCH_RECORDS + [
        MARKS,
        SOURCE,
        MARKS,
    ]


async def test_a_batch_is_bounded_in_bytes() -> None:
    broker = FakeBroker(max_message_bytes=2**30)
    await replay(broker, *(record(n, b"x" * (BATCH_BYTES // 2)) for n in range(3)))
    assert [topic for _, topic in broker.journal].index(MARKS) == 2


async def test_what_is_too_large_is_reported_and_stays_open() -> None:
    broker = FakeBroker(max_message_bytes=1000)
    values = [b"a", bytes(3000), bytes(1500), b"b"]
    progress = await replay(
        broker, *(record(n, value) for n, value in enumerate(values)), max_request_size=2000
    )
    assert [str(refused.ref) for refused in progress.refused] == [f"{TOPIC}/0/1", f"{TOPIC}/0/2"]
    assert marked(broker) == [0, 3]


async def test_what_was_sent_before_an_outage_is_marked_and_the_rest_stays_open() -> None:
    broker, progress = FakeBroker(away={b"away"}), ReplayProgress()
    records = [record(0), record(1, b"away"), record(2), record(3)]
    with pytest.raises(KafkaTimeoutError):
        await ReplayProducer(FakeProducer(broker), MARKS, progress).send_all(stream(records))
    assert marked(broker) == [0, 2, 3]
    assert {ref.offset for ref in progress.sent} == {0, 2, 3}


async def test_nothing_is_nothing() -> None:
    broker = FakeBroker()
    assert (await replay(broker)).sent == set()
    assert broker.journal == []
