"""A server that cannot be reached is said so in one line, with its address."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Protocol, TypeVar

from aiokafka import errors as kafka_errors
from elastic_transport import ConnectionError as NoConnection
from elastic_transport import ConnectionTimeout, TlsError
from elasticsearch import (
    ApiError,
    AsyncElasticsearch,
    AuthenticationException,
    AuthorizationException,
    BadRequestError,
    TransportError,
)

from services.cli.support.errors import CommandError, ExitCode, ServerUnavailable
from services.elastic.settings import ElasticsearchSettings
from services.runtime.kafka.settings import KafkaSettings

CONNECT_SECONDS = 15.0
# A broken connection must not keep a command from ending.
STOP_SECONDS = 5.0
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


class Client(Protocol):
    """A Kafka producer or consumer."""

    async def start(self) -> None:
        """Connect."""

    async def stop(self) -> None:
        """Disconnect."""


C = TypeVar("C", bound=Client)


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
    where = f"Elasticsearch at {settings.url}"
    try:
        yield
    except (AuthenticationException, AuthorizationException) as error:
        raise CommandError(
            f"{where} refuses us ({error.status_code}); see NEWSLINE_ELASTICSEARCH_API_KEY, "
            "_USERNAME and _PASSWORD",
            ExitCode.UNREACHABLE,
        ) from error
    except BadRequestError as error:
        raise CommandError(
            f"{where} cannot do that: {error.message}", ExitCode.WRONG_USE
        ) from error
    except ApiError as error:
        raise ServerUnavailable(f"{where} answers {error.status_code}") from error
    except TlsError as error:
        raise CommandError(
            f"{where} cannot be trusted or speaks no TLS; see NEWSLINE_ELASTICSEARCH_CA_FILE",
            ExitCode.UNREACHABLE,
        ) from error
    except (NoConnection, ConnectionTimeout, TimeoutError, TransportError) as error:
        raise ServerUnavailable(f"{where} cannot be reached; {HINT}") from error


@asynccontextmanager
async def connected(client: C, within_seconds: float = CONNECT_SECONDS) -> AsyncIterator[C]:
    """A producer or consumer, started in bounded time and stopped in bounded time."""
    try:
        async with asyncio.timeout(within_seconds):
            await client.start()
        yield client
    finally:
        with suppress(TimeoutError, kafka_errors.KafkaError):
            async with asyncio.timeout(STOP_SECONDS):
                await client.stop()


@asynccontextmanager
async def searching(settings: ElasticsearchSettings) -> AsyncIterator[AsyncElasticsearch]:
    """A client of Elasticsearch; its failures become the command's ending."""
    with reaching_elasticsearch(settings):
        client = settings.client()
        try:
            yield client
        finally:
            await client.close()
