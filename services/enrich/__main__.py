"""Run one enrich worker in the foreground: ``python -m services.enrich``."""

import asyncio
from functools import partial

from services.contracts.topics import ACCEPTED, ENRICHED
from services.enrich import enrichment
from services.enrich.faust_runner import FaustRunner, application
from services.enrich.pool import EnrichmentPool, ModelFunctions
from services.enrich.settings import EnrichSettings
from services.enrich.worker import STAGE, Enricher
from services.runtime import lifecycle
from services.runtime.health import Health
from services.runtime.kafka.batch_producer import batch_producer
from services.runtime.kafka.dead_letters import DeadLetterWriter
from services.runtime.kafka.settings import KafkaSettings
from services.runtime.kafka.stall import unprocessed_offsets
from services.runtime.kafka.topics import wait_for_topics
from services.runtime.retry import RetryPolicy
from services.runtime.settings import WorkerSettings, read_settings


def main() -> None:
    """Read the settings, then work until told to stop."""
    with lifecycle.reading_settings():
        worker, kafka = read_settings(WorkerSettings), read_settings(KafkaSettings)
        settings = read_settings(EnrichSettings)
    accepted, enriched = ACCEPTED.within(worker.namespace), ENRICHED.within(worker.namespace)

    async def body(stopping: asyncio.Event, health: Health) -> None:
        retry = RetryPolicy(health, stopping.is_set)
        pool = EnrichmentPool(
            ModelFunctions(partial(enrichment.load, settings.models), enrichment.enrich_value),
            processes=settings.processes,
            timeout_seconds=settings.timeout_seconds,
            beat=health.beat,
        )
        try:
            await pool.start()
            await wait_for_topics(kafka, [accepted.name, accepted.dead, enriched.name], retry)
            async with batch_producer(kafka, retry) as producer:
                dead_letters = DeadLetterWriter(STAGE, accepted, producer)
                await FaustRunner(
                    application(kafka, accepted),
                    accepted,
                    Enricher(pool, producer, dead_letters, enriched).process,
                    health,
                    batch_records=settings.batch_records,
                    read_unprocessed=partial(unprocessed_offsets, kafka, accepted),
                ).run(stopping)
        finally:
            pool.close()

    lifecycle.run(STAGE, worker, body)


if __name__ == "__main__":
    main()
