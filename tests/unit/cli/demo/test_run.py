import shlex
import sys
from pathlib import Path

import pytest

from services.cli.demo.run import ARTICLES, SAMPLE, ids_of, next_commands

GIVEN = Path(__file__).parents[3] / "data" / SAMPLE.name


def test_the_sample_is_the_one_that_was_given() -> None:
    assert SAMPLE.read_bytes() == GIVEN.read_bytes()


async def test_every_article_of_the_demo_is_one_for_ingest() -> None:
    """Nine records, one of them a correction of another."""
    ids = await ids_of(ARTICLES)
    assert len(ids) == len(set(ids)) == 8
    assert ids[0] == (await ids_of(SAMPLE))[0]


def test_what_to_try_next_can_be_pasted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "bin" / "newsline"
    program.parent.mkdir()
    program.touch(mode=0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin" / "python"))
    monkeypatch.setenv("PATH", "/nonexistent")

    assert next_commands("abc")[0] == 'bin/newsline search "ukraine war"'
    (tmp_path / "bin" / "activate").touch()
    assert next_commands("abc")[:2] == ["source bin/activate", 'newsline search "ukraine war"']
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert next_commands("abc")[2] == "newsline show abc"
    assert shlex.split(next_commands("abc")[3]) == ["newsline", "push", str(ARTICLES), "--wait"]
