"""What tests ask of processes, and how none of theirs is left behind."""

import ctypes
import signal
import sys

import psutil

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


def end_with_parent() -> None:
    """Have the kernel end this process when the test that starts it ends, however that happens.

    For ``preexec_fn``. Elsewhere than on Linux, tests that are killed leave workers behind.
    """
    if LIBC is not None:
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def runs(pid: int) -> bool:
    """Whether a process does anything still.

    One that ended keeps its pid until its parent asks for it; where that parent is gone too, init
    asks, when it likes.
    """
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
