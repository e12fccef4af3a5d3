"""The life cycle of a worker: settings, signals, draining, exit code."""

import asyncio
import logging
import os
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from services.runtime import health
from services.runtime.health import Health
from services.runtime.logging import configure_logging
from services.runtime.retry import Interrupted
from services.runtime.settings import (
    SettingsError,
    WorkerSettings,
    refuse_misspelt,
    stop_for_wrong_use,
)

logger = logging.getLogger(__name__)

EXIT_CRASHED = 1
STUCK_CHECKS = 2
STUCK_CHECK_SECONDS = 5.0

Body = Callable[[asyncio.Event, Health], Awaitable[None]]


@contextmanager
def reading_settings() -> Iterator[None]:
    """Refuse misspelt variables; exit 2 with one line where a setting cannot be used."""
    try:
        refuse_misspelt()
        yield
    except SettingsError as error:
        stop_for_wrong_use(error)


def run(service: str, settings: WorkerSettings, body: Body) -> None:
    """Run a worker until SIGTERM or SIGINT, then drain; the process's exit code says how it went.

    ``body(stopping, health)`` works until ``stopping`` is set and then finishes its current batch.
    What it has not finished after ``shutdown_seconds`` is cancelled: it is not committed, and will
    be done again.
    """
    configure_logging(service, settings.log_level)
    try:
        asyncio.run(_live(service, settings, body))
    except SettingsError as error:
        stop_for_wrong_use(error)
    except Exception:
        logger.exception("The worker cannot go on; what is not committed will be done again.")
        raise SystemExit(EXIT_CRASHED) from None
    logger.info("The worker has stopped.")


async def _live(service: str, settings: WorkerSettings, body: Body) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    state = Health(service)
    async with health.serve(state, settings):
        # Not a task group: it would wrap the one error that decides the exit code.
        work = asyncio.create_task(_work(body, stopping, state), name=service)
        guard = asyncio.create_task(_drain(work, stopping, settings.shutdown_seconds), name="drain")
        watch = asyncio.create_task(_end_when_stuck(state), name="watch")
        try:
            await work
        except asyncio.CancelledError:
            if not stopping.is_set():
                raise
        finally:
            guard.cancel()
            watch.cancel()


async def _work(body: Body, stopping: asyncio.Event, state: Health) -> None:
    try:
        await body(stopping, state)
    except Interrupted:
        if not stopping.is_set():
            raise


async def _end_when_stuck(state: Health) -> None:
    """End a process that only a restart can help; not every supervisor asks ``/livez``."""
    failed = 0
    while failed < STUCK_CHECKS:
        await asyncio.sleep(STUCK_CHECK_SECONDS)
        # Twice: a process that was stopped and wakes has not had its turn yet.
        failed = 0 if state.alive else failed + 1
    logger.critical("The worker is stuck; the process ends, and what it had is done again.")
    logging.shutdown()
    os._exit(EXIT_CRASHED)


async def _drain(work: asyncio.Task[None], stopping: asyncio.Event, seconds: float) -> None:
    """After SIGTERM the work has one deadline, and then it is cancelled."""
    await stopping.wait()
    logger.info("The worker is stopping.", extra={"deadline_seconds": seconds})
    await asyncio.wait([work], timeout=seconds)
    if work.done():
        return
    logger.warning("The deadline has passed; the current batch is given up uncommitted.")
    work.cancel()
    # Closing clients may hang on a server that is away; the process must end all the same.
    asyncio.get_running_loop().call_later(seconds / 4, os._exit, 0)
