"""Waiting, for a bounded time, for servers that are still starting."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

PAUSE_SECONDS = 1.0


class ServerAway(Exception):
    """A server does not answer, or says that it cannot work yet."""


AWAY = (ServerAway,)


async def patiently(step: Callable[[], Awaitable[T]], wait_seconds: float) -> T:
    """Repeat a step while a server is away.

    :raises ServerAway: it still was, after all that time.
    """
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            return await step()
        except AWAY:
            if time.monotonic() > deadline:
                raise
        await asyncio.sleep(PAUSE_SECONDS)
