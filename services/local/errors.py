"""Errors of the local stack, worded for the person at the terminal."""

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
    """Another program listens on a port that one of our servers needs.

    :param holder: a sentence that says which program; empty where that is not known.
    """

    def __init__(self, server: str, port: int, setting: str, holder: str = "") -> None:
        super().__init__(
            f"Port {port} on 127.0.0.1, which {server} needs, is taken. {holder}".rstrip(),
            f"Use --free-ports, or set {setting} to another port, or stop what listens there.",
        )
        self.port = port


class NoFreePort(StackError):
    """Every port that was tried is taken."""


class ServerDied(StackError):
    """A server or worker ended while it was starting; its log is quoted."""

    def __init__(self, server: str, code: int | None, log: Path, last_lines: Sequence[str]) -> None:
        ending = "ended" if code is None else f"ended with code {code}"
        super().__init__(
            f"{capitalized(server)} {ending} while it was starting.{_quoted(last_lines)}",
            f"The whole log is {log}",
        )
        self.server = server


class ServerNotAnswering(StackError):
    """A server runs but has not answered in time; its log is quoted."""

    def __init__(self, server: str, seconds: float, log: Path, last_lines: Sequence[str]) -> None:
        super().__init__(
            f"{capitalized(server)} did not answer within {seconds:g} s.{_quoted(last_lines)}",
            f"The whole log is {log}; NEWSLINE_START_SECONDS gives it more time.",
        )
        self.server = server


class DownloadFailed(StackError):
    """The servers' jars are not here and cannot be fetched."""


class JavaUnusable(StackError):
    """There is no Java runtime for this machine, or it does not run."""


class HomeUnusable(StackError):
    """The stack's folder cannot be written, or holds something else."""


class HomeBusy(StackError):
    """Another command is starting or stopping the same stack."""


def _quoted(lines: Sequence[str]) -> str:
    return " Its log ends:" + ("".join(f"\n  {line}" for line in lines) or "\n  (nothing)")


def capitalized(title: str) -> str:
    """Return a title as the beginning of a sentence."""
    return title[:1].upper() + title[1:]
