"""Make what Kafka and Elasticsearch must have before a worker can work. All of it is idempotent."""

from services.cli.setup.retry import BoundedRetry
from services.cli.support.clients import reaching_kafka, searching
from services.cli.support.target import Target
from services.elastic import schema
from services.elastic.settings import ElasticsearchSettings
from services.runtime.kafka.topics import ensure_topics

# The user that Kibana itself is, inside Elasticsearch; not one that people log in with.
KIBANA_USER = "kibana_system"


async def install(target: Target, retry: BoundedRetry) -> list[str]:
    """Make the topics, index templates, indices and alias that are missing.

    :returns: what was done, in lines.
    :raises CommandError: a server did not answer in all that time, or refuses.
    """

    async def topics() -> list[str]:
        with reaching_kafka(target.kafka):
            return await ensure_topics(target.kafka, target.namespace, target.topics)

    async def templates() -> list[str]:
        async with searching(target.elasticsearch) as client:
            return await schema.install_schema(client, target.namespace, target.index)

    made = await retry.run(topics)
    indexed = await retry.run(templates)
    return [
        f"Made topics {', '.join(made)}." if made else "All topics were there.",
        f"Made {', '.join(indexed)}." if indexed else "Index templates and alias were there.",
    ]


async def set_kibana_password(settings: ElasticsearchSettings, password: str) -> list[str]:
    """Set the password that Kibana logs in to Elasticsearch with.

    :raises ServerUnavailable: Elasticsearch cannot be reached yet.
    """
    async with searching(settings) as client:
        await client.security.change_password(username=KIBANA_USER, password=password)
    return [f"Set the password of {KIBANA_USER}."]
