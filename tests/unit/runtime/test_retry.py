import asyncio

import pytest

from services.runtime.health import Health
from services.runtime.retry import Interrupted, RetryPolicy, Unavailable


async def test_what_was_unavailable_is_tried_again_until_it_is_done() -> None:
    health = Health("index")
    seen: list[str | None] = []

    async def attempt() -> str:
        seen.append(health.waiting_for)
        if len(seen) < 3:
            raise Unavailable("Elasticsearch")
        return "done"

    assert await RetryPolicy(health, lambda: False).run(attempt) == "done"
    # It says what it waits for while it waits, and not afterwards.
    assert seen == [None, "Elasticsearch", "Elasticsearch"]
    assert health.waiting_for is None


async def test_being_told_to_stop_ends_the_waiting() -> None:
    stopping = asyncio.Event()

    async def attempt() -> None:
        stopping.set()
        raise Unavailable("Kafka")

    with pytest.raises(Interrupted):
        await RetryPolicy(Health("index"), stopping.is_set).run(attempt)


async def test_any_other_error_is_not_waited_for() -> None:
    async def attempt() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await RetryPolicy(Health("index"), lambda: False).run(attempt)


async def test_what_ends_the_waiting_ends_the_attempts_too() -> None:
    """
    A last attempt could succeed, on partitions that another worker has by now.
    """
    attempts = 0
    told = False

    async def attempt() -> None:
        nonlocal attempts, told
        attempts += 1
        asyncio.get_running_loop().call_soon(tell)
        raise Unavailable("Elasticsearch")

    def tell() -> None:
        nonlocal told
        told = True

    with pytest.raises(Interrupted):
        await RetryPolicy(Health("index"), lambda: told).run(attempt)

    assert attempts == 1
