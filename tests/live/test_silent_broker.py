"""A push whose broker falls silent: its client alone would wait for as long as that lasts."""

import asyncio
import os
import re
import signal
import sys
from asyncio.subprocess import PIPE
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from services.cli.support.errors import ExitCode
from services.contracts.topics import RAW
from services.local.stack import LocalStack
from services.local.state import HOST
from services.runtime.kafka.settings import KafkaSettings
from services.runtime.kafka.topics import ensure_topics
from tests.support.pipeline import TOPICS, eventually
from tests.support.stack import small_stack, taken_down


@pytest.fixture
def mortal_kafka(tmp_path: Path) -> Iterator[LocalStack]:
    """A broker that the test may stop; a stopped one would not hear that it should end."""
    with taken_down(small_stack(tmp_path / "home")) as local:
        local.start("kafka")
        try:
            yield local
        finally:
            local.send("kafka", signal.SIGCONT)


async def count(address: str) -> int:
    """How many records have been pushed."""
    reader = AIOKafkaConsumer(bootstrap_servers=address)
    await reader.start()
    try:
        partitions = [TopicPartition(RAW.name, number) for number in range(TOPICS.partitions)]
        return sum((await reader.end_offsets(partitions)).values())
    finally:
        await reader.stop()


async def test_a_push_gives_a_silent_broker_up_and_says_how_far_it_came(
    mortal_kafka: LocalStack,
) -> None:
    address = f"{HOST}:{mortal_kafka.state().processes['kafka'].ports['kafka']}"
    await ensure_topics(KafkaSettings(bootstrap_servers=address), "", TOPICS)
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("NEWSLINE_")}
    push = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.live.short_timeout_push"),
        env={**inherited, "NEWSLINE_KAFKA_BOOTSTRAP_SERVERS": address},
        stdin=PIPE,
        stderr=PIPE,
    )
    assert push.stdin is not None
    for number in (1, 2):
        push.stdin.write(b'{"text": "before"}\n')

        async def arrived(number: int = number) -> bool:
            return await count(address) == number

        # The client has one request on its way: where the second is, the first was answered.
        await eventually(f"number {number} has arrived", arrived)
    assert mortal_kafka.send("kafka", signal.SIGSTOP)
    async with asyncio.timeout(60):
        _, said = await push.communicate(b'{"text": "after"}\n')

    assert push.returncode == ExitCode.UNREACHABLE, said
    assert re.fullmatch(
        rf"newsline: Kafka at {address} cannot be reached; .*\n"
        r"[12] records had been acknowledged; it is safe to push everything again\n",
        said.decode(),
    )
