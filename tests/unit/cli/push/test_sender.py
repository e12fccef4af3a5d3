import asyncio
from typing import Any

import pytest
from aiokafka.errors import MessageSizeTooLargeError, RecordTooLargeError

from services.cli.push.sender import WINDOW_RECORDS, PushSummary, RecordSender
from services.cli.push.splitters import RawRecord, RefusedRecord


class OffsetReader:
    """Takes records as a producer does: refuses b"huge" at once, b"large" later, and never says
    what became of b"silence".
    """

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.open = 0
        self.most_open = 0

    async def send(self, topic: str, value: bytes) -> asyncio.Future[Any]:
        if value == b"huge":
            raise MessageSizeTooLargeError
        future = asyncio.get_running_loop().create_future()
        self.sent.append(value)
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        asyncio.get_running_loop().call_soon(self._answer, future, value)
        return future

    def _answer(self, future: asyncio.Future[Any], value: bytes) -> None:
        self.open -= 1
        if value == b"large":
            future.set_exception(RecordTooLargeError())
        elif value != b"silence":
            future.set_result(None)


async def test_every_record_is_acknowledged_or_refused() -> None:
    offset_reader, tally, told = OffsetReader(), PushSummary(), list[RefusedRecord]()
    sender = RecordSender(offset_reader, "t", tally, told.append)
    for place, value in enumerate([b"a", b"huge", b"large", b"bc"]):
        await sender.send(RawRecord(str(place), value))
    await sender.send(RefusedRecord("4", "too long"))
    await sender.drain()
    assert (tally.pushed, tally.refused, tally.sent_bytes) == (2, 3, 3)
    assert sorted(refusal.place for refusal in told) == ["1", "2", "4"]
    assert offset_reader.sent == [b"a", b"large", b"bc"]


async def test_the_window_is_bounded() -> None:
    offset_reader, tally = OffsetReader(), PushSummary()
    sender = RecordSender(offset_reader, "t", tally, lambda _: None)
    for number in range(3 * WINDOW_RECORDS):
        await sender.send(RawRecord(str(number), b"x"))
    assert offset_reader.most_open <= WINDOW_RECORDS
    await sender.drain()
    assert tally.pushed == 3 * WINDOW_RECORDS


async def test_a_record_without_an_answer_is_given_up_and_those_before_it_count() -> None:
    offset_reader, tally = OffsetReader(), PushSummary()
    sender = RecordSender(offset_reader, "t", tally, lambda _: None, answer_seconds=0.01)
    for place, value in enumerate([b"a", b"b", b"silence", b"c"]):
        await sender.send(RawRecord(str(place), value))
    with pytest.raises(TimeoutError):
        await sender.drain()
    assert (tally.pushed, tally.refused) == (2, 0)
