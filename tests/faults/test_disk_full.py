"""A disk that is full. These tests need root, for small file systems of their own."""

import asyncio
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from services.contracts.topics import RAW
from tests.faults.conservation import articles, conserved
from tests.faults.servers import own_servers
from tests.faults.steps import all_enriched, waits
from tests.support.pipeline import eventually, pipeline

pytestmark = [pytest.mark.root, pytest.mark.timeout(240)]

MIB = 1024 * 1024


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A file system of that size."""
    folder.mkdir()
    root("mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder))
    try:
        yield folder
    finally:
        root("umount", "--lazy", str(folder))


def root(*command: str) -> None:
    """Run one of the system's own tools."""
    subprocess.run(command, check=True)  # noqa: S603 - our own command, no shell


def fill(disk: Path) -> Path:
    """A file that leaves no byte free."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(64 * 1024))
        except OSError:
            return ballast


async def test_a_full_disk_of_elasticsearch_makes_the_indexer_wait(tmp_path: Path) -> None:
    """
    The node's own guard is off, so that it runs into the wall. Then the disk has room again, and
    an operator restarts the node, whose shards have failed.
    """
    with small_disk(tmp_path / "disk", 64) as disk:
        settings: dict[str, object] = {
            "path.data": str(disk),
            "cluster.routing.allocation.disk.threshold_enabled": False,
        }
        with own_servers(tmp_path / "home", elasticsearch=settings) as servers:
            async with pipeline(servers, tmp_path) as pipe:
                workers = [pipe.start("ingest"), pipe.start("enrich")]
                short = {"NEWSLINE_ELASTICSEARCH_TIMEOUT_SECONDS": "3"}
                index = pipe.start("index", short)
                await asyncio.gather(*[worker.ready() for worker in (*workers, index)])
                first = articles(200)
                await pipe.push(first)
                await pipe.drained()
                ballast = fill(disk)
                second = articles(500, source="second")
                await pipe.push(second)
                await all_enriched(pipe, len(first + second))
                await waits(index)

                assert not await pipe.dead(RAW)
                assert (await index.get("/livez"))[0] == 200
                ballast.unlink()
                await servers.kill("elasticsearch")
                await servers.start("elasticsearch")
                await pipe.drained(within=60)
                assert (await conserved(pipe, first + second)).indexed == 700
                assert index.process.poll() is None


async def test_a_full_disk_of_kafka_loses_nothing_that_was_acknowledged(
    tmp_path: Path,
) -> None:
    """
    The broker ends itself. On a larger disk it goes on, and so do the workers.
    """
    with (
        small_disk(tmp_path / "disk", 24) as disk,
        own_servers(tmp_path / "home", kafka={"log.dirs": str(disk / "logs")}) as servers,
    ):
        async with pipeline(servers, tmp_path) as pipe:
            await pipe.start_all()
            acknowledged = await push_until_it_ends(servers.bootstrap_servers, pipe.topic(RAW).name)

            async def gone() -> bool:
                return "dead" in {each.condition for each in servers.local.processes()}

            await eventually("the broker has ended", gone)
            root("mount", "-o", "remount,size=512m", str(disk))
            await servers.start("kafka")
            await pipe.drained(within=90)
            balance = await conserved(pipe, acknowledged)
            assert balance.dead == 0
            assert [worker.process.poll() for worker in pipe.workers] == [None] * 3


async def push_until_it_ends(bootstrap_servers: str, topic: str) -> list[bytes]:
    """What was acknowledged."""
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap_servers, acks="all", request_timeout_ms=5000
    )
    await producer.start()
    acknowledged: list[bytes] = []
    try:
        for number in range(2000):
            noise = "".join(chr(0x4E00 + (number * 7919 + n * 104729) % 20000) for n in range(9000))
            value = json.dumps({"source": "full", "id": str(number), "text": noise}).encode()
            await producer.send_and_wait(topic, value)
            acknowledged.append(value)
    except KafkaError:
        return acknowledged
    finally:
        await producer.stop()
    raise AssertionError("the disk was never full")
