"""What an editor leaves is what is sent, byte for byte."""

import sys
from pathlib import Path

import pytest

from services.cli.replay.editor import VARIABLES, edit, editor, is_changed
from services.cli.support.errors import CommandError, ExitCode


@pytest.fixture(autouse=True)
def none(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def script(folder: Path, code: str) -> str:
    file = folder / "my editor.py"
    file.write_text(f"import sys, pathlib\nfile = pathlib.Path(sys.argv[-1])\n{code}\n")
    return f"{sys.executable} '{file}' --wait"


def test_bytes_are_neither_decoded_nor_ended(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    original = b"\xef\xbb\xbf\xff\r\n\x00"
    code = f"assert file.read_bytes() == {original!r}\nassert file.suffix == '.json'\n"
    command = script(tmp_path, code + r"file.write_bytes(b'\xfe\r\n\r')")
    monkeypatch.setenv("EDITOR", command)
    assert edit(original, ".json") == b"\xfe\r\n\r"


@pytest.mark.parametrize("code", ["sys.exit(3)", "file.unlink()"])
def test_an_editor_that_fails_sends_nothing(
    code: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("EDITOR", script(tmp_path, code))
    with pytest.raises(CommandError, match="nothing was sent") as ended:
        edit(b"x", ".txt")
    assert ended.value.code is ExitCode.WRONG_USE


@pytest.mark.parametrize("command", ["/nonexistent/editor", "vi 'unclosed"])
def test_an_editor_that_is_none_is_said(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDITOR", command)
    with pytest.raises(CommandError, match=r"/nonexistent/editor|EDITOR"):
        edit(b"x", ".txt")


def test_without_any_editor_the_variable_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CommandError, match="EDITOR"):
        editor()


def test_visual_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDITOR", "ed")
    monkeypatch.setenv("VISUAL", "code --wait")
    assert editor() == ["code", "--wait"]


def test_a_last_line_that_was_ended_is_no_change() -> None:
    assert not is_changed(b"x", b"x")
    assert not is_changed(b"x", b"x\n")
    assert is_changed(b"x", b"y\n")
    assert is_changed(b"x\n", b"x")
