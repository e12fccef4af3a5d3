"""Rows 1 and 15: workers are stopped, killed, and come and go every few seconds."""

import asyncio
import signal

import pytest

from services.contracts.topics import ENRICHED
from tests.faults.conservation import articles, conserved
from tests.live.pipeline import Pipeline, eventually

SERVICES = ("ingest", "enrich", "index")

pytestmark = pytest.mark.faults


async def under_way(pipe: Pipeline) -> None:
    """Return once the first articles have come as far as the last topic."""

    async def some() -> bool:
        return bool(await pipe.records(pipe.topic(ENRICHED).name))

    await eventually("the first are enriched", some)


async def settles(pipe: Pipeline, pushed: list[bytes], within: float) -> None:
    await pipe.drained(within=within)
    balance = await conserved(pipe, pushed)
    assert balance.pushed == balance.indexed + balance.superseded + balance.dead


@pytest.mark.timeout(240)
async def test_workers_stopped_past_their_session_lose_nothing_and_work_on_when_they_wake(
    mortal_pipe: Pipeline,
) -> None:
    """
    A stopped worker does not know that it was expelled: it wakes with a batch in its hands that
    another has done meanwhile, and commits. Twelve seconds are two of its sessions.
    """
    pipe = mortal_pipe
    first = list((await pipe.start_all()).values())
    pushed = articles(2000, corrected=500)
    await pipe.push(pushed)
    await under_way(pipe)
    for worker in first:
        worker.kill(signal.SIGSTOP)
    await pipe.start_all()
    await asyncio.sleep(12)  # the fault itself
    for worker in first:
        worker.kill(signal.SIGCONT)
    more = articles(500, source="more")
    await pipe.push(more)
    await settles(pipe, pushed + more, within=120)

    assert [worker.process.poll() for worker in pipe.workers] == [None] * 6
    # Those that woke can do it alone.
    for worker in pipe.workers[3:]:
        worker.kill(signal.SIGTERM)
    assert [await worker.ended() for worker in pipe.workers[3:]] == [0, 0, 0]
    last = articles(300, source="last")
    await pipe.push(last)
    await settles(pipe, pushed + more + last, within=60)


@pytest.mark.timeout(240)
async def test_workers_that_come_and_go_every_few_seconds_get_on_with_it(
    mortal_pipe: Pipeline,
) -> None:
    pipe = mortal_pipe
    alive = [*(await pipe.start_all()).values()]
    pushed = articles(3000, corrected=1000)
    for turn in range(12):
        alive.append(pipe.start(SERVICES[turn % 3]))
        await asyncio.sleep(1.5)  # the fault itself
        # As it comes in: whoever is killed has something in hand.
        await pipe.push(pushed[turn::12])
        await asyncio.sleep(0.5)  # for the batch to be in hand when its worker is killed
        if turn % 2:
            # The oldest one, which has partitions and a batch in hand by now; the last one is told.
            alive.pop(0).kill(signal.SIGKILL if turn < 11 else signal.SIGTERM)
    await settles(pipe, pushed, within=120)

    assert [worker.process.poll() for worker in alive] == [None] * len(alive)
