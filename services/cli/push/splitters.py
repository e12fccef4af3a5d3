"""Cut what is pushed into records: pure, streaming, in bounded memory, byte for byte.

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
class Record:
    """The value of one Kafka record, and where it came from."""

    place: str
    value: bytes


@dataclass(frozen=True, slots=True)
class Refusal:
    """A record that was not pushed, where it is, and why."""

    place: str
    reason: str


Piece = Record | Refusal


class Splitter(Protocol):
    """Cuts one source, given in chunks of any size, into records."""

    def feed(self, chunk: bytes) -> list[Piece]:
        """The records that this chunk completes."""
        ...

    def finish(self) -> list[Piece]:
        """The records that the end of the source completes."""
        ...


class _Bounded:
    """Collects one record up to a limit; of a larger one it only counts the bytes."""

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

    def take(self, place: str) -> Piece:
        """The record so far, and begin the next one."""
        value, size = bytes(self._kept), self._size
        self._kept.clear()
        self._size = 0
        if size > self._limit:
            return Refusal(place, f"{size} bytes, the limit is {self._limit}")
        return Record(place, value)


class Whole:
    """The whole source is one record, exactly its bytes."""

    def __init__(self, name: str, limit: int = MAX_RECORD_BYTES) -> None:
        self._name = name
        self._record = _Bounded(limit)

    def feed(self, chunk: bytes) -> list[Piece]:
        """Keep it."""
        self._record.add(chunk)
        return []

    def finish(self) -> list[Piece]:
        """The record."""
        return [self._record.take(self._name)]


class Lines:
    """Each line that is not blank is a record, without its line feed."""

    def __init__(self, name: str, limit: int = MAX_RECORD_BYTES) -> None:
        self._name = name
        self._record = _Bounded(limit)
        self._number = 0

    def feed(self, chunk: bytes) -> list[Piece]:
        """The lines that end here."""
        pieces: list[Piece] = []
        *ends, rest = chunk.split(b"\n")
        for end in ends:
            self._record.add(end)
            pieces += self.finish()
        self._record.add(rest)
        return pieces

    def finish(self) -> list[Piece]:
        """The last line, if nothing ended it."""
        self._number += 1
        piece = self._record.take(f"{self._name}:{self._number}")
        return [] if _is_blank(piece) else [piece]


class Elements:
    """Each element of a JSON array is a record, cut out as it stands.

    What is no proper array is cut at the same marks; ingest will say what is wrong with it.
    """

    def __init__(self, name: str, limit: int = MAX_RECORD_BYTES) -> None:
        self._name = name
        self._record = _Bounded(limit)
        self._number = 0
        self._depth = 0
        self._in_string = False
        self._escaped = False

    def feed(self, chunk: bytes) -> list[Piece]:
        """The elements that end here."""
        pieces: list[Piece] = []
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
                pieces += self.finish()
                start = position
        self._record.add(chunk[start:])
        return pieces

    def finish(self) -> list[Piece]:
        """What is left, if nothing ended it."""
        piece = self._record.take(f"{self._name}, element {self._number + 1}")
        if _is_blank(piece):
            return []
        self._number += 1
        return [piece if isinstance(piece, Refusal) else Record(piece.place, _trimmed(piece.value))]

    def _is_boundary(self, token: bytes) -> bool:
        """Whether an element ends here: at the array's own brackets and commas."""
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


def _is_blank(piece: Piece) -> bool:
    return isinstance(piece, Record) and not _trimmed(piece.value)


def _trimmed(value: bytes) -> bytes:
    return value.removeprefix(_BOM).strip(_BLANK)
