"""A consumer that has lost its place in the group, and neither ends nor says so."""

import asyncio
import signal

import psutil
import pytest

from tests.faults.conservation import articles, conserved
from tests.support.pipeline import Pipeline, Worker, eventually


def models_of(enrich: Worker) -> psutil.Process:
    children = psutil.Process(enrich.process.pid).children()
    (models,) = [child for child in children if "spawn_main" in " ".join(child.cmdline())]
    return models


@pytest.mark.faults
@pytest.mark.timeout(180)
async def test_a_frozen_enrich_worker_ends_so_that_another_can_begin(
    mortal_pipe: Pipeline,
) -> None:
    """
    Faust waits for ever once a batch took longer than the client's longest poll interval: here
    two seconds, else a day.
    """
    pipe = mortal_pipe
    await asyncio.gather(pipe.start("ingest").ready(), pipe.start("index").ready())
    enrich = await pipe.start("enrich", module="tests.faults.freezing_enrich").ready()
    pushed = articles(20)
    await pipe.push(pushed)
    await pipe.drained()
    models = models_of(enrich)
    models.send_signal(signal.SIGSTOP)
    slow = articles(3000, source="slow")  # more than Faust buffers: it stops to poll
    await pipe.push(slow)
    await asyncio.sleep(8)  # the fault itself
    models.send_signal(signal.SIGCONT)
    waiting = articles(200, source="waiting")

    async def has_ended() -> bool:
        await pipe.push(waiting[:10])
        return enrich.process.poll() is not None

    await eventually("it has ended", has_ended, within=60)
    assert enrich.process.returncode == 1
    assert "stuck" in enrich.log_file.read_text("utf-8")
    await pipe.start("enrich").ready()
    await pipe.push(waiting)
    await pipe.drained(within=60)
    assert (await conserved(pipe, pushed + slow + waiting)).indexed == 3220
