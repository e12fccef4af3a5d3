"""What can go wrong with a stack, in words for the person in front of it."""

from collections.abc import Sequence
from pathlib import Path


class StackError(Exception):
    """The stack cannot do what was asked: what happened, and what its user can do about it."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what, hint)
        self.what = what
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.what}\n{self.hint}" if self.hint else self.what


class PortTaken(StackError):
    """Something else listens where one of our servers should."""

    def __init__(self, server: str, port: int, setting: str) -> None:
        super().__init__(
            f"Port {port} on 127.0.0.1, which {server} needs, is taken.",
            f"Use --free-ports, or set {setting} to another port, or stop what listens there.",
        )
        self.port = port


class NoFreePort(StackError):
    """Every port that was tried is taken."""


class ServerDied(StackError):
    """A server or worker ended while it was starting."""

    def __init__(self, server: str, code: int | None, log: Path, last_lines: Sequence[str]) -> None:
        ending = "ended" if code is None else f"ended with code {code}"
        said = "".join(f"\n  {line}" for line in last_lines) or "\n  (nothing)"
        super().__init__(
            f"{server} {ending} while it was starting. Its last words:{said}",
            f"The whole log is {log}",
        )
        self.server = server


class ServerSilent(StackError):
    """A server runs but did not answer in the time it was given."""

    def __init__(self, server: str, seconds: float, log: Path, last_lines: Sequence[str]) -> None:
        said = "".join(f"\n  {line}" for line in last_lines) or "\n  (nothing)"
        super().__init__(
            f"{server} did not answer within {seconds:g} s. Its last words:{said}",
            f"The whole log is {log}; NEWSLINE_START_SECONDS gives it more time.",
        )
        self.server = server


class DownloadFailed(StackError):
    """The servers' jars are not here and cannot be fetched."""


class JavaUnusable(StackError):
    """There is no Java runtime for this machine, or it does not run."""


class HomeUnusable(StackError):
    """The stack's folder cannot be used as one."""


class HomeBusy(StackError):
    """Another command is starting or stopping the same stack."""
