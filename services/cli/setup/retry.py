"""Waiting, for a bounded time, for servers that are still starting."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from services.cli.support.errors import ServerUnavailable

T = TypeVar("T")

PAUSE_SECONDS = 0.5


class BoundedRetry:
    """Repeats steps while a server is away; all steps of one command share the time."""

    def __init__(self, wait_seconds: float) -> None:
        self._deadline = time.monotonic() + wait_seconds

    async def run(self, step: Callable[[], Awaitable[T]]) -> T:
        """Repeat a step until it succeeds; each is tried once at least.

        :raises ServerUnavailable: the server still was, when the time was over.
        """
        while True:
            try:
                return await step()
            except ServerUnavailable:
                if time.monotonic() >= self._deadline:
                    raise
            await asyncio.sleep(PAUSE_SECONDS)
