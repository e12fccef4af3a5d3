"""All of it together: kills, a broker killed, an outage, poison, and any bytes."""

import asyncio
import random
import time
from collections.abc import Sequence

import pytest
from aiokafka.errors import KafkaError

from tests.faults.conservation import article, articles, conserved
from tests.faults.servers import OwnServers
from tests.faults.usage import report
from tests.support.pipeline import Pipeline

pytestmark = pytest.mark.faults

ARTICLES = 20_000
CORRECTED = 2_000
CHUNK = 500
OUTAGE_SECONDS = 60
KILLS = ("enrich", "ingest", "index", "enrich", "index", "ingest", "enrich", "index")


async def push_slowly(pipe: Pipeline, values: Sequence[bytes], seconds: float) -> None:
    """Spread over so many seconds, and repeated where the broker was away, as a publisher does."""
    chunks = [values[start : start + CHUNK] for start in range(0, len(values), CHUNK)]
    for chunk in chunks:
        started = time.monotonic()
        while True:
            try:
                await pipe.push(chunk)
                break
            except KafkaError:
                await asyncio.sleep(1)  # the broker is away
        await asyncio.sleep(max(started + seconds / len(chunks) - time.monotonic(), 0))


@pytest.mark.timeout(900)
async def test_twenty_thousand_articles_survive_it_by_id_and_version(
    mortal: OwnServers, mortal_pipe: Pipeline
) -> None:
    pipe = mortal_pipe
    running = await pipe.start_all()
    pushed = articles(ARTICLES, corrected=CORRECTED)
    pushing = asyncio.create_task(push_slowly(pipe, pushed, seconds=90))

    async def kill_and_replace(service: str) -> None:
        running[service].kill()
        assert await running[service].ended() != 0
        running[service] = await pipe.start(service).ready()

    for service in KILLS[:4]:
        await asyncio.sleep(4)  # work between the faults
        await kill_and_replace(service)
    await mortal.kill("kafka")
    await mortal.start("kafka")
    for service in KILLS[4:]:
        await asyncio.sleep(4)
        await kill_and_replace(service)
    await mortal.kill("elasticsearch")
    await asyncio.sleep(OUTAGE_SECONDS)  # the fault itself
    await pushing
    await mortal.start("elasticsearch")
    back = time.monotonic()
    await pipe.drained(within=60)
    report(f"lag 0 after {time.monotonic() - back:.0f} s")

    balance = await conserved(pipe, pushed)
    report(str(balance))
    assert balance.indexed == ARTICLES
    assert balance.dead == 0
    titles = {document["title"] for document in (await pipe.documents()).values()}
    assert titles == {
        f"Report {number}, version {2 if number < CORRECTED else 1}" for number in range(ARTICLES)
    }


@pytest.mark.timeout(400)
async def test_a_thousand_poison_records_cost_no_good_one(mortal_pipe: Pipeline) -> None:
    pipe = mortal_pipe
    await pipe.start_all()
    seconds = []
    pushed: list[bytes] = []
    for poisoned in (False, True):
        values = articles(10_000, source=f"poisoned {poisoned}")
        if poisoned:
            for number in range(1000):
                values.insert(11 * number, b'{"text": "poison %d' % number)
        started = time.monotonic()
        await pipe.push(values)
        await pipe.drained(within=180)
        seconds.append(time.monotonic() - started)
        pushed += values

    report(f"without poison {seconds[0]:.1f} s, with it {seconds[1]:.1f} s")
    balance = await conserved(pipe, pushed)
    assert (balance.indexed, balance.dead) == (20_000, 1000)


SEEDS = (
    article(1),
    b'{"text": "plain", "published_at": "2025-03-04", "authors": ["A", {"b": 1}], "extra": null}',
    b'{"html": "<p>One &amp; <b>two</b><script>x</script>", "url": "https://example.org/a?b=1#c"}',
    b'{"source": "s", "id": "1", "status": "canceled"}',
    "\ufeffdate 2025-12-27 Žluťoučký “headline”\n\nA paragraph.\n\nAnother.".encode(),
    b'{"text": "\\ud83d\\ude00 \\u0000", "tags": [1e308, -0.0, true], "a": {"b": {"c": []}}}',
)
PIECES = (
    b"\x00", b"\xff", b"\xed\xa0\x80", b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b"NaN",
    b"1e999", b"\\ud800", b"null", b'"text"', b'"html"', b'"id"', b"\xe2\x80\xae", b"\r\n", b"<!--",
)  # fmt: skip


def mutated(chance: random.Random) -> bytes:
    """A seed with a few bytes cut, doubled, replaced or put in."""
    value = bytearray(chance.choice(SEEDS))
    for _ in range(chance.randrange(8)):
        start = chance.randrange(len(value) + 1)
        end = min(start + chance.choice((0, 0, 1, 2, 9)), len(value))
        piece = chance.choice(
            (
                b"",
                chance.choice(PIECES),
                chance.randbytes(chance.randrange(4)),
                value[start:end] * 2,
            )
        )
        value[start:end] = piece
    return bytes(value)


@pytest.mark.timeout(400)
async def test_any_bytes_end_as_a_document_or_a_dead_letter(mortal_pipe: Pipeline) -> None:
    pipe, chance = mortal_pipe, random.Random(5)  # noqa: S311 - no secret
    await pipe.start_all()
    pushed = [mutated(chance) for _ in range(9_000)]
    pushed += [chance.randbytes(chance.randrange(1, 300)) for _ in range(1_000)]
    chance.shuffle(pushed)
    await pipe.push(pushed, key=b"k")
    await pipe.drained(within=180)

    balance = await conserved(pipe, pushed)
    report(str(balance))
    assert min(balance.indexed, balance.dead) > 100
    assert [worker.process.poll() for worker in pipe.workers] == [None] * 3
    for worker in pipe.workers:
        assert "services" not in {
            line["logger"].split(".")[0] for line in worker.log() if line["level"] == "ERROR"
        }
