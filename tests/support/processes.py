"""What tests ask of processes they did not start themselves."""

import psutil


def runs(pid: int) -> bool:
    """Whether a process does anything still.

    One that ended keeps its pid until its parent asks for it; where that parent is gone too, init
    asks, when it likes.
    """
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
