"""What a failed request to Elasticsearch means, in one sentence with its address."""

from dataclasses import dataclass
from enum import Enum, auto

from elastic_transport import TlsError
from elasticsearch import (
    ApiError,
    AuthenticationException,
    AuthorizationException,
    BadRequestError,
    TransportError,
)

from services.elastic.client import SERVER_ERROR, TOO_MANY

# What the client raises; asyncio's own time limits are failures to answer as well.
ELASTICSEARCH_ERRORS = (ApiError, TransportError, TimeoutError)


class FailureKind(Enum):
    """Whose fault a failure is."""

    UNREACHABLE = auto()
    UNTRUSTED_TLS = auto()
    CREDENTIALS_REFUSED = auto()
    BAD_REQUEST = auto()
    OTHER_STATUS = auto()


@dataclass(frozen=True, slots=True)
class ElasticsearchFailure:
    """A classified failure.

    :param message: for people: the address, what happened, and the setting to look at if one may
        be wrong.
    :param retriable: True where the same request may succeed later without anybody's help.
    """

    kind: FailureKind
    message: str
    retriable: bool = False


def classify(error: Exception, url: str) -> ElasticsearchFailure:
    """Classify one of ``ELASTICSEARCH_ERRORS``, raised by a client of this address."""
    where = f"Elasticsearch at {url}"
    match error:
        case AuthenticationException() | AuthorizationException():
            return ElasticsearchFailure(
                FailureKind.CREDENTIALS_REFUSED,
                f"{where} refuses us ({error.status_code}); see NEWSLINE_ELASTICSEARCH_API_KEY, "
                "_USERNAME and _PASSWORD",
            )
        case BadRequestError():
            return ElasticsearchFailure(
                FailureKind.BAD_REQUEST, f"{where} cannot do that: {error.message}"
            )
        case ApiError():
            status = error.status_code
            return ElasticsearchFailure(
                FailureKind.OTHER_STATUS,
                f"{where} answers {status}",
                retriable=status == TOO_MANY or status >= SERVER_ERROR,
            )
        case TlsError():
            return ElasticsearchFailure(
                FailureKind.UNTRUSTED_TLS,
                f"{where} cannot be trusted or speaks no TLS; see NEWSLINE_ELASTICSEARCH_CA_FILE",
            )
        case _:
            return ElasticsearchFailure(
                FailureKind.UNREACHABLE, f"{where} cannot be reached", retriable=True
            )
