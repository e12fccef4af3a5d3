"""A worker's pool in a program of its own, interrupted as by a terminal."""

import asyncio
import os
import signal
import time

from services.enrich.pool import Enriched, EnrichmentPool, ModelFunctions

# Stands for the time that models take: interrupts come in its middle. Nothing waits for it.
BUSY_SECONDS = 0.2


def load() -> None:
    time.sleep(BUSY_SECONDS)


def work(value: bytes | None) -> Enriched:
    time.sleep(BUSY_SECONDS)
    return Enriched("id", value or b"", 0.0)


async def interrupt_group() -> None:
    """Send what Ctrl-C sends, to all processes of the terminal, all the time."""
    while True:
        os.killpg(0, signal.SIGINT)
        await asyncio.sleep(0.02)  # the pace: ten of them meet each load and each piece of work


async def main() -> None:
    # Handled, as by a worker, and not ignored: children would inherit that.
    signal.signal(signal.SIGINT, lambda *_: None)
    pool = EnrichmentPool(
        ModelFunctions(load, work), processes=1, timeout_seconds=30, beat=lambda: None
    )
    interrupts = asyncio.create_task(interrupt_group())
    try:
        await pool.start()
        await pool.enrich([b"1"])
    finally:
        interrupts.cancel()
        pool.close()


if __name__ == "__main__":
    asyncio.run(main())
