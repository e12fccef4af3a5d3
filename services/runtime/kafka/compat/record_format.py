"""Reading the records of an unpacked batch, whatever their headers are called.

aiokafka wants every header's name to be UTF-8 and fails on the whole batch where one is not. Kafka
does not ask that of a producer, so one record would stop every consumer of its partition for good.
The layout is that of Kafka's message format, version 2.
"""

from collections.abc import Iterator
from dataclasses import dataclass

_MORE = 0x80
_SEVEN_BITS = 0x7F


@dataclass(frozen=True, slots=True)
class Record:
    """What aiokafka's fetcher reads of a record."""

    offset: int
    timestamp: int
    timestamp_type: int
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]]
    checksum: None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """What the head of a batch says of its records. ``append_time`` is None where each has its own
    time, which then counts from ``first_timestamp``.
    """

    base_offset: int
    first_timestamp: int
    append_time: int | None


class _Cursor:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self.position = 0

    @property
    def at_end(self) -> bool:
        return self.position >= len(self._data)

    def number(self) -> int:
        """A variable-length integer, zigzag-coded.

        :raises IndexError: the data end within it.
        """
        value = shift = 0
        while True:
            byte = self._data[self.position]
            self.position += 1
            value |= (byte & _SEVEN_BITS) << shift
            shift += 7
            if not byte & _MORE:
                return (value >> 1) ^ -(value & 1)

    def take(self, size: int) -> bytes | None:
        """So many bytes; None for a negative size.

        :raises IndexError: there are fewer.
        """
        if size < 0:
            return None
        piece = self._data[self.position : self.position + size]
        if len(piece) < size:
            raise IndexError(size)
        self.position += size
        return piece


def read(data: bytes, batch: Batch) -> Iterator[Record]:
    """The records that are whole, in order; bytes of a header's name that are no UTF-8 are replaced
    by the sign for that.
    """
    cursor = _Cursor(data)
    while not cursor.at_end:
        try:
            length = cursor.number()
            end = cursor.position + length
            record = _read(cursor, batch)
        except IndexError:
            return
        cursor.position = end
        yield record


def _read(cursor: _Cursor, batch: Batch) -> Record:
    cursor.take(1)  # attributes, of which Kafka has none yet
    timestamp = batch.first_timestamp + cursor.number()
    offset = batch.base_offset + cursor.number()
    key = cursor.take(cursor.number())
    value = cursor.take(cursor.number())
    headers = []
    for _ in range(cursor.number()):
        name = cursor.take(cursor.number()) or b""
        headers.append((name.decode("utf-8", "replace"), cursor.take(cursor.number())))
    append_time = batch.append_time
    if append_time is not None:
        return Record(offset, append_time, 1, key, value, headers)
    return Record(offset, timestamp, 0, key, value, headers)
