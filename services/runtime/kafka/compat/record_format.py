"""Decoding the records of an uncompressed batch, whatever bytes their header names have.

aiokafka 0.14 decodes header names as UTF-8 (``_read_msg`` in record/default_records.py, and its
Cython version) and fails on the whole batch where one is not. Kafka does not ask that of a
producer, so one record would stop every consumer of its partition for good. No issue of aiokafka
is known to us. The layout is that of Kafka's message format, version 2.
"""

from collections.abc import Iterator
from dataclasses import dataclass

_MORE = 0x80
_SEVEN_BITS = 0x7F


@dataclass(frozen=True, slots=True)
class DecodedRecord:
    """A record with the attributes that aiokafka's fetcher reads."""

    offset: int
    timestamp: int
    timestamp_type: int
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]]
    checksum: None = None


@dataclass(frozen=True, slots=True)
class BatchHeader:
    """The fields of a batch's header that its records depend on.

    ``append_time`` is None where each record has its own time, counted from ``first_timestamp``.
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


def decode_records(data: bytes, batch: BatchHeader) -> Iterator[DecodedRecord]:
    """The records that are complete, in order.

    Bytes of a header's name that are not UTF-8 are replaced by U+FFFD.
    """
    cursor = _Cursor(data)
    while not cursor.at_end:
        try:
            length = cursor.number()
            end = cursor.position + length
            record = _decode_record(cursor, batch)
        except IndexError:
            return
        cursor.position = end
        yield record


def _decode_record(cursor: _Cursor, batch: BatchHeader) -> DecodedRecord:
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
        return DecodedRecord(offset, append_time, 1, key, value, headers)
    return DecodedRecord(offset, timestamp, 0, key, value, headers)
