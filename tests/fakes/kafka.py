"""A broker in memory, with a producer and a consumer as strict as aiokafka's.

What they allow and refuse is certified by ``tests/conformance/test_kafka.py``, whose cases run on
them and on a real broker. Faults that no broker shows on demand are attributes of ``FakeBroker``.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from aiokafka import TopicPartition
from aiokafka.errors import (
    CommitFailedError,
    IllegalOperation,
    IllegalStateError,
    KafkaTimeoutError,
    MessageSizeTooLargeError,
)

from tests.fakes.records import ARRIVAL, FakeRecord

Headers = Sequence[tuple[str, bytes]]
# What a producer counts for a record beside its key and its value; headers come on top.
OVERHEAD_BYTES = 21


class Acknowledgement(NamedTuple):
    """Where the broker has put a record."""

    topic: str
    partition: int
    offset: int


@dataclass
class FakeBroker:
    """Topics, which exist as soon as they are named."""

    partitions: int = 1
    # Of every partition: what was before it is past its retention.
    first_offset: int = 0
    max_message_bytes: int = 1_000_000
    # Values that are never answered, and such that time out as if the broker were away.
    silent: set[bytes] = field(default_factory=set)
    away: set[bytes] = field(default_factory=set)
    # The group has expelled its members.
    refuses_commits: bool = False
    logs: defaultdict[TopicPartition, list[FakeRecord | None]] = field(
        default_factory=lambda: defaultdict(list)
    )
    committed: dict[tuple[str, TopicPartition], int] = field(default_factory=dict)
    # What was done, in order: ("append", topic) and ("commit", offset).
    journal: list[tuple[str, str | int]] = field(default_factory=list)

    def append(
        self,
        partition: TopicPartition,
        value: bytes | None,
        key: bytes | None = None,
        headers: Headers = (),
        timestamp: int = int(ARRIVAL.timestamp() * 1000),
    ) -> Acknowledgement:
        offset = self.end(partition)
        topic, number = partition
        record = FakeRecord(value, offset, topic, number, key, tuple(headers), timestamp)
        self.logs[partition].append(record)
        self.journal.append(("append", topic))
        return Acknowledgement(topic, number, offset)

    def append_marker(self, partition: TopicPartition) -> None:
        """The end of a transaction: it has an offset, and is no record."""
        self.logs[partition].append(None)

    def records(self, topic: str) -> list[FakeRecord]:
        """All records of a topic, oldest first in each partition."""
        logs = [log for tp, log in sorted(self.logs.items()) if tp.topic == topic]
        return [record for log in logs for record in log if record is not None]

    def end(self, partition: TopicPartition) -> int:
        """The offset that the next record will have."""
        return self.first_offset + len(self.logs[partition])


class FakeProducer:
    """As much of ``AIOKafkaProducer`` as is used here."""

    def __init__(self, broker: FakeBroker, *, max_request_size: int = 2**20) -> None:
        self.broker = broker
        self.max_request_size = max_request_size
        self.unanswered = self.most_unanswered = 0

    async def send(
        self,
        topic: str,
        value: bytes | None = None,
        key: bytes | None = None,
        partition: int | None = None,
        headers: Headers | None = None,
    ) -> asyncio.Future[Acknowledgement]:
        assert value is not None or key is not None, "Need at least one: key or value"
        size = OVERHEAD_BYTES + _size(key, value, headers or ())
        if size > self.max_request_size:
            raise MessageSizeTooLargeError(f"The message is {size} bytes when serialized")
        loop = asyncio.get_running_loop()
        answer = loop.create_future()
        self.unanswered += 1
        self.most_unanswered = max(self.most_unanswered, self.unanswered)
        if value not in self.broker.silent:
            number = hash(key) % self.broker.partitions if partition is None else partition
            at = TopicPartition(topic, number)
            loop.call_soon(self._answer, answer, at, key, value, tuple(headers or ()))
        return answer

    async def send_and_wait(
        self,
        topic: str,
        value: bytes | None = None,
        key: bytes | None = None,
        partition: int | None = None,
        headers: Headers | None = None,
    ) -> Acknowledgement:
        return await (await self.send(topic, value, key, partition, headers))

    def _answer(
        self,
        answer: asyncio.Future[Acknowledgement],
        at: TopicPartition,
        key: bytes | None,
        value: bytes | None,
        headers: Headers,
    ) -> None:
        self.unanswered -= 1
        if answer.cancelled():
            return
        if value in self.broker.away:
            answer.set_exception(KafkaTimeoutError())
        elif _size(key, value, headers) > self.broker.max_message_bytes:
            answer.set_exception(MessageSizeTooLargeError(at.topic))
        else:
            answer.set_result(self.broker.append(at, value, key, headers))


def _size(key: bytes | None, value: bytes | None, headers: Headers) -> int:
    return len(key or b"") + len(value or b"") + sum(len(n) + len(v) for n, v in headers)


class FakeConsumer:
    """As much of ``AIOKafkaConsumer`` as is used here; partitions are given to it by ``assign``.

    :param fetch_records: of each partition so many records have been fetched at a time; more come
        with the next call.
    """

    def __init__(
        self, broker: FakeBroker, *, group_id: str | None = None, fetch_records: int = 500
    ) -> None:
        self.broker = broker
        self._group_id = group_id
        self._fetch_records = fetch_records
        self._positions: dict[TopicPartition, int] = {}
        # All that it has returned.
        self.returned: list[FakeRecord] = []
        # Set once it has waited for records and found none.
        self.drained = asyncio.Event()

    def assign(self, partitions: Iterable[TopicPartition]) -> None:
        self._positions = {tp: self._start(tp) for tp in partitions}

    def unsubscribe(self) -> None:
        self._positions = {}

    def assignment(self) -> set[TopicPartition]:
        return set(self._positions)

    def seek(self, partition: TopicPartition, offset: int) -> None:
        if offset < 0:
            raise ValueError("Offset must be a positive integer")
        self._refuse_foreign([partition])
        self._positions[partition] = offset

    async def position(self, partition: TopicPartition) -> int:
        self._refuse_foreign([partition])
        return self._positions[partition]

    async def getmany(
        self, *partitions: TopicPartition, timeout_ms: int = 0, max_records: int | None = None
    ) -> dict[TopicPartition, list[FakeRecord]]:
        room = max_records if max_records is not None else 2**31
        found: dict[TopicPartition, list[FakeRecord]] = {}
        for partition in partitions or tuple(self._positions):
            start = self._positions[partition] - self.broker.first_offset
            taken = self.broker.logs[partition][start : start + min(self._fetch_records, room)]
            self._positions[partition] += len(taken)
            if records := [record for record in taken if record is not None]:
                found[partition] = records
                self.returned += records
                room -= len(records)
        if timeout_ms and not found:
            # Nobody waits here: time passes at once.
            self.drained.set()
        await asyncio.sleep(0)
        return found

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        if self._group_id is None:
            raise IllegalOperation("Requires group_id")
        if not offsets:
            raise ValueError(offsets)
        self._refuse_foreign(offsets)
        if self.broker.refuses_commits:
            raise CommitFailedError
        for partition, offset in offsets.items():
            self.broker.committed[self._group_id, partition] = offset
            self.broker.journal.append(("commit", offset))

    async def committed(self, partition: TopicPartition) -> int | None:
        if self._group_id is None:
            raise IllegalOperation("Requires group_id")
        return self.broker.committed.get((self._group_id, partition))

    async def beginning_offsets(
        self, partitions: Iterable[TopicPartition]
    ) -> dict[TopicPartition, int]:
        return dict.fromkeys(partitions, self.broker.first_offset)

    async def end_offsets(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        return {tp: self.broker.end(tp) for tp in partitions}

    def _start(self, partition: TopicPartition) -> int:
        key = (self._group_id or "", partition)
        return self.broker.committed.get(key, self.broker.first_offset)

    def _refuse_foreign(self, partitions: Iterable[TopicPartition]) -> None:
        for partition in partitions:
            if partition not in self._positions:
                raise IllegalStateError(f"Partition {partition} is not assigned")
