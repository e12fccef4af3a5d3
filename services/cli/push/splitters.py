"""Split pushed bytes into records: pure, streaming, in bounded memory, byte for byte.

Nothing is validated: ingest decides, so that a push and any other Kafka client behave alike.
"""

import re
from dataclasses import dataclass
from typing import Protocol

from services.contracts.topics import MAX_RECORD_BYTES

# What JSON calls whitespace.
_BLANK = b" \t\r\n"
_BOM = b"\xef\xbb\xbf"
_STRUCTURE = re.compile(rb'["\[\]{},]')
_IN_STRING = re.compile(rb'["\\]')


@dataclass(frozen=True, slots=True)
class RawRecord:
    """The value of one Kafka record, and where it came from (``file:line``)."""

    place: str
    value: bytes


@dataclass(frozen=True, slots=True)
class RefusedRecord:
    """A record that was not sent, where it came from, and why."""

    place: str
    reason: str


SplitRecord = RawRecord | RefusedRecord


class Splitter(Protocol):
    """Splits one source, given in chunks of any size, into records."""

    def feed(self, chunk: bytes) -> list[SplitRecord]:
        """Return the records that this chunk completes."""
        ...

    def finish(self) -> list[SplitRecord]:
        """Return the records that the end of the source completes."""
        ...


class _BoundedBuffer:
    """Collects one record up to a limit in bytes; of a larger one it only counts them."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept = bytearray()
        self._size = 0

    def add(self, part: bytes) -> None:
        self._size += len(part)
        if self._size <= self._limit:
            self._kept += part
        else:
            self._kept.clear()

    def take(self, place: str) -> SplitRecord:
        """Return the record collected so far, and begin the next one."""
        value, size = bytes(self._kept), self._size
        self._kept.clear()
        self._size = 0
        if size > self._limit:
            return RefusedRecord(place, f"{size} bytes, the limit is {self._limit}")
        return RawRecord(place, value)


class WholeSplitter:
    """The whole source is one record, exactly its bytes."""

    def __init__(self, name: str, limit: int = MAX_RECORD_BYTES) -> None:
        self._name = name
        self._record = _BoundedBuffer(limit)

    def feed(self, chunk: bytes) -> list[SplitRecord]:
        """Collect the chunk."""
        self._record.add(chunk)
        return []

    def finish(self) -> list[SplitRecord]:
        """Return the one record."""
        return [self._record.take(self._name)]


class LineSplitter:
    """Each line that is not blank is a record, without its line feed."""

    def __init__(self, name: str, limit: int = MAX_RECORD_BYTES) -> None:
        self._name = name
        self._record = _BoundedBuffer(limit)
        self._number = 0

    def feed(self, chunk: bytes) -> list[SplitRecord]:
        """Return the lines that end in this chunk."""
        records: list[SplitRecord] = []
        *ends, rest = chunk.split(b"\n")
        for end in ends:
            self._record.add(end)
            records += self.finish()
        self._record.add(rest)
        return records

    def finish(self) -> list[SplitRecord]:
        """Return the last line, if no line feed ended it."""
        self._number += 1
        record = self._record.take(f"{self._name}:{self._number}")
        return [] if _is_blank(record) else [record]


class ArraySplitter:
    """Each element of a JSON array is a record, cut out as it stands.

    Malformed arrays are split at the same brackets and commas; ingest says what is wrong.
    """

    def __init__(self, name: str, limit: int = MAX_RECORD_BYTES) -> None:
        self._name = name
        self._record = _BoundedBuffer(limit)
        self._number = 0
        self._depth = 0
        self._in_string = False
        self._escaped = False

    def feed(self, chunk: bytes) -> list[SplitRecord]:
        """Return the elements that end in this chunk."""
        records: list[SplitRecord] = []
        start = 0
        position = 1 if self._escaped and chunk else 0
        self._escaped = self._escaped and not chunk
        while match := (_IN_STRING if self._in_string else _STRUCTURE).search(chunk, position):
            position = match.end()
            if match[0] == b"\\":
                # The next byte means nothing; it may be in the next chunk.
                self._escaped = position == len(chunk)
                position += 1
            elif self._is_boundary(match[0]):
                self._record.add(chunk[start : match.start()])
                records += self.finish()
                start = position
        self._record.add(chunk[start:])
        return records

    def finish(self) -> list[SplitRecord]:
        """Return what is left, if no bracket ended it."""
        record = self._record.take(f"{self._name}, element {self._number + 1}")
        if _is_blank(record):
            return []
        self._number += 1
        return [
            record
            if isinstance(record, RefusedRecord)
            else RawRecord(record.place, _trimmed(record.value))
        ]

    def _is_boundary(self, token: bytes) -> bool:
        """True at the array's own brackets and commas: an element ends there."""
        if token == b'"':
            self._in_string = not self._in_string
            return False
        if token in (b"[", b"{"):
            self._depth += 1
            return self._depth == 1
        if token in (b"]", b"}"):
            self._depth -= 1
            return self._depth == 0
        return self._depth == 1


def _is_blank(record: SplitRecord) -> bool:
    return isinstance(record, RawRecord) and not _trimmed(record.value)


def _trimmed(value: bytes) -> bytes:
    return value.removeprefix(_BOM).strip(_BLANK)
