"""The work on a batch takes longer than the group's session timeout."""

import asyncio

import pytest

from tests.faults.conservation import articles, conserved
from tests.faults.steps import behind_a_proxy, waits
from tests.support.pipeline import Pipeline, Worker, eventually

SESSION_SECONDS = 2


def assigned(worker: Worker) -> int:
    return sum("were assigned" in line["message"] for line in worker.log())


async def test_heartbeats_stay_alive_during_long_work(pipe: Pipeline) -> None:
    """
    Three sessions long Elasticsearch takes the request and does not answer.
    """
    session = {"NEWSLINE_KAFKA_SESSION_TIMEOUT_SECONDS": str(SESSION_SECONDS)}
    async with behind_a_proxy(pipe, **session) as (index, proxy):
        before = assigned(index)
        proxy.silence()
        pushed = articles(200)
        await pipe.push(pushed)
        await asyncio.sleep(3 * SESSION_SECONDS)  # the fault itself
        await proxy.mend()
        await pipe.drained(within=30)

        assert assigned(index) == before
        assert (await conserved(pipe, pushed)).indexed == 200


@pytest.mark.faults
async def test_partitions_that_are_revoked_during_long_work_lose_nothing(pipe: Pipeline) -> None:
    """
    A second indexer joins while the first waits; the batch in hand is given up, and done again.
    """
    async with behind_a_proxy(pipe) as (index, proxy):
        await proxy.cut()
        pushed = articles(400, corrected=50)
        await pipe.push(pushed)
        await waits(index)
        second = pipe.start("index")

        async def shared() -> bool:
            return assigned(second) > 0

        await eventually("the second one has partitions", shared)
        await second.ready()
        await proxy.mend()
        await pipe.drained(within=30)

        assert (await conserved(pipe, pushed)).indexed == 400
        assert [index.process.poll(), second.process.poll()] == [None, None]
        assert any("given up" in line["message"] for line in index.log())
