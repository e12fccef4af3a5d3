"""Every dead letter that the broker has acknowledged is marked, and no other."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from aiokafka.errors import KafkaTimeoutError, MessageSizeTooLargeError, RecordTooLargeError

from services.cli.dead_letters.reader import DeadLetterRecord
from services.cli.replay.producer import BATCH_BYTES, BATCH_RECORDS, ReplayProducer, ReplayProgress
from services.contracts.dead_letters import REPLAY_OF
from services.contracts.replay_marks import ReplayMark
from tests.unit.cli.dead_letters.samples import TOPIC, record

MARKS = "articles.replayed"


class OffsetReader:
    """A producer that refuses some values: at once, late, or because the broker is away."""

    def __init__(self) -> None:
        self.log: list[tuple[str, bytes | None]] = []
        self.sent: list[tuple[str, bytes | None, bytes | None, dict[str, bytes]]] = []

    async def send(
        self, topic: str, *, key: bytes | None, value: bytes | None, headers: Any
    ) -> asyncio.Future[None]:
        if value == b"huge":
            raise MessageSizeTooLargeError
        future = asyncio.get_running_loop().create_future()
        failure = {b"large": RecordTooLargeError(), b"away": KafkaTimeoutError()}.get(value or b"")
        if failure:
            future.set_exception(failure)
        else:
            self.sent.append((topic, key, value, dict(headers)))
            self.log.append((topic, value))
            future.set_result(None)
        return future

    async def send_and_wait(self, topic: str, *, key: bytes, value: bytes) -> None:
        await asyncio.sleep(0)
        self.log.append((topic, key))

    def marked(self) -> list[int]:
        found = [ReplayMark.parse(key or b"") for topic, key in self.log if topic == MARKS]
        return sorted(n for mark in found for n in range(mark.first, mark.last + 1))


async def replay(offset_reader: OffsetReader, *records: DeadLetterRecord) -> ReplayProgress:
    progress = ReplayProgress()
    await ReplayProducer(offset_reader, MARKS, progress).send_all(stream(records))
    return progress


async def stream(records: Sequence[DeadLetterRecord]) -> AsyncIterator[DeadLetterRecord]:
    for each in records:
        yield each


async def test_a_dead_letter_goes_back_as_it_came() -> None:
    offset_reader = OffsetReader()
    progress = await replay(offset_reader, record(3, b"bytes"), record(4, None))
    (topic, key, value, headers), (_, _, none, _) = offset_reader.sent
    assert (topic, key, value, none) == ("articles.raw", b"key", b"bytes", None)
    assert headers["newsline-attempt"] == b"2"
    assert headers[REPLAY_OF] == b"articles.raw.dead/0/3"
    assert progress.sent_bytes == 5
    assert offset_reader.log[-1] == (MARKS, ReplayMark(TOPIC, 0, 3, 4).key())


async def test_a_batch_is_marked_before_the_next_is_sent() -> None:
    offset_reader = OffsetReader()
    await replay(offset_reader, *(record(n) for n in range(BATCH_RECORDS + 1)))
    kinds = [topic for topic, _ in offset_reader.log]
    assert kinds == ["articles.raw"] * BATCH_RECORDS + [MARKS, "articles.raw", MARKS]


async def test_a_batch_is_bounded_in_bytes() -> None:
    offset_reader = OffsetReader()
    await replay(offset_reader, *(record(n, b"x" * (BATCH_BYTES // 2)) for n in range(3)))
    assert [topic for topic, _ in offset_reader.log].index(MARKS) == 2


async def test_what_is_too_large_is_reported_and_stays_open() -> None:
    offset_reader = OffsetReader()
    progress = await replay(
        offset_reader, *(record(n, v) for n, v in enumerate([b"a", b"huge", b"large", b"b"]))
    )
    assert [str(refused.ref) for refused in progress.refused] == [f"{TOPIC}/0/1", f"{TOPIC}/0/2"]
    assert offset_reader.marked() == [0, 3]


async def test_what_was_sent_before_an_outage_is_marked_and_the_rest_stays_open() -> None:
    offset_reader, progress = OffsetReader(), ReplayProgress()
    records = [record(0), record(1, b"away"), record(2), record(3)]
    with pytest.raises(KafkaTimeoutError):
        await ReplayProducer(offset_reader, MARKS, progress).send_all(stream(records))
    assert offset_reader.marked() == [0, 2, 3]
    assert {ref.offset for ref in progress.sent} == {0, 2, 3}


async def test_nothing_is_nothing() -> None:
    offset_reader = OffsetReader()
    assert (await replay(offset_reader)).sent == set()
    assert offset_reader.log == []
