"""Creating the topics that the contracts declare, and waiting for them."""

from collections.abc import Sequence

from aiokafka.admin import NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from services.contracts.replay_marks import REPLAYED_CONFIGS, replayed_topic
from services.contracts.topics import FLOW
from services.runtime.kafka.clients import admin
from services.runtime.kafka.settings import KafkaSettings, TopicSettings
from services.runtime.retry import RetryPolicy, Unavailable

# The order of dead letters is worth more than their rate, and one partition keeps it.
DEAD_LETTER_PARTITIONS = 1
# Where there are so many brokers: one may be away, and another fail, with nothing lost.
USUAL_REPLICATION = 3


async def ensure_topics(kafka: KafkaSettings, namespace: str, settings: TopicSettings) -> list[str]:
    """Create the topics that are missing; leave the others as they are.

    :returns: the names of those made.
    :raises KafkaError: the broker cannot be reached or refuses.
    """
    client = admin(kafka)
    try:
        await client.start()
        there = set(await client.list_topics())
        replication = settings.replication or min(
            USUAL_REPLICATION, len((await client.describe_cluster())["brokers"])
        )
        declared = _declared(namespace, settings, replication)
        missing = [topic for topic in declared if topic.name not in there]
        if not missing:
            return []
        response = await client.create_topics(missing)
        for _, code, message in response.topic_errors:
            error = for_code(code)
            # Another set-up that ran at the same time may have made it.
            if error is not TopicAlreadyExistsError and code != 0:
                raise error(message)
        return [topic.name for topic in missing]
    finally:
        await client.close()


def _declared(namespace: str, settings: TopicSettings, replication: int) -> list[NewTopic]:
    # One partition: the later of two marks of a dead letter must come later.
    replayed = replayed_topic(namespace)
    topics = [NewTopic(replayed, 1, replication, topic_configs=REPLAYED_CONFIGS)]
    for topic in (each.within(namespace) for each in FLOW):
        configs = topic.configs(retention_ms=settings.retention_ms)
        dead = topic.dead_configs(retention_ms=settings.retention_ms)
        topics += [
            NewTopic(topic.name, settings.partitions, replication, topic_configs=configs),
            NewTopic(topic.dead, DEAD_LETTER_PARTITIONS, replication, topic_configs=dead),
        ]
    return topics


async def wait_for_topics(
    settings: KafkaSettings, names: Sequence[str], retry: RetryPolicy
) -> None:
    """Return once the topics exist and this user may describe them.

    :raises Interrupted: the worker must stop before that.
    """
    wanted = set(names)

    async def attempt() -> None:
        try:
            missing = wanted - await topic_names(settings)
        except KafkaError as error:
            raise Unavailable("Kafka") from error
        if missing:
            listed = ", ".join(sorted(missing))
            raise Unavailable(f"the topics {listed}; `newsline setup` makes them")

    await retry.run(attempt)


async def topic_names(settings: KafkaSettings) -> set[str]:
    """The names of all topics on the broker."""
    client = admin(settings)
    try:
        await client.start()
        return set(await client.list_topics())
    finally:
        await client.close()
