"""Retrying while a server cannot take work: jittered, bounded pauses, logged and not ready."""

import asyncio
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

T = TypeVar("T")

FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 5.0
# A server that is well answers within this, also under load.
SILENT_SECONDS = 5.0
# How soon a pause notices that it should end.
_SLICE_SECONDS = 0.1


class Unavailable(Exception):
    """A server cannot take the work now. Nothing is wrong with the records."""


class Interrupted(Exception):
    """The worker is stopping, or its partitions are another's now: give the work up uncommitted."""


class RetryPolicy:
    """Repeats work that a server could not take, until it can or until the worker must stop.

    There is no limit of attempts: an outage may last any time, and records wait in Kafka.

    :param interrupted: asked between attempts; True ends the waiting.
    """

    def __init__(
        self,
        health: Health,
        interrupted: Callable[[], bool],
        *,
        longest_pause_seconds: float = LONGEST_PAUSE_SECONDS,
    ) -> None:
        self._health = health
        self._interrupted = interrupted
        self._wait = wait_random_exponential(FIRST_PAUSE_SECONDS, max=longest_pause_seconds)

    async def run(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """Await ``attempt()`` again and again while it raises ``Unavailable``.

        :raises Interrupted: the worker must stop before it succeeded.
        """
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(Unavailable),
            wait=self._wait,
            stop=lambda _: self._interrupted(),
            sleep=self._pause,
            before_sleep=self._count_failure,
        )
        with self._health.waiting_scope():
            try:
                return await retrying(attempt)
            except RetryError as error:
                raise Interrupted from error

    async def wait_for(self, server: str, work: Awaitable[T]) -> T:
        """Await work that a client repeats by itself for as long as its server is away.

        Meanwhile the worker counts as alive, and after ``SILENT_SECONDS`` as not ready.

        :raises Interrupted: the worker must stop, and the server does not answer.
        """
        loop = asyncio.get_running_loop()
        start = loop.time()
        answer = asyncio.ensure_future(work)
        with self._health.waiting_scope():
            try:
                while not answer.done():
                    self._health.beat()
                    await asyncio.wait([answer], timeout=_SLICE_SECONDS)
                    if loop.time() - start > SILENT_SECONDS:
                        self._health.report_unavailable(server)
                        if self._interrupted():
                            raise Interrupted
                return await answer
            finally:
                answer.cancel()

    async def _pause(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while (rest := end - loop.time()) > 0 and not self._interrupted():
            self._health.beat()
            await asyncio.sleep(min(rest, _SLICE_SECONDS))
        if self._interrupted():
            # No last attempt: the partitions may be another's now, who is doing the work.
            raise Interrupted

    def _count_failure(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        self._health.report_unavailable(str(error))
        metrics.RETRIES.labels(self._health.service).inc()
