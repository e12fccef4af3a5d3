"""What Kafka and Elasticsearch must have before a worker can work."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka.errors import KafkaError
from elastic_transport import TransportError
from elasticsearch import ApiError, AsyncElasticsearch

from services.cli.setup.retry import ServerAway
from services.elastic import schema
from services.elastic.settings import ElasticsearchSettings, IndexSettings
from services.runtime.kafka.settings import KafkaSettings, TopicSettings
from services.runtime.kafka.topics import ensure_topics

TOO_MANY = 429
SERVER_ERROR = 500
# The user that Kibana itself is, inside Elasticsearch; not one that people log in with.
KIBANA_USER = "kibana_system"


async def topics(kafka: KafkaSettings, namespace: str, settings: TopicSettings) -> list[str]:
    """Make the topics that are missing.

    :raises ServerAway: Kafka cannot be reached yet.
    """
    try:
        made = await ensure_topics(kafka, namespace, settings)
    except KafkaError as error:
        if error.retriable:
            raise ServerAway(f"Kafka ({kafka.bootstrap_servers})") from error
        raise
    return [f"Made topics {', '.join(made)}." if made else "All topics were there."]


async def templates(
    settings: ElasticsearchSettings, namespace: str, shape: IndexSettings
) -> list[str]:
    """Install the index templates, and the indices that the alias needs to exist.

    :raises ServerAway: Elasticsearch cannot be reached yet.
    """
    async with searching(settings) as client:
        made = await schema.install_schema(client, namespace, shape)
    return [f"Made {', '.join(made)}." if made else "Index templates and alias were there."]


async def kibana_password(settings: ElasticsearchSettings, password: str) -> list[str]:
    """Let Kibana log in to Elasticsearch.

    :raises ServerAway: Elasticsearch cannot be reached yet.
    """
    async with searching(settings) as client:
        await client.security.change_password(username=KIBANA_USER, password=password)
    return [f"Set the password of {KIBANA_USER}."]


@asynccontextmanager
async def searching(settings: ElasticsearchSettings) -> AsyncIterator[AsyncElasticsearch]:
    """A client for as long as the context lasts.

    :raises ServerAway: Elasticsearch cannot be reached, or cannot work yet.
    """
    async with settings.client() as client:
        try:
            yield client
        except TransportError as error:
            raise ServerAway(f"Elasticsearch ({settings.url})") from error
        except ApiError as error:
            if error.status_code == TOO_MANY or error.status_code >= SERVER_ERROR:
                raise ServerAway(f"Elasticsearch (status {error.status_code})") from error
            raise
