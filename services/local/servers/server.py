"""The interface of anything that the stack starts and waits for."""

import http.client
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from services.local.ports import PortRole
from services.local.state import HOST

# An answer from this machine that takes longer is asked for again.
ANSWER_SECONDS = 2.0


class Server(Protocol):
    """A server or worker that the stack starts."""

    @property
    def name(self) -> str:
        """For records and logs."""

    @property
    def title(self) -> str:
        """For people, within a sentence."""

    @property
    def roles(self) -> Sequence[PortRole]:
        """The ports that it needs."""

    @property
    def folder(self) -> Path:
        """Where it runs."""

    def prepare(self, ports: Mapping[str, int]) -> None:
        """Write on disk what the command will read."""

    def command(self) -> Sequence[str]:
        """The program and its arguments."""

    def environment(self, ports: Mapping[str, int]) -> Mapping[str, str]:
        """All of its environment."""

    def answers(self, ports: Mapping[str, int]) -> bool:
        """True once it does its work; never waits long and never raises."""


def status_of(port: int, path: str) -> int | None:
    """Return the status of a GET on this machine, without a proxy; None if there was no answer."""
    connection = http.client.HTTPConnection(HOST, port, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        response.read()
    except (OSError, http.client.HTTPException):
        return None
    else:
        return response.status
    finally:
        connection.close()
