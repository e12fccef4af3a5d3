"""What ``push`` reads: files, folders and standard input, in chunks as they come."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from services.cli.push.formats import BY_SUFFIX, STDIN, Format, splitter
from services.cli.push.splitters import Piece, Refusal

CHUNK_BYTES = 256 * 1024
STDIN_FILE = 0


@dataclass(frozen=True, slots=True)
class Read:
    """What one chunk of a source brought."""

    size: int
    pieces: list[Piece]


def files(arguments: Sequence[Path]) -> Iterator[Path]:
    """The files that the arguments name, folders opened up in the order of their names.

    In folders only what has one of our suffixes counts, and nothing hidden; links to folders are
    not followed.
    """
    for argument in arguments:
        if argument == STDIN or not argument.is_dir():
            yield argument
            continue
        for folder, inner, names in os.walk(argument):
            inner[:] = sorted(name for name in inner if not name.startswith("."))
            for name in sorted(names):
                if not name.startswith(".") and Path(name).suffix.lower() in BY_SUFFIX:
                    yield Path(folder, name)


def total_bytes(arguments: Sequence[Path]) -> int | None:
    """How much there is to read, or None if that cannot be told beforehand."""
    total = 0
    for file in files(arguments):
        if file == STDIN or not file.is_file():
            return None
        total += file.stat().st_size
    return total


async def read(arguments: Sequence[Path], asked: Format) -> AsyncIterator[Read]:
    """The records of all arguments, in order. A file that cannot be read is a refusal."""
    for file in files(arguments):
        try:
            async for portion in _read_file(file, asked):
                yield portion
        except OSError as error:
            reason = f"cannot be read: {error.strerror or type(error).__name__}"
            yield Read(0, [Refusal(str(file), reason)])


async def _read_file(file: Path, asked: Format) -> AsyncIterator[Read]:
    pieces = splitter("stdin" if file == STDIN else str(file), asked)
    handle = STDIN_FILE if file == STDIN else os.open(file, os.O_RDONLY)
    try:
        if file == STDIN and sys.stdin is not None and sys.stdin.isatty():
            sys.stderr.write("Reading from the terminal; Ctrl-D ends the input.\n")
        while chunk := await _chunk(handle):
            yield Read(len(chunk), pieces.feed(chunk))
        yield Read(0, pieces.finish())
    finally:
        if handle != STDIN_FILE:
            os.close(handle)


async def _chunk(handle: int) -> bytes:
    """What is there now, at least one byte; nothing at the end.

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
