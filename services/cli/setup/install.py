"""Make topics, index templates and the alias, once the servers answer."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from services.cli.support.clients import reaching_kafka, searching
from services.cli.support.errors import ServerUnavailable
from services.cli.support.target import Target
from services.elastic import schema
from services.runtime.kafka.topics import ensure_topics

RETRY_SECONDS = 0.5

T = TypeVar("T")


async def install(target: Target, wait_seconds: float) -> list[str]:
    """Make what is missing; what was done, in lines.

    :raises CommandError: a server did not answer in all that time, or refuses.
    """

    async def topics() -> list[str]:
        with reaching_kafka(target.kafka):
            return await ensure_topics(target.kafka, target.namespace, target.topics)

    async def templates() -> list[str]:
        async with searching(target.elasticsearch) as client:
            return await schema.install_schema(client, target.namespace, target.index)

    deadline = time.monotonic() + wait_seconds
    made = await _patiently(topics, deadline)
    indexed = await _patiently(templates, deadline)
    return [
        f"Made topics {', '.join(made)}." if made else "All topics were there.",
        f"Made {', '.join(indexed)}." if indexed else "Index templates and alias were there.",
    ]


async def _patiently(step: Callable[[], Awaitable[T]], deadline: float) -> T:
    while True:
        try:
            return await step()
        except ServerUnavailable:
            if time.monotonic() > deadline:
                raise
        await asyncio.sleep(RETRY_SECONDS)
