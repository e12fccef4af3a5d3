import asyncio
import os
from pathlib import Path

import pytest

from services.cli.push import sources
from services.cli.push.formats import STDIN, Format
from services.cli.push.splitters import RawRecord, RefusedRecord, SplitRecord


async def records(*arguments: Path) -> list[SplitRecord]:
    return [p async for read in sources.read_sources(arguments, Format.AUTO) for p in read.records]


async def test_a_folder_gives_its_articles_in_order_and_nothing_hidden(tmp_path: Path) -> None:
    for name in ("b.txt", "a.json", "c.html", ".hidden.txt", ".git/x.txt", "inner/z.ndjson"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b'{"text": "a"}')
    found = [Path(p.place.rpartition(":")[0] or p.place).name for p in await records(tmp_path)]
    assert found == ["a.json", "b.txt", "z.ndjson"]


async def test_a_file_that_cannot_be_read_costs_only_itself(tmp_path: Path) -> None:
    good = tmp_path / "good.txt"
    good.write_bytes(b"\xff any bytes \x00")
    found = await records(tmp_path / "gone.txt", good)
    assert found == [
        RefusedRecord(str(tmp_path / "gone.txt"), "cannot be read: No such file or directory"),
        RawRecord(str(good), b"\xff any bytes \x00"),
    ]


async def test_lines_of_a_pipe_come_as_they_are_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream that goes on for ever must not wait for its end."""
    reading, writing = os.pipe()
    monkeypatch.setattr(sources, "STDIN_FILE", reading)
    stream = sources.read_sources([STDIN], Format.NDJSON)
    try:
        os.write(writing, b'{"text": "first"}\n{"te')
        first = await asyncio.wait_for(anext(stream), 5)
        assert first.records == [RawRecord("stdin:1", b'{"text": "first"}')]
        os.write(writing, b'xt": "second"}')
    finally:
        os.close(writing)
    rest = [record async for read in stream for record in read.records]
    os.close(reading)
    assert rest == [RawRecord("stdin:2", b'{"text": "second"}')]


def test_the_size_is_known_of_files_only(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"abc")
    assert sources.total_bytes([tmp_path]) == 3
    assert sources.total_bytes([tmp_path, STDIN]) is None


def test_files_in_folders_that_are_not_pushed_are_counted(tmp_path: Path) -> None:
    for name in ("a.txt", "b.html", "c.HTML", "README", ".hidden.md"):
        (tmp_path / name).write_bytes(b"a")
    named = tmp_path / "b.html"
    assert sources.count_skipped([tmp_path, STDIN]) == {".html": 2, "": 1}
    assert sources.count_skipped([named]) == {}
