"""The folder that holds a stack's data, logs and state."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from services.local.errors import HomeBusy, HomeUnusable
from services.local.locking import file_lock
from services.local.progress import Report, Step
from services.local.state import StackState

# A folder that has this file is ours to wipe; any other is not.
MARKER = "newsline-home"
MARKER_TEXT = "This folder belongs to `newsline up`; `newsline down --wipe` removes it.\n"
CONTENTS = ("kafka", "elasticsearch", "logs", "state.json", "lock", MARKER)
OLD_LOG_BYTES = 20 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Home:
    """A stack's folder, which need not exist yet."""

    path: Path

    @property
    def kafka(self) -> Path:
        """The broker's own folder."""
        return self.path / "kafka"

    @property
    def elasticsearch(self) -> Path:
        """The node's own folder."""
        return self.path / "elasticsearch"

    @property
    def exists(self) -> bool:
        """True if a stack was ever made here."""
        return (self.path / MARKER).is_file()

    def prepare(self) -> None:
        """Make the folder and its parts.

        :raises HomeUnusable: it cannot be written, or is something else's.
        """
        try:
            if self.path.is_dir() and not self.exists and any(self.path.iterdir()):
                raise HomeUnusable(
                    f"{self.path} holds other files and is not a Newsline home.",
                    "Set NEWSLINE_HOME to a folder that is empty or does not exist yet.",
                )
            for folder in (self.kafka, self.elasticsearch, self.path / "logs"):
                folder.mkdir(parents=True, exist_ok=True)
            (self.path / MARKER).write_text(MARKER_TEXT, encoding="utf-8")
        except OSError as error:
            raise self._unwritable(error) from error

    @contextmanager
    def locked(self, wait_seconds: float, report: Report) -> Iterator[None]:
        """Hold the lock of this stack, so that no other command changes it. The folder must exist.

        :raises HomeBusy: another command kept the stack for all of the wait.
        """
        with file_lock(self.path / "lock", 0) as free:
            if free:
                yield
                return
        report(Step("Waiting for another newsline command on this stack…"))
        with file_lock(self.path / "lock", wait_seconds) as free:
            if not free:
                raise HomeBusy(
                    f"Another newsline command has been at work on {self.path}"
                    f" for {wait_seconds:g} s.",
                    "Wait for it to end, or stop it.",
                )
            yield

    def log(self, name: str) -> Path:
        """Return the log file of a process; a large one of an earlier process is set aside."""
        log = self.path / "logs" / f"{name}.log"
        if log.is_file() and log.stat().st_size > OLD_LOG_BYTES:
            log.replace(log.with_suffix(".log.1"))
        return log

    def load(self) -> StackState:
        """Return the state that was last saved; an empty one if there is none that can be read."""
        try:
            return StackState.from_json(json.loads(self._state_file.read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError, TypeError):
            return StackState()

    def save(self, state: StackState) -> None:
        """Replace the state atomically: a reader sees the old or the new one, never a part."""
        draft = self._state_file.with_suffix(f".{os.getpid()}.tmp")
        try:
            draft.write_text(json.dumps(state.to_json(), indent=2) + "\n", encoding="utf-8")
            draft.replace(self._state_file)
        except OSError as error:
            raise self._unwritable(error) from error

    def wipe(self) -> None:
        """Remove what a stack made here, and the folder too if nothing else is in it.

        :raises HomeUnusable: the folder is no stack's home.
        """
        if not self.exists:
            raise HomeUnusable(
                f"{self.path} is not a Newsline home; nothing was removed.",
                "Set NEWSLINE_HOME to the folder that `newsline up` used.",
            )
        for name in CONTENTS:
            entry = self.path / name
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink(missing_ok=True)
        if not any(self.path.iterdir()):
            self.path.rmdir()

    @property
    def _state_file(self) -> Path:
        return self.path / "state.json"

    def _unwritable(self, error: OSError) -> HomeUnusable:
        return HomeUnusable(
            f"{self.path} cannot be written: {error.strerror or error}.",
            "Set NEWSLINE_HOME to a folder of yours with some room.",
        )
