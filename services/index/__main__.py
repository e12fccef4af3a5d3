"""Run one index worker in the foreground: ``python -m services.index``."""

import asyncio

from services.contracts.topics import ENRICHED
from services.index.elastic import ElasticsearchSettings
from services.index.schema import wait_for_schema
from services.index.settings import IndexSettings
from services.index.store import ArticleStore
from services.index.worker import STAGE, Indexer
from services.runtime import kafka, lifecycle
from services.runtime.batches import BatchLoop
from services.runtime.connections import connected, wait_for_topics
from services.runtime.dead_letters import DeadLetterWriter
from services.runtime.health import Health
from services.runtime.kafka import KafkaSettings
from services.runtime.patience import Patience
from services.runtime.sending import Sender
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
        elasticsearch, settings = read(ElasticsearchSettings), read(IndexSettings)
    except SettingsError as error:
        stop_for_wrong_use(error)
    topic = ENRICHED.within(worker.namespace)

    async def body(stopping: asyncio.Event, health: Health) -> None:
        loop = BatchLoop(health, stopping, max_records=settings.batch_records)
        patience = Patience(health, loop.interrupted)
        async with elasticsearch.client() as client:
            await wait_for_topics(broker, [topic.name, topic.dead], patience)
            await wait_for_schema(client, worker.namespace, patience, settings.generation)
            async with (
                connected(lambda: kafka.producer(broker), patience) as producer,
                connected(
                    lambda: kafka.consumer(
                        broker,
                        topics=[topic.name],
                        group=topic.reader(settings.generation),
                        listener=loop,
                    ),
                    patience,
                ) as consumer,
            ):
                letters = DeadLetterWriter(STAGE, topic, Sender(producer, patience))
                store = ArticleStore(
                    client,
                    worker.namespace,
                    patience,
                    settings.generation,
                    settings.duplicate_window,
                )
                await loop.run(consumer, Indexer(store, letters).settle)

    lifecycle.run(STAGE, worker, body)


if __name__ == "__main__":
    main()
