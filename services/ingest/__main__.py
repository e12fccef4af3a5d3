"""Run one ingest worker in the foreground: ``python -m services.ingest``."""

import asyncio
from functools import partial

from services.contracts.topics import ACCEPTED, RAW
from services.ingest.acceptance import accept
from services.ingest.settings import IngestSettings
from services.ingest.worker import STAGE, Ingester
from services.runtime import lifecycle
from services.runtime.health import Health
from services.runtime.kafka.batch_consumer import BatchConsumer
from services.runtime.kafka.batch_producer import batch_producer
from services.runtime.kafka.dead_letters import DeadLetterWriter
from services.runtime.kafka.settings import KafkaSettings
from services.runtime.kafka.topics import wait_for_topics
from services.runtime.settings import WorkerSettings, read_settings


def main() -> None:
    """Read the settings, then work until told to stop."""
    with lifecycle.reading_settings():
        worker, kafka = read_settings(WorkerSettings), read_settings(KafkaSettings)
        settings = read_settings(IngestSettings)
    raw, accepted = RAW.within(worker.namespace), ACCEPTED.within(worker.namespace)

    async def body(stopping: asyncio.Event, health: Health) -> None:
        consumer = BatchConsumer(health, stopping, max_records=settings.batch_records)
        await wait_for_topics(kafka, [raw.name, raw.dead, accepted.name], consumer.retry)
        async with batch_producer(kafka, consumer.retry) as producer:
            ingester = Ingester(
                accept=partial(accept, max_article_bytes=settings.max_article_bytes),
                producer=producer,
                dead_letters=DeadLetterWriter(STAGE, raw, producer),
                accepted_topic=accepted,
            )
            await consumer.consume(kafka, topic=raw.name, group=raw.group, process=ingester.process)

    lifecycle.run(STAGE, worker, body)


if __name__ == "__main__":
    main()
