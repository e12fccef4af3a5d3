"""Elasticsearch is away for seconds or minutes: refused, silent, or slow."""

import asyncio
import signal

import pytest

from tests.faults.conservation import articles, conserved
from tests.faults.servers import OwnServers
from tests.faults.steps import all_enriched, behind_a_proxy, waits
from tests.faults.usage import Usage, report, resident_bytes
from tests.support.pipeline import Pipeline

MIB = 1024 * 1024


async def test_the_indexer_waits_without_a_dead_letter_and_goes_on_by_itself(
    pipe: Pipeline,
) -> None:
    async with behind_a_proxy(pipe) as (index, proxy):
        await proxy.cut()
        pushed = articles(300, corrected=50)
        await pipe.push(pushed)
        await all_enriched(pipe, len(pushed))
        await waits(index)

        assert (await index.get("/livez"))[0] == 200
        assert not await pipe.documents(everything=True)
        await proxy.mend()
        await pipe.drained(within=30)
        assert (await conserved(pipe, pushed)).indexed == 300
        assert (await index.get("/readyz"))[0] == 200
        waiting = [line for line in index.log() if "waiting for it" in line["message"]]
        assert len(waiting) == 1, "one line for one outage"


async def test_the_indexer_stops_at_once_while_it_waits_and_its_batch_is_done_by_the_next(
    pipe: Pipeline,
) -> None:
    async with behind_a_proxy(pipe) as (index, proxy):
        await proxy.cut()
        pushed = articles(50)
        await pipe.push(pushed)
        await waits(index)
        index.kill(signal.SIGTERM)

        assert await index.ended(within=5) == 0
        await pipe.start("index").ready()
        await pipe.drained(within=30)
        assert (await conserved(pipe, pushed)).indexed == 50


async def test_a_silent_wire_is_given_up_after_the_timeout_and_tried_again(pipe: Pipeline) -> None:
    """
    Nobody is told that the other end is gone; half-written batches are written again.
    """
    async with behind_a_proxy(pipe, NEWSLINE_ELASTICSEARCH_TIMEOUT_SECONDS="2") as (index, proxy):
        proxy.delay_seconds = 0.02
        pushed = articles(300, corrected=50)
        await pipe.push(pushed)
        await all_enriched(pipe, 1)
        proxy.silence()
        await waits(index)
        await proxy.cut()
        await proxy.mend()
        await pipe.drained(within=30)
        assert (await conserved(pipe, pushed)).indexed == 300


@pytest.mark.faults
@pytest.mark.timeout(480)
async def test_five_minutes_away_cost_no_dead_letter_no_memory_and_no_processor(
    mortal: OwnServers, mortal_pipe: Pipeline
) -> None:
    pipe = mortal_pipe
    index = (await pipe.start_all())["index"]
    before = articles(500, source="before")
    await pipe.push(before)
    await pipe.drained()
    await mortal.kill("elasticsearch")
    pushed = articles(3000, corrected=500)
    await pipe.push(pushed)
    await all_enriched(pipe, len(before + pushed))
    await waits(index)
    usage, resident = Usage.of(index), resident_bytes(index)
    await asyncio.sleep(300)  # the fault itself

    share, grown = usage.processor_share, resident_bytes(index) - resident
    report(f"the indexer while it waited: {share:.2%} of a core, {grown / MIB:.1f} MiB more")
    assert share < 0.02
    assert grown < 8 * MIB
    assert (await index.get("/livez"))[0] == 200
    await mortal.start("elasticsearch")
    await pipe.drained(within=60)
    assert (await conserved(pipe, before + pushed)).indexed == 3500
