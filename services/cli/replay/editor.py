"""Let a person change bytes in their editor."""

import os
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

from services.cli.support.errors import Code, Ended

# As the name of the setting says, in the order in which other programs ask.
VARIABLES = ("VISUAL", "EDITOR")
USUAL = ("sensible-editor", "vi", "nano")


def edit(original: bytes, suffix: str) -> bytes:
    """What the editor leaves of these bytes, exactly.

    :param suffix: of the file's name, by which editors know the language.
    :raises Ended: there is no editor, or it fails.
    """
    command = editor()
    with tempfile.TemporaryDirectory(prefix="newsline-") as folder:
        file = Path(folder, f"letter{suffix}")
        file.write_bytes(original)
        try:
            subprocess.run([*command, str(file)], check=True)  # noqa: S603 - the user's own editor
            return file.read_bytes()
        except (OSError, subprocess.CalledProcessError) as error:
            told = (
                f"exit {error.returncode}"
                if isinstance(error, subprocess.CalledProcessError)
                else error.strerror
            )
            raise Ended(
                f"the editor {command[0]} failed ({told}); nothing was sent", Code.WRONG_USE
            ) from error


def editor() -> list[str]:
    """The command of the user's editor.

    :raises Ended: there is none.
    """
    for name in VARIABLES:
        try:
            if command := shlex.split(os.environ.get(name, "")):
                return command
        except ValueError as error:
            raise Ended(f"{name} is no command: {error}", Code.WRONG_USE) from error
    for usual in USUAL:
        if found := shutil.which(usual):
            return [found]
    raise Ended("there is no editor; EDITOR names one", Code.WRONG_USE)


def is_changed(original: bytes, edited: bytes) -> bool:
    """Whether a person changed anything; editors end the last line on their own account."""
    return edited not in (original, original + b"\n")
