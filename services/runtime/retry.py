"""Waiting for a server that cannot take work now: jittered, bounded steps, said aloud."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    RetryError,
    retry_if_exception_type,
    wait_random_exponential,
)

from services.runtime import metrics
from services.runtime.health import Health

logger = logging.getLogger(__name__)

T = TypeVar("T")

FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 5.0
# A server that is well answers within this, also under load.
SILENT_SECONDS = 5.0
# How soon a pause notices that it should end.
_SLICE_SECONDS = 0.1


class Unavailable(Exception):
    """The world cannot take the work now. Nothing is wrong with the records."""


class Interrupted(Exception):
    """The worker is stopping, or its partitions are another's now: give the work up uncommitted."""


class RetryPolicy:
    """Repeats what the world could not take, until it can or until it is interrupted.

    There is no limit of attempts: an outage may last any time, and records wait in Kafka.

    :param interrupted: asked between attempts; True ends the waiting.
    """

    def __init__(self, health: Health, interrupted: Callable[[], bool]) -> None:
        self._health = health
        self.interrupted = interrupted

    async def run(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """Await ``attempt()`` again and again while it raises ``Unavailable``.

        :raises Interrupted: told to stop before it succeeded.
        """
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(Unavailable),
            wait=wait_random_exponential(FIRST_PAUSE_SECONDS, max=LONGEST_PAUSE_SECONDS),
            stop=lambda _: self.interrupted(),
            sleep=self._pause,
            before_sleep=self._say,
        )
        try:
            return await retrying(attempt)
        except RetryError as error:
            raise Interrupted from error
        finally:
            if self._health.waiting_for is not None:
                logger.info("The waiting is over.", extra={"cause": self._health.waiting_for})
            self._health.waiting_for = None

    async def answered(self, what: str, work: Awaitable[T]) -> T:
        """Await what a client repeats by itself for as long as its server is away.

        Meanwhile the worker lives, and after a while says what it waits for.

        :raises Interrupted: told to stop, and the server does not answer.
        """
        answer = asyncio.ensure_future(work)
        try:
            await self._watch(what, answer)
            return await answer
        finally:
            answer.cancel()

    async def _watch(self, what: str, answer: asyncio.Future[T]) -> None:
        loop = asyncio.get_running_loop()
        start = loop.time()
        try:
            while not answer.done():
                self._health.beat()
                await asyncio.wait([answer], timeout=_SLICE_SECONDS)
                waited = loop.time() - start
                if waited > SILENT_SECONDS:
                    self._wait_for(what)
                    if self.interrupted():
                        raise Interrupted
        finally:
            self._health.waiting_for = None

    async def _pause(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while (rest := end - loop.time()) > 0 and not self.interrupted():
            self._health.beat()
            await asyncio.sleep(min(rest, _SLICE_SECONDS))
        if self.interrupted():
            # No last attempt: the partitions may be another's now, who is doing the work.
            raise Interrupted

    def _say(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        self._wait_for(str(error))
        metrics.RETRIES.labels(self._health.service).inc()

    def _wait_for(self, what: str) -> None:
        if self._health.waiting_for is None:
            logger.warning("A server is not available; waiting for it.", extra={"cause": what})
        self._health.waiting_for = what
