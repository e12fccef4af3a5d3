"""Run one enrich worker in the foreground: ``python -m services.enrich``."""

import asyncio
from contextlib import AsyncExitStack
from functools import partial
from tempfile import TemporaryDirectory

from services.contracts.topics import ACCEPTED, ENRICHED
from services.enrich import enrichment
from services.enrich import faust_runner as stream
from services.enrich.pool import EnrichmentPool, Models
from services.enrich.settings import EnrichSettings
from services.enrich.worker import STAGE, Enricher
from services.runtime import lifecycle
from services.runtime.health import Health
from services.runtime.kafka import clients as kafka
from services.runtime.kafka.batch_producer import BatchProducer
from services.runtime.kafka.clients import connected
from services.runtime.kafka.dead_letters import DeadLetterWriter
from services.runtime.kafka.settings import KafkaSettings
from services.runtime.kafka.stall import unprocessed_offsets
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
        settings = read(EnrichSettings)
    except SettingsError as error:
        stop_for_wrong_use(error)
    accepted, enriched = ACCEPTED.within(worker.namespace), ENRICHED.within(worker.namespace)

    async def body(stopping: asyncio.Event, health: Health) -> None:
        retry = RetryPolicy(health, stopping.is_set)
        pool = EnrichmentPool(
            Models(partial(enrichment.load, settings.models), enrichment.enrich_value),
            processes=settings.processes,
            timeout_seconds=settings.timeout_seconds,
            beat=health.beat,
        )
        try:
            await pool.start()
            await wait_for_topics(broker, [accepted.name, accepted.dead, enriched.name], retry)
            async with AsyncExitStack() as until_the_end:
                folder = until_the_end.enter_context(TemporaryDirectory(prefix="newsline-enrich-"))
                producer = await until_the_end.enter_async_context(
                    connected(lambda: kafka.producer(broker), retry)
                )
                sender = BatchProducer(producer, retry)
                letters = DeadLetterWriter(STAGE, accepted, sender)
                enricher = Enricher(pool, sender, letters, enriched)
                await stream.EnrichStream(
                    stream.application(broker, accepted, folder),
                    accepted,
                    enricher.process,
                    health,
                    batch_records=settings.batch_records,
                    read_unprocessed=partial(unprocessed_offsets, broker, accepted),
                ).run(stopping)
        finally:
            pool.close()

    lifecycle.run(STAGE, worker, body)


if __name__ == "__main__":
    main()
