"""Workers are stopped, killed, and come and go every few seconds."""

import asyncio
import signal
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from services.contracts.topics import ACCEPTED, ENRICHED, FLOW
from tests.faults.conservation import articles, conserved
from tests.faults.slow_worker import BATCH_SECONDS
from tests.faults.steps import under_way
from tests.faults.usage import report
from tests.support.pipeline import Pipeline, Worker, eventually

SERVICES = ("ingest", "enrich", "index")

pytestmark = pytest.mark.faults


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


BATCH = 25
MEMBERS = 3
TURNS = 6
KILLED = (1, 4)
PLENTY = 400


@dataclass(frozen=True, slots=True)
class Storm:
    """Workers of one kind that come and go."""

    pipe: Pipeline
    service: str
    pushed: list[bytes] = field(default_factory=list)

    async def rage(self) -> None:
        """Six times one comes and the oldest goes, killed or told to, with a batch in its hands."""
        over = asyncio.Event()
        feeding = asyncio.create_task(self._feed(over))
        try:
            left = await self._come_and_go()
        finally:
            over.set()
            await feeding
        assert [await worker.ended() for worker in left] == [0] * len(left)

    async def _come_and_go(self) -> list[Worker]:
        """Return those who were told to go."""
        alive = [self._comes() for _ in range(MEMBERS)]
        await asyncio.gather(*[worker.ready() for worker in alive])
        told = []
        for turn in range(TURNS):
            alive.append(self._comes())
            oldest = alive.pop(0)
            await self._gets_on(oldest)
            await asyncio.sleep(BATCH_SECONDS * turn / TURNS)  # for another part of it to be done
            if turn in KILLED:
                oldest.kill()
            else:
                oldest.kill(signal.SIGTERM)
                told.append(oldest)
        for worker in alive:
            (await worker.ready()).kill(signal.SIGTERM)
        return told + alive

    async def times_done(self) -> int:
        """How many records they have handed on, each as often as it was."""
        if self.service == "index":
            indices = f"{self.pipe.alias}-*"
            stats = await self.pipe.client.indices.stats(index=indices, metric="indexing")
            return int(stats["_all"]["primaries"]["indexing"]["index_total"])
        topic = {"ingest": ACCEPTED, "enrich": ENRICHED}[self.service]
        return len(await self.pipe.records(self.pipe.topic(topic).name))

    def _comes(self) -> Worker:
        settings = {
            "SERVICE": self.service,
            f"NEWSLINE_{self.service.upper()}_BATCH_RECORDS": str(BATCH),
            # So the others hear within 1.2 s of one who comes or goes, before their batch is done.
            "NEWSLINE_KAFKA_SESSION_TIMEOUT_SECONDS": "4",
            "NEWSLINE_SHUTDOWN_SECONDS": "8",
        }
        return self.pipe.start(self.service, settings, module="tests.faults.slow_worker")

    async def _gets_on(self, worker: Worker) -> None:
        """Return when it has done one more batch. There is plenty: it has the next one by then."""
        before = await _done(worker)

        async def more() -> bool:
            assert worker.process.poll() is None, worker.log_file.read_text("utf-8")[-3000:]
            return await _done(worker) > before

        await eventually(f"{self.service} gets on with it", more, within=45)

    async def _feed(self, over: asyncio.Event) -> None:
        """See to it that there is plenty to do."""
        way = FLOW[: SERVICES.index(self.service) + 1]
        while not over.is_set():
            behind = await self.pipe.lag()
            if sum(behind[self.pipe.topic(topic).name] for topic in way) < PLENTY:
                more = articles(PLENTY, corrected=5, source=f"storm {len(self.pushed)}")
                await self.pipe.push(more)
                self.pushed.extend(more)
            with suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), timeout=1)


async def _done(worker: Worker) -> float:
    """Records that it has brought to an end."""
    _, page = await worker.get("/metrics")
    lines = [line for line in page.splitlines() if line.startswith("newsline_articles_total{")]
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines)


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.timeout(400)
async def test_workers_that_come_and_go_every_few_seconds_get_on_with_it(
    mortal_pipe: Pipeline, service: str
) -> None:
    """
    A rebalance waits for the batches in hand: nothing is done again but what a killed worker had.
    """
    pipe = mortal_pipe
    steady = [pipe.start(other) for other in SERVICES if other != service]
    await asyncio.gather(*[worker.ready() for worker in steady])
    storm = Storm(pipe, service)
    await storm.rage()
    steady.append(pipe.start(service))
    await settles(pipe, storm.pushed, within=120)

    assert [worker.process.poll() for worker in steady] == [None] * 3
    again = await storm.times_done() - len(storm.pushed)
    report(f"{service}: {again} of {len(storm.pushed)} done again")
    # Faust may have one more batch to commit, also when it is told to go during a rebalance.
    most = 2 * (TURNS + MEMBERS) if service == "enrich" else len(KILLED)
    assert again <= most * BATCH, "more was done again than the batches in hand"
