"""A server that cannot be reached is said so in one line, with its address."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager

from aiokafka import errors as kafka_errors
from elasticsearch import AsyncElasticsearch

from services.cli.support.errors import CommandError, ExitCode, ServerUnavailable
from services.cli.support.target import Target
from services.elastic.errors import ELASTICSEARCH_ERRORS, FailureKind, classify
from services.elastic.settings import ElasticsearchSettings
from services.runtime.kafka.clients import CONNECT_SECONDS
from services.runtime.kafka.settings import KafkaSettings
from services.runtime.kafka.topics import topic_names

HINT = "`newsline up` starts one on this machine; `newsline status` tells more"

_KAFKA_AWAY = (
    kafka_errors.KafkaConnectionError,
    kafka_errors.KafkaTimeoutError,
    kafka_errors.KafkaUnavailableError,
    kafka_errors.NoBrokersAvailable,
    kafka_errors.NodeNotReadyError,
    kafka_errors.RequestTimedOutError,
    TimeoutError,
)
_KAFKA_DENIES = (
    kafka_errors.AuthenticationFailedError,
    kafka_errors.AuthenticationMethodNotSupported,
    kafka_errors.TopicAuthorizationFailedError,
    kafka_errors.GroupAuthorizationFailedError,
    kafka_errors.ClusterAuthorizationFailedError,
    kafka_errors.UnsupportedSaslMechanismError,
)


@contextmanager
def reaching_kafka(settings: KafkaSettings) -> Iterator[None]:
    """Turn Kafka's failures into the command's ending.

    :raises CommandError: with code 3 and the address.
    """
    where = f"Kafka at {settings.bootstrap_servers}"
    try:
        yield
    except _KAFKA_DENIES as error:
        raise CommandError(
            f"{where} refuses us ({type(error).__name__}); see NEWSLINE_KAFKA_USERNAME and "
            "NEWSLINE_KAFKA_PASSWORD",
            ExitCode.UNREACHABLE,
        ) from error
    except _KAFKA_AWAY as error:
        raise ServerUnavailable(f"{where} cannot be reached; {HINT}") from error
    except kafka_errors.KafkaError as error:
        raise ServerUnavailable(f"{where} answers {type(error).__name__}") from error


@contextmanager
def reaching_elasticsearch(settings: ElasticsearchSettings) -> Iterator[None]:
    """Turn Elasticsearch's failures into the command's ending.

    :raises CommandError: with the address; code 2 if the request is what is wrong, else 3.
    """
    try:
        yield
    except ELASTICSEARCH_ERRORS as error:
        failure = classify(error, settings.url)
        if failure.kind is FailureKind.UNREACHABLE:
            raise ServerUnavailable(f"{failure.message}; {HINT}") from error
        if failure.retriable:
            raise ServerUnavailable(failure.message) from error
        wrong_use = failure.kind is FailureKind.BAD_REQUEST
        code = ExitCode.WRONG_USE if wrong_use else ExitCode.UNREACHABLE
        raise CommandError(failure.message, code) from error


@asynccontextmanager
async def searching(settings: ElasticsearchSettings) -> AsyncIterator[AsyncElasticsearch]:
    """A client of Elasticsearch; its failures become the command's ending."""
    with reaching_elasticsearch(settings):
        client = settings.client()
        try:
            yield client
        finally:
            await client.close()


async def refuse_missing_topics(target: Target, names: Iterable[str]) -> None:
    """Refuse to produce to a topic that is not there.

    The producer would wait for it, or a broker that makes topics by itself would make it with the
    wrong settings.

    :raises CommandError: names the topics that are missing.
    :raises TimeoutError: the broker does not answer in time.
    """
    async with asyncio.timeout(CONNECT_SECONDS):
        missing = set(names) - await topic_names(target.kafka)
    if missing:
        raise CommandError(
            f"Kafka at {target.kafka.bootstrap_servers} has no topic {', '.join(sorted(missing))}; "
            "`newsline setup` makes it",
            ExitCode.WRONG_USE,
        )
