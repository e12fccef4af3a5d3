"""Run one index worker in the foreground: ``python -m services.index``."""

import asyncio

from services.contracts.topics import ENRICHED
from services.elastic.schema import wait_for_schema
from services.elastic.settings import ElasticsearchSettings, IndexSettings
from services.index.settings import IndexWorkerSettings
from services.index.worker import STAGE, Indexer
from services.index.writer import ArticleStore
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
        elasticsearch, indices = read(ElasticsearchSettings), read(IndexSettings)
        settings = read(IndexWorkerSettings)
    except SettingsError as error:
        stop_for_wrong_use(error)
    topic = ENRICHED.within(worker.namespace)

    async def body(stopping: asyncio.Event, health: Health) -> None:
        loop = BatchLoop(health, stopping, max_records=settings.batch_records)
        retry = RetryPolicy(health, loop.interrupted)
        async with elasticsearch.client() as client:
            await wait_for_topics(broker, [topic.name, topic.dead], retry)
            await wait_for_schema(client, worker.namespace, retry, indices.generation)
            async with (
                connected(lambda: kafka.producer(broker), retry) as producer,
                connected(
                    lambda: kafka.consumer(
                        broker,
                        topics=[topic.name],
                        group=topic.consumer_group(indices.generation),
                        listener=loop,
                    ),
                    retry,
                ) as consumer,
            ):
                letters = DeadLetterWriter(STAGE, topic, BatchProducer(producer, retry))
                store = ArticleStore(
                    client,
                    worker.namespace,
                    retry,
                    indices.generation,
                    settings.duplicate_window,
                )
                await loop.run(consumer, Indexer(store, letters).process)

    lifecycle.run(STAGE, worker, body)


if __name__ == "__main__":
    main()
