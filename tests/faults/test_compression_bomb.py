"""A compression bomb: 200 MB of zeros pass every size limit while they are packed."""

from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from services.contracts.dead_letters import DeadLetter
from services.contracts.topics import RAW
from tests.faults.conservation import article
from tests.faults.usage import peak_bytes, report, resident_bytes
from tests.support.pipeline import Pipeline

MIB = 1024 * 1024
BOMB_BYTES = 200_000_000


async def push_packed(pipe: Pipeline, values: list[bytes], compression: str) -> None:
    """Send as a client would that was told no limits."""
    producer = AIOKafkaProducer(
        bootstrap_servers=pipe.kafka.bootstrap_servers,
        compression_type=compression,
        max_request_size=2**31 - 1,
        max_batch_size=2**30,
        linger_ms=50,
    )
    await producer.start()
    try:
        sent: list[Any] = [
            await producer.send(pipe.topic(RAW).name, value, partition=0) for value in values
        ]
        for each in sent:
            await each
    finally:
        await producer.stop()


@pytest.mark.parametrize("compression", ["gzip", pytest.param("zstd", marks=pytest.mark.faults)])
async def test_a_bomb_is_a_dead_letter_and_costs_a_bounded_amount_of_memory(
    pipe: Pipeline, compression: str
) -> None:
    """
    Its neighbours become documents, though they came in the same batch.
    """
    ingest = (await pipe.start_all())["ingest"]
    await pipe.push([article(0)])
    await pipe.drained()
    before = resident_bytes(ingest)

    await push_packed(pipe, [article(1), bytes(BOMB_BYTES)], compression)
    await push_packed(pipe, [article(2), bytes(6 * MIB), article(3)], compression)
    await pipe.drained(within=60)

    peak = peak_bytes(ingest)
    report(f"{(peak - before) / MIB:.0f} MiB more at the worst")
    assert peak - before < BOMB_BYTES
    assert {d["title"][:8] for d in (await pipe.documents()).values()} == {
        f"Report {number}" for number in range(4)
    }
    letters = [DeadLetter.from_headers(letter.headers) for letter in await pipe.dead(RAW)]
    assert sorted(letter.code for letter in letters) == ["too_large", "too_large"]
    assert ingest.process.poll() is None
