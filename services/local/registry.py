"""Remember where this user's stacks run, so that a command in another folder can say so."""

import hashlib
import os
import shlex
from contextlib import suppress
from pathlib import Path

import psutil

from services.local.home import Home
from services.local.processes import find_process
from services.local.state import ProcessRecord

# Neither a folder that cannot be written nor a user without one may keep a stack from starting.
_UNUSABLE = (OSError, RuntimeError)


def register_home(home: Home) -> None:
    """Note that a stack runs in this home."""
    with suppress(*_UNUSABLE):
        entry = _entry(home)
        entry.parent.mkdir(parents=True, exist_ok=True)
        entry.write_bytes(os.fsencode(home.path))


def unregister_home(home: Home) -> None:
    """Note that no stack runs in this home any more."""
    with suppress(*_UNUSABLE):
        _entry(home).unlink(missing_ok=True)


def running_homes() -> list[Home]:
    """Return the homes of all stacks of this user that run; forget those that were removed."""
    homes = []
    with suppress(*_UNUSABLE):
        for entry in sorted(_folder().iterdir()):
            home = Home(Path(os.fsdecode(entry.read_bytes())))
            if not home.exists:
                entry.unlink(missing_ok=True)
            elif _running(home):
                homes.append(home)
    return homes


def describe_other_stacks(home: Home) -> str:
    """Name the homes of running stacks where none runs from this home; empty where one does."""
    if _running(home):
        return ""
    others = [f"NEWSLINE_HOME={shlex.quote(str(other.path))}" for other in running_homes()]
    if not others:
        return ""
    verb = "one runs" if len(others) == 1 else "others run"
    return f"No stack runs from {home.path}; {verb} from elsewhere: {', '.join(others)}"


def describe_holder(port: int) -> str:
    """Say which stack or process listens on a port; empty where that cannot be known."""
    for home in running_homes():
        for record in _running(home):
            if port in record.ports.values():
                where = shlex.quote(str(home.path))
                return f"It is {record.name} of the stack of NEWSLINE_HOME={where}."
    # Processes of other users are not shown, and on macOS none without rights.
    with suppress(psutil.Error, OSError):
        for connection in psutil.net_connections("tcp"):
            listens = connection.status == psutil.CONN_LISTEN
            if listens and connection.pid and tuple(connection.laddr)[1:] == (port,):
                name = psutil.Process(connection.pid).name()
                return f"Process {connection.pid} ({name}) listens there."
    return ""


def _running(home: Home) -> list[ProcessRecord]:
    return [record for record in home.load().processes.values() if find_process(record)]


def _folder() -> Path:
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "newsline" / "stacks"


def _entry(home: Home) -> Path:
    return _folder() / hashlib.sha256(os.fsencode(home.path)).hexdigest()[:16]
