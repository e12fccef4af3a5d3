"""Nothing leaves the loop of the Faust agent, and there is one agent in a process."""

import asyncio

from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from services.contracts.topics import ACCEPTED, ENRICHED
from services.enrich.faust_runner import FaustRunner, application
from services.runtime.health import Health
from services.runtime.kafka.clients import admin
from services.runtime.kafka.settings import KafkaSettings
from tests.faults.conservation import articles, conserved
from tests.support.pipeline import Pipeline, eventually


async def limit(pipe: Pipeline, max_message_bytes: int) -> None:
    """Set how large a record of ``articles.enriched`` may be, behind everyone's back."""
    client = admin(pipe.kafka)
    await client.start()
    try:
        configs = {
            "max.message.bytes": str(max_message_bytes),
            "message.timestamp.type": "LogAppendTime",
        }
        name = pipe.topic(ENRICHED).name
        await client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, configs)])
    finally:
        await client.close()


async def test_a_batch_that_cannot_be_processed_ends_the_process_uncommitted(
    pipe: Pipeline,
) -> None:
    """
    Faust commits past what raised in its loop: here the broker refuses every enriched article.
    """
    await asyncio.gather(pipe.start("ingest").ready(), pipe.start("index").ready())
    await limit(pipe, 100)
    pushed = articles(300)
    await pipe.push(pushed)
    enrich = pipe.start("enrich")

    assert await enrich.ended(within=60) == 1
    assert "cannot be processed" in enrich.log_file.read_text("utf-8")
    assert (await pipe.lag())[pipe.topic(ACCEPTED).name] > 0
    await limit(pipe, ENRICHED.max_message_bytes)
    await pipe.start("enrich").ready()
    await pipe.drained(within=60)
    assert (await conserved(pipe, pushed)).indexed == 300


async def test_a_batch_that_is_half_poison_costs_its_poison_alone(pipe: Pipeline) -> None:
    """
    Few enough that it is bad data, not a bad deploy.
    """
    enrich = (await pipe.start_all())["enrich"]
    pushed = articles(20)
    await pipe.push([b"poison", None, b"{}"] * 5, key=b"k", topic=ACCEPTED)
    await pipe.push(pushed)

    async def all_there() -> bool:
        return len(await pipe.documents()) == 20 and not any((await pipe.lag()).values())

    await eventually("the good ones are indexed", all_there)
    letters = await pipe.dead(ACCEPTED)
    assert sorted(str(letter.value) for letter in letters) == sorted(
        map(str, [b"poison", None, b"{}"] * 5)
    )
    assert enrich.process.poll() is None


async def test_one_agent_runs_in_a_process_and_takes_one_batch_at_a_time() -> None:
    app = application(KafkaSettings(), ACCEPTED)

    async def process(_: object) -> None: ...

    async def nothing_unprocessed(_: object) -> dict[object, int]:
        return {}

    FaustRunner(
        app,
        ACCEPTED,
        process,
        Health("enrich"),
        batch_records=10,
        read_unprocessed=nothing_unprocessed,
    )

    (agent,) = app.agents.values()
    assert agent.concurrency == 1
    assert app.conf.processing_guarantee.name == "AT_LEAST_ONCE"
