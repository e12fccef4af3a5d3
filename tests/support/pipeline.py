"""One deployment of Newsline on the shared servers: its own topics, groups and indices, and
worker processes that a test starts, kills and counts after.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import aiohttp
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from elasticsearch import AsyncElasticsearch

from services.contracts.replay_marks import replayed_topic
from services.contracts.topics import FLOW, RAW, Topic
from services.elastic import naming
from services.elastic.schema import install_schema
from services.elastic.settings import ElasticsearchSettings, IndexSettings
from services.runtime.kafka.clients import admin
from services.runtime.kafka.lag import offset_reader
from services.runtime.kafka.settings import KafkaSettings, TopicSettings
from services.runtime.kafka.topics import ensure_topics
from tests.support.processes import end_with_parent

TOPICS = TopicSettings(partitions=4)


class Servers(Protocol):
    """The servers of a test run: the fixture ``stack``."""

    @property
    def bootstrap_servers(self) -> str:
        """Of Kafka."""

    @property
    def elasticsearch_url(self) -> str:
        """Of Elasticsearch."""


_POLL_SECONDS = 0.1


async def eventually(
    what: str, condition: Callable[[], Awaitable[bool]], *, within: float = 60
) -> None:
    """Wait for a condition, never for a time."""
    end = time.monotonic() + within
    while not await condition():
        assert time.monotonic() < end, f"{what}: not within {within} s"
        await asyncio.sleep(_POLL_SECONDS)


@dataclass
class Worker:
    """A worker process and its log."""

    service: str
    process: subprocess.Popen[bytes]
    log_file: Path

    def log(self) -> list[dict[str, Any]]:
        """Its log lines so far; lines that are not JSON fail the test."""
        return [json.loads(line) for line in self.log_file.read_text("utf-8").splitlines()]

    def port(self) -> int | None:
        """The port of its probes, once it has one."""
        ports = [line["port"] for line in self.log() if "Probes" in line["message"]]
        return int(ports[0]) if ports else None

    async def get(self, path: str) -> tuple[int, str]:
        """Ask its port; status 0 where nobody answers."""
        try:
            async with (
                aiohttp.ClientSession() as session,
                session.get(f"http://127.0.0.1:{self.port()}{path}") as response,
            ):
                return response.status, await response.text()
        except aiohttp.ClientError:
            return 0, ""

    async def ready(self, within: float = 60) -> "Worker":
        """Return once it is ready; a worker that died says its last words."""

        async def is_ready() -> bool:
            text = self.log_file.read_text("utf-8")
            assert self.process.poll() is None, f"{self.service} died:\n{text[-3000:]}"
            return self.port() is not None and (await self.get("/readyz"))[0] == 200

        await eventually(f"{self.service} is ready", is_ready, within=within)
        return self

    def kill(self, number: int = signal.SIGKILL) -> None:
        self.process.send_signal(number)

    async def ended(self, within: float = 30) -> int:
        """Its exit code."""

        async def has_ended() -> bool:
            return self.process.poll() is not None

        await eventually(f"{self.service} has ended", has_ended, within=within)
        return self.process.returncode


@dataclass
class Pipeline:
    """Everything of one namespace."""

    kafka: KafkaSettings
    elasticsearch: ElasticsearchSettings
    client: AsyncElasticsearch
    folder: Path
    namespace: str = field(default_factory=lambda: f"t{uuid.uuid4().hex[:8]}")
    workers: list[Worker] = field(default_factory=list)

    @property
    def alias(self) -> str:
        return naming.alias(self.namespace)

    def topic(self, topic: Topic) -> Topic:
        return topic.within(self.namespace)

    def start(
        self,
        service: str,
        environment: Mapping[str, str] | None = None,
        *,
        module: str | None = None,
    ) -> Worker:
        """Start one more worker; ``module`` is what runs in the place of the service's own."""
        log_file = self.folder / f"{service}-{len(self.workers)}.log"
        with log_file.open("wb") as log:
            process = subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-m", module or f"services.{service}"],
                env={
                    **os.environ,
                    "NEWSLINE_KAFKA_BOOTSTRAP_SERVERS": self.kafka.bootstrap_servers,
                    "NEWSLINE_ELASTICSEARCH_URL": self.elasticsearch.url,
                    "NEWSLINE_NAMESPACE": self.namespace,
                    "NEWSLINE_HEALTH_PORT": "0",
                    "NEWSLINE_KAFKA_SESSION_TIMEOUT_SECONDS": "6",
                    **(environment or {}),
                },
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=end_with_parent,  # noqa: PLW1509 - it makes one system call
            )
        self.workers.append(Worker(service, process, log_file))
        return self.workers[-1]

    async def start_all(self) -> dict[str, Worker]:
        """One worker of each kind, ready."""
        workers = {service: self.start(service) for service in ("ingest", "enrich", "index")}
        await asyncio.gather(*[worker.ready() for worker in workers.values()])
        return workers

    async def push(
        self, values: Sequence[bytes | None], *, key: bytes | None = None, topic: Topic = RAW
    ) -> None:
        """Send as any Kafka client would, with no flag of ours."""
        producer = AIOKafkaProducer(
            bootstrap_servers=self.kafka.bootstrap_servers, max_request_size=8 * 1024 * 1024
        )
        try:
            await producer.start()
            name = self.topic(topic).name
            sent = [await producer.send(name, value, key=key) for value in values]
            await asyncio.gather(*sent)
        finally:
            await producer.stop()

    async def lag(self) -> dict[str, int]:
        """Records behind, for each topic of the flow."""
        async with offset_reader(self.kafka) as offsets:
            behind = await offsets.lag([self.topic(topic) for topic in FLOW])
        return {name: records or 0 for name, records in behind.items()}

    async def drained(self, within: float = 90) -> None:
        """Wait until every record of every topic is settled and committed."""

        async def no_lag() -> bool:
            return not any((await self.lag()).values())

        await eventually("lag 0", no_lag, within=within)

    async def records(self, topic: str) -> list[ConsumerRecord]:
        """All records of a topic, oldest first in each partition."""
        reader = AIOKafkaConsumer(
            bootstrap_servers=self.kafka.bootstrap_servers, auto_offset_reset="earliest"
        )
        await reader.start()
        try:
            count = len(await self._partitions(reader, topic))
            partitions = [TopicPartition(topic, number) for number in range(count)]
            reader.assign(partitions)
            ends = await reader.end_offsets(partitions)
            found: list[ConsumerRecord] = []
            while any([await reader.position(tp) < ends[tp] for tp in partitions]):
                for records in (await reader.getmany(timeout_ms=500)).values():
                    found += records
            return found
        finally:
            await reader.stop()

    @staticmethod
    async def _partitions(reader: AIOKafkaConsumer, topic: str) -> set[int]:
        reader.subscribe([topic])
        await reader.getmany(timeout_ms=100)
        partitions: set[int] = reader.partitions_for_topic(topic)
        reader.unsubscribe()
        return partitions

    async def dead(self, topic: Topic) -> list[ConsumerRecord]:
        """The dead letters of a topic of the flow."""
        return await self.records(self.topic(topic).dead)

    async def documents(self, *, everything: bool = False) -> dict[str, dict[str, Any]]:
        """By id, what the alias shows; or everything that is stored. Duplicates fail the test."""
        index = naming.pattern(self.namespace) if everything else self.alias
        await self.client.indices.refresh(index=index)
        found: dict[str, dict[str, Any]] = {}
        after: list[Any] | None = None
        while True:
            page = await self.client.search(
                index=index, size=1000, sort=["article_id"], search_after=after
            )
            hits = page["hits"]["hits"]
            for hit in hits:
                assert hit["_id"] not in found, f"{hit['_id']} is stored twice"
                found[hit["_id"]] = hit["_source"]
            if not hits:
                return found
            after = hits[-1]["sort"]

    async def forget(self) -> None:
        """Remove indices and topics, so that a long run does not fill the servers."""
        everything = f"{self.namespace}-*"
        names = [*await self.client.indices.get(index=everything, expand_wildcards="all")]
        for start in range(0, len(names), 50):  # more would be too long for one address
            await self.client.indices.delete(index=names[start : start + 50])
        client = admin(self.kafka)
        await client.start()
        try:
            topics = [self.topic(topic) for topic in FLOW]
            flow = [name for topic in topics for name in (topic.name, topic.dead)]
            await client.delete_topics([*flow, replayed_topic(self.namespace)])
        finally:
            await client.close()

    def close(self) -> None:
        """End every worker that a test has left."""
        for worker in self.workers:
            if worker.process.poll() is None:
                worker.kill()
                worker.process.wait(timeout=10)


@asynccontextmanager
async def pipeline(servers: Servers, folder: Path) -> AsyncIterator[Pipeline]:
    """A pipeline whose topics and templates are there; its workers end with the context."""
    kafka = KafkaSettings(bootstrap_servers=servers.bootstrap_servers)
    elasticsearch = ElasticsearchSettings(url=servers.elasticsearch_url)
    async with elasticsearch.client() as client:
        made = Pipeline(kafka, elasticsearch, client, folder)
        await ensure_topics(kafka, made.namespace, TOPICS)
        await install_schema(client, made.namespace, IndexSettings())
        try:
            yield made
        finally:
            made.close()
            await made.forget()
