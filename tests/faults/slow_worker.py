"""A worker that has every batch in hand for seconds, on any machine: its servers answer late.
``SERVICE`` says which worker.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from functools import wraps
from importlib import import_module
from typing import Any

from services.index.writer import ArticleStore
from services.runtime.kafka.batch_producer import BatchProducer

# Longer than a rebalance, so that a batch which nobody waits for ends after it.
BATCH_SECONDS = 3.0


def late(hand_on: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """The same, half of the time before and half of it after the batch is with the server."""

    @wraps(hand_on)
    async def handed_on(*batch: object) -> Any:
        await asyncio.sleep(BATCH_SECONDS / 2)
        answer = await hand_on(*batch)
        await asyncio.sleep(BATCH_SECONDS / 2)
        return answer

    return handed_on


if __name__ == "__main__":
    for owner, name in ((BatchProducer, "send"), (ArticleStore, "write")):
        setattr(owner, name, late(getattr(owner, name)))
    import_module(f"services.{os.environ['SERVICE']}.__main__").main()
