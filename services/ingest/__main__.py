"""Run one ingest worker in the foreground: ``python -m services.ingest``."""

import asyncio
from functools import partial

from services.contracts.topics import ACCEPTED, RAW
from services.ingest.acceptance import accept
from services.ingest.settings import IngestSettings
from services.ingest.worker import STAGE, Ingester
from services.runtime import lifecycle
from services.runtime.health import Health
from services.runtime.kafka import clients as kafka
from services.runtime.kafka.batch_consumer import BatchLoop
from services.runtime.kafka.batch_producer import BatchProducer
from services.runtime.kafka.clients import connected
from services.runtime.kafka.dead_letters import DeadLetterWriter
from services.runtime.kafka.settings import KafkaSettings
from services.runtime.kafka.topics import wait_for_topics
from services.runtime.retry import RetryPolicy
from services.runtime.settings import (
    SettingsError,
    WorkerSettings,
    read,
    refuse_misspelt,
    stop_for_wrong_use,
)


def main() -> None:
    """Read the settings, then work until told to stop."""
    try:
        refuse_misspelt()
        worker, broker = read(WorkerSettings), read(KafkaSettings)
        settings = read(IngestSettings)
    except SettingsError as error:
        stop_for_wrong_use(error)
    raw, accepted = RAW.within(worker.namespace), ACCEPTED.within(worker.namespace)

    async def body(stopping: asyncio.Event, health: Health) -> None:
        loop = BatchLoop(health, stopping, max_records=settings.batch_records)
        retry = RetryPolicy(health, loop.interrupted)
        await wait_for_topics(broker, [raw.name, raw.dead, accepted.name], retry)
        async with (
            connected(lambda: kafka.producer(broker), retry) as producer,
            connected(
                lambda: kafka.consumer(broker, topics=[raw.name], group=raw.group, listener=loop),
                retry,
            ) as consumer,
        ):
            sender = BatchProducer(producer, retry)
            ingester = Ingester(
                accept=partial(accept, max_article_bytes=settings.max_article_bytes),
                sender=sender,
                dead_letters=DeadLetterWriter(STAGE, raw, sender),
                accepted_topic=accepted,
            )
            await loop.run(consumer, ingester.process)

    lifecycle.run(STAGE, worker, body)


if __name__ == "__main__":
    main()
