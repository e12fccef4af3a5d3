"""Which way a source is cut into records: as asked, by its name, or by how it begins."""

import json
from enum import StrEnum
from pathlib import Path

from services.cli.push.splitters import Elements, Lines, Piece, Splitter, Whole
from services.contracts.topics import MAX_RECORD_BYTES


class Format(StrEnum):
    """What ``--format`` takes."""

    AUTO = "auto"
    TEXT = "text"
    JSON = "json"
    NDJSON = "ndjson"


# What is typed for standard input.
STDIN = Path("-")

BY_SUFFIX = {
    ".txt": Format.TEXT,
    ".json": Format.JSON,
    ".ndjson": Format.NDJSON,
    ".jsonl": Format.NDJSON,
}

_BOM = b"\xef\xbb\xbf"


def splitter(name: str, asked: Format, limit: int = MAX_RECORD_BYTES) -> Splitter:
    """How to cut the source of this name.

    A JSON file may be one article, an array of them, or (as some tools name it) one a line.
    """
    told = asked
    if asked is Format.AUTO:
        told = BY_SUFFIX.get(Path(name).suffix.lower(), Format.AUTO)
    if told is Format.TEXT:
        return Whole(name, limit)
    if told is Format.NDJSON:
        return Lines(name, limit)
    return _Detecting(name, is_json=told is Format.JSON, limit=limit)


class _Detecting:
    """Holds back the beginning of a source until it tells how to cut it."""

    def __init__(self, name: str, *, is_json: bool, limit: int) -> None:
        self._name = name
        self._is_json = is_json
        self._limit = limit
        self._head = b""
        self._chosen: Splitter | None = None

    def feed(self, chunk: bytes) -> list[Piece]:
        if self._chosen is not None:
            return self._chosen.feed(chunk)
        self._head += chunk
        kind = choose(self._head, is_json=self._is_json, ended=len(self._head) > self._limit)
        return [] if kind is None else self._begin(kind)

    def finish(self) -> list[Piece]:
        if self._chosen is not None:
            return self._chosen.finish()
        if not self._head:
            # A command before the pipe that had nothing to say.
            return []
        kind = choose(self._head, is_json=self._is_json, ended=True) or Whole
        pieces = self._begin(kind)
        return pieces + (self._chosen.finish() if self._chosen else [])

    def _begin(self, kind: type[Whole | Lines | Elements]) -> list[Piece]:
        self._chosen = kind(self._name, self._limit)
        head, self._head = self._head, b""
        return self._chosen.feed(head)


def choose(
    head: bytes, *, is_json: bool, ended: bool
) -> type[Whole] | type[Lines] | type[Elements] | None:
    """How to cut a source that begins like this; None: not to be told yet.

    :param is_json: the source is said to be JSON. Otherwise it may be plain text, which may well
        begin with a bracket: ``[Updated] Storm reaches the coast``.
    :param ended: nothing more will come.
    """
    begun = head.removeprefix(_BOM).lstrip()
    undecided = Whole if ended else None
    if not begun or _BOM.startswith(head):
        return undecided
    if begun[:1] == b"[":
        return Elements if is_json else _array_or_text(begun, undecided)
    if begun[:1] != b"{":
        return Whole
    first, feed, after = begun.partition(b"\n")
    if not feed:
        # The end of the file, or a line too long to look at: as lines, those after it are pushed.
        return Lines if ended else None
    if not _is_object(first):
        return Whole
    return Lines if after.strip() else undecided


def _array_or_text(begun: bytes, undecided: type[Whole] | None) -> type[Whole | Elements] | None:
    inner = begun[1:].lstrip()
    if not inner:
        return undecided
    return Elements if inner[:1] == b"{" else Whole


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False
