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
        elasticsearch = read_settings(ElasticsearchSettings)
        indices, settings = read_settings(IndexSettings), read_settings(IndexWorkerSettings)
    topic, generation = ENRICHED.within(worker.namespace), indices.generation

    async def body(stopping: asyncio.Event, health: Health) -> None:
        consumer = BatchConsumer(health, stopping, max_records=settings.batch_records)
        retry = consumer.retry
        async with elasticsearch.client() as client:
            await wait_for_topics(kafka, [topic.name, topic.dead], retry)
            await wait_for_schema(client, worker.namespace, retry, generation)
            async with batch_producer(kafka, retry) as producer:
                store = ArticleStore(
                    client, worker.namespace, retry, generation, settings.duplicate_window
                )
                indexer = Indexer(store, DeadLetterWriter(STAGE, topic, producer))
                await consumer.consume(
                    kafka,
                    topic=topic.name,
                    group=topic.consumer_group(generation),
                    process=indexer.process,
                )

    lifecycle.run(STAGE, worker, body)


if __name__ == "__main__":
    main()
