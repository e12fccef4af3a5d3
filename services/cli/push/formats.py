"""Choose how a source is split into records: as asked, by its name, or by how it begins."""

import json
from enum import StrEnum
from pathlib import Path

from services.cli.push.splitters import (
    ArraySplitter,
    LineSplitter,
    SplitRecord,
    Splitter,
    WholeSplitter,
)
from services.contracts.topics import MAX_RECORD_BYTES


class Format(StrEnum):
    """The values of ``--format``."""

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


def choose_splitter(name: str, asked: Format, limit: int = MAX_RECORD_BYTES) -> Splitter:
    """Return the splitter for a source of this name.

    A JSON file may be one article, an array of them, or (as some tools name it) one a line.
    """
    form = asked
    if asked is Format.AUTO:
        form = BY_SUFFIX.get(Path(name).suffix.lower(), Format.AUTO)
    if form is Format.TEXT:
        return WholeSplitter(name, limit)
    if form is Format.NDJSON:
        return LineSplitter(name, limit)
    return _DetectingSplitter(name, is_json=form is Format.JSON, limit=limit)


class _DetectingSplitter:
    """Buffers the beginning of a source until its format is known."""

    def __init__(self, name: str, *, is_json: bool, limit: int) -> None:
        self._name = name
        self._is_json = is_json
        self._limit = limit
        self._head = b""
        self._chosen: Splitter | None = None

    def feed(self, chunk: bytes) -> list[SplitRecord]:
        if self._chosen is not None:
            return self._chosen.feed(chunk)
        self._head += chunk
        kind = detect_splitter(
            self._head, is_json=self._is_json, ended=len(self._head) > self._limit
        )
        return [] if kind is None else self._begin(kind)

    def finish(self) -> list[SplitRecord]:
        if self._chosen is not None:
            return self._chosen.finish()
        if not self._head:
            # A command before the pipe that had nothing to say.
            return []
        kind = detect_splitter(self._head, is_json=self._is_json, ended=True) or WholeSplitter
        records = self._begin(kind)
        return records + (self._chosen.finish() if self._chosen else [])

    def _begin(self, kind: type[WholeSplitter | LineSplitter | ArraySplitter]) -> list[SplitRecord]:
        self._chosen = kind(self._name, self._limit)
        head, self._head = self._head, b""
        return self._chosen.feed(head)


def detect_splitter(
    head: bytes, *, is_json: bool, ended: bool
) -> type[WholeSplitter] | type[LineSplitter] | type[ArraySplitter] | None:
    """Return the splitter for a source that begins like this; None while more must be seen.

    :param is_json: the source is said to be JSON. Otherwise it may be plain text, which may well
        begin with a bracket: ``[Updated] Storm reaches the coast``.
    :param ended: nothing more will come.
    """
    begun = head.removeprefix(_BOM).lstrip()
    undecided = WholeSplitter if ended else None
    if not begun or _BOM.startswith(head):
        return undecided
    if begun[:1] == b"[":
        return ArraySplitter if is_json else _array_or_text(begun, undecided)
    if begun[:1] != b"{":
        return WholeSplitter
    first, feed, after = begun.partition(b"\n")
    if not feed:
        # The end of the file, or a line too long to look at: as lines, those after it are pushed.
        return LineSplitter if ended else None
    if not _is_object(first):
        return WholeSplitter
    return LineSplitter if after.strip() else undecided


def _array_or_text(
    begun: bytes, undecided: type[WholeSplitter] | None
) -> type[WholeSplitter | ArraySplitter] | None:
    inner = begun[1:].lstrip()
    if not inner:
        return undecided
    return ArraySplitter if inner[:1] == b"{" else WholeSplitter


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False
