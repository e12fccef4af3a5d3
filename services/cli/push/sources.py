"""Read files, folders and standard input as records, in chunks as they come."""

import asyncio
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from services.cli.push.formats import BY_SUFFIX, STDIN, Format, choose_splitter
from services.cli.push.splitters import RefusedRecord, SplitRecord

CHUNK_BYTES = 256 * 1024
STDIN_FILE = 0


@dataclass(frozen=True, slots=True)
class SourceChunk:
    """The records that one chunk of a source completed, and the chunk's size in bytes."""

    size: int
    records: list[SplitRecord]


def expand_folders(arguments: Sequence[Path]) -> Iterator[Path]:
    """Yield the files that the arguments name; those of folders in the order of their names.

    In folders only files with one of our suffixes count, and nothing hidden; links to folders are
    not followed.
    """
    for argument in arguments:
        if argument == STDIN or not argument.is_dir():
            yield argument
        else:
            yield from (file for file in _walk(argument) if file.suffix.lower() in BY_SUFFIX)


def count_skipped(arguments: Sequence[Path]) -> Counter[str]:
    """Count the files in folders that are not pushed, by suffix. Hidden files do not count."""
    folders = [argument for argument in arguments if argument != STDIN and argument.is_dir()]
    suffixes = (file.suffix.lower() for folder in folders for file in _walk(folder))
    return Counter(suffix for suffix in suffixes if suffix not in BY_SUFFIX)


def _walk(folder: Path) -> Iterator[Path]:
    for parent, inner, names in os.walk(folder):
        inner[:] = sorted(name for name in inner if not name.startswith("."))
        yield from (Path(parent, name) for name in sorted(names) if not name.startswith("."))


def total_bytes(arguments: Sequence[Path]) -> int | None:
    """Return the size of everything there is to read, or None if it is not known beforehand."""
    total = 0
    for file in expand_folders(arguments):
        if file == STDIN or not file.is_file():
            return None
        total += file.stat().st_size
    return total


async def read_sources(arguments: Sequence[Path], asked: Format) -> AsyncIterator[SourceChunk]:
    """Yield the records of all arguments, in order. A file that cannot be read is a refusal."""
    for file in expand_folders(arguments):
        try:
            async for chunk in _read_file(file, asked):
                yield chunk
        except OSError as error:
            reason = f"cannot be read: {error.strerror or type(error).__name__}"
            yield SourceChunk(0, [RefusedRecord(str(file), reason)])


async def _read_file(file: Path, asked: Format) -> AsyncIterator[SourceChunk]:
    splitter = choose_splitter("stdin" if file == STDIN else str(file), asked)
    handle = STDIN_FILE if file == STDIN else os.open(file, os.O_RDONLY)
    try:
        if file == STDIN and sys.stdin is not None and sys.stdin.isatty():
            sys.stderr.write("Reading from the terminal; Ctrl-D ends the input.\n")
        while chunk := await _read_chunk(handle):
            yield SourceChunk(len(chunk), splitter.feed(chunk))
        yield SourceChunk(0, splitter.finish())
    finally:
        if handle != STDIN_FILE:
            os.close(handle)


async def _read_chunk(handle: int) -> bytes:
    """Return what can be read now, at least one byte; nothing at the end.

    No thread: one that is blocked on a terminal would keep the command from ending on Ctrl-C.
    """
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    try:
        loop.add_reader(handle, readable.set)
    except PermissionError:
        # An ordinary file: always readable, and quickly. Let others work between its chunks.
        await asyncio.sleep(0)
        return os.read(handle, CHUNK_BYTES)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(handle)
    return os.read(handle, CHUNK_BYTES)
