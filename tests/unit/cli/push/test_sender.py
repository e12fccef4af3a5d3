import pytest

from services.cli.push.sender import WINDOW_RECORDS, PushSummary, RecordSender
from services.cli.push.splitters import RawRecord, RefusedRecord
from tests.fakes.kafka import FakeBroker, FakeProducer

TOPIC = "t"


async def test_every_record_is_acknowledged_or_refused() -> None:
    broker = FakeBroker(max_message_bytes=10)
    producer = FakeProducer(broker, max_request_size=50)
    summary, told = PushSummary(), list[RefusedRecord]()
    sender = RecordSender(producer, TOPIC, summary, told.append)
    for place, value in enumerate([b"a", bytes(40), bytes(20), b"bc"]):
        await sender.send(RawRecord(str(place), value))
    await sender.send(RefusedRecord("4", "too long"))
    await sender.drain()
    assert (summary.pushed, summary.refused, summary.sent_bytes) == (2, 3, 3)
    assert {refusal.place: refusal.reason for refusal in told} == {
        "1": "40 bytes, over the limit of a record",
        "2": "20 bytes, over the broker's limit of a record",
        "4": "too long",
    }
    assert [record.value for record in broker.records(TOPIC)] == [b"a", b"bc"]


async def test_the_window_is_bounded() -> None:
    producer, summary = FakeProducer(FakeBroker()), PushSummary()
    sender = RecordSender(producer, TOPIC, summary, lambda _: None)
    for number in range(3 * WINDOW_RECORDS):
        await sender.send(RawRecord(str(number), b"x"))
    assert producer.most_unanswered <= WINDOW_RECORDS
    await sender.drain()
    assert summary.pushed == 3 * WINDOW_RECORDS


async def test_a_record_without_an_answer_is_given_up_and_those_before_it_count() -> None:
    producer, summary = FakeProducer(FakeBroker(silent={b"silence"})), PushSummary()
    sender = RecordSender(producer, TOPIC, summary, lambda _: None, answer_seconds=0.01)
    for place, value in enumerate([b"a", b"b", b"silence", b"c"]):
        await sender.send(RawRecord(str(place), value))
    with pytest.raises(TimeoutError):
        await sender.drain()
    assert (summary.pushed, summary.refused) == (2, 0)
