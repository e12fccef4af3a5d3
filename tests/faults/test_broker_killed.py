"""The broker is killed under load, and comes back on its data."""

import asyncio

import pytest

from tests.faults.conservation import articles, conserved
from tests.faults.servers import OwnServers
from tests.faults.steps import under_way
from tests.support.pipeline import Pipeline

pytestmark = pytest.mark.faults


@pytest.mark.parametrize("seconds", [5, 35, 200])
@pytest.mark.timeout(300)
async def test_every_worker_goes_on_by_itself_when_the_broker_is_back(
    mortal: OwnServers, mortal_pipe: Pipeline, seconds: float
) -> None:
    """
    Longer than a session, than a producer's time-out, and than the group's.
    """
    pipe = mortal_pipe
    workers = (await pipe.start_all()).values()
    pushed = articles(1500, corrected=300)
    await pipe.push(pushed)
    await under_way(pipe)
    await mortal.kill("kafka")
    await asyncio.sleep(seconds)  # the fault itself
    assert [(await worker.get("/livez"))[0] for worker in workers] == [200] * 3
    await mortal.start("kafka")
    more = articles(500, source="more")
    await pipe.push(more)
    await pipe.drained(within=60)

    balance = await conserved(pipe, pushed + more)
    assert (balance.indexed, balance.dead) == (2000, 0)
    assert [worker.process.poll() for worker in workers] == [None] * 3
