"""One request to Elasticsearch: answered, refused, or to be repeated."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import elastic_transport
from elasticsearch import ApiError

from services.runtime.retry import Unavailable

T = TypeVar("T")

CONFLICT = 409
TOO_LARGE = 413
BAD_REQUEST = 400
NOT_FOUND = 404
TOO_MANY = 429
SERVER_ERROR = 500


class Overloaded(Unavailable):
    """The node cannot take the whole request now."""


async def send_request(request: Callable[[], Awaitable[T]]) -> T:
    """Await one request.

    :raises Unavailable: Elasticsearch cannot be reached, or cannot take it now.
    :raises ApiError: the request itself is refused (400 or 413).
    """
    try:
        return await request()
    except elastic_transport.TransportError as error:
        raise Unavailable("Elasticsearch") from error
    except ApiError as error:
        if error.status_code in {BAD_REQUEST, TOO_LARGE}:
            raise
        if error.status_code == TOO_MANY:
            raise Overloaded("Elasticsearch (status 429)") from error
        # 401 and 403 too: rights can be given back, and an article is not to blame for them.
        raise Unavailable(f"Elasticsearch (status {error.status_code})") from error
