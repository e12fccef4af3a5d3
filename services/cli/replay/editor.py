"""Edit bytes in the editor of the user."""

import os
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

from services.cli.support.errors import CommandError, ExitCode

# As the name of the setting says, in the order in which other programs ask.
VARIABLES = ("VISUAL", "EDITOR")
USUAL = ("sensible-editor", "vi", "nano")


def edit(original: bytes, suffix: str) -> bytes:
    """Open bytes in the editor of the user; return exactly what it leaves.

    :param suffix: of the file's name, by which editors know the language.
    :raises CommandError: there is no editor, or it fails.
    """
    command = editor()
    with tempfile.TemporaryDirectory(prefix="newsline-") as folder:
        file = Path(folder, f"dead-letter{suffix}")
        file.write_bytes(original)
        try:
            subprocess.run([*command, str(file)], check=True)  # noqa: S603 - the user's own editor
            return file.read_bytes()
        except (OSError, subprocess.CalledProcessError) as error:
            failure = (
                f"exit {error.returncode}"
                if isinstance(error, subprocess.CalledProcessError)
                else error.strerror
            )
            raise CommandError(
                f"the editor {command[0]} failed ({failure}); nothing was sent", ExitCode.WRONG_USE
            ) from error


def editor() -> list[str]:
    """Find the command of the editor: VISUAL, EDITOR, or a usual one.

    :raises CommandError: there is none.
    """
    for name in VARIABLES:
        try:
            if command := shlex.split(os.environ.get(name, "")):
                return command
        except ValueError as error:
            raise CommandError(f"{name} is no command: {error}", ExitCode.WRONG_USE) from error
    for usual in USUAL:
        if found := shutil.which(usual):
            return [found]
    raise CommandError("there is no editor; EDITOR names one", ExitCode.WRONG_USE)


def is_changed(original: bytes, edited: bytes) -> bool:
    """Whether anything was changed. A line break at the end does not count: editors add one."""
    return edited not in (original, original + b"\n")
