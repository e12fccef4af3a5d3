"""A lock file: one holder at a time, across processes."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def file_lock(path: Path, wait_seconds: float) -> Iterator[bool]:
    """Hold the lock file, or yield False if another process held it for all of the wait.

    The system drops the lock with its holder, however that dies.
    """
    deadline = time.monotonic() + wait_seconds
    handle = _acquire(path)
    while handle is None and time.monotonic() < deadline:
        time.sleep(0.1)
        handle = _acquire(path)
    try:
        yield handle is not None
    finally:
        if handle is not None:
            os.close(handle)


def _acquire(path: Path) -> int | None:
    # Here and not before the wait: who held the lock may have removed the folder with it.
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    with suppress(BlockingIOError, FileNotFoundError):
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # A wipe may have removed the file between opening and locking: then this lock is nobody's.
        if os.path.samestat(os.fstat(handle), path.stat()):
            return handle
    os.close(handle)
    return None
