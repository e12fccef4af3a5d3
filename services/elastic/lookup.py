"""Reading documents, by id and by search: complete answers or none.

A document that cannot be read is not a missing one: a partial answer is requested again.
"""

import json
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import chain
from typing import Any, NamedTuple, Self, cast

from elasticsearch import ApiError, AsyncElasticsearch

from services.elastic.client import send_request
from services.runtime.retry import RetryPolicy, Unavailable

_NO_INDEX = "index_not_found_exception"
# In one request, so that each is answered well within the client's time-out.
SEARCHES_AT_ONCE = 100
OK = 200

StoredDocument = Mapping[str, Any]


class SearchRequest(NamedTuple):
    """One search of many in a request: the line that names its indices, and its body's line."""

    header: bytes
    body: bytes

    @classmethod
    def of(cls, indices: Sequence[str], body: Mapping[str, Any]) -> Self:
        """Encode a search in indices, which need not exist."""
        # In a partial answer an original would be missing, and its duplicate become another one.
        complete = {"ignore_unavailable": True, "allow_partial_search_results": False}
        return cls(json.dumps({"index": indices} | complete).encode(), json.dumps(body).encode())


class Lookup:
    """Reads documents: by id in real time, by search as of the last refresh."""

    def __init__(self, client: AsyncElasticsearch, retry: RetryPolicy) -> None:
        self._client = client
        self._retry = retry

    async def get(
        self, index_by_id: Mapping[str, str], fields: Sequence[str], *, may_be_gone: bool = False
    ) -> dict[str, StoredDocument]:
        """Documents by id, with these fields of their source; a missing one is left out.

        :param may_be_gone: an index that does not exist has no documents; else it is waited for.
        :raises Interrupted: the worker must stop while Elasticsearch could not answer.
        """
        if not index_by_id:
            return {}
        wanted = [{"_index": index, "_id": key} for key, index in index_by_id.items()]

        async def attempt() -> dict[str, StoredDocument]:
            found = await send_request(
                lambda: self._client.mget(docs=wanted, source_includes=list(fields))
            )
            for doc in found["docs"]:
                error = doc.get("error")
                if error and not (may_be_gone and error["type"] == _NO_INDEX):
                    raise Unavailable(f"Elasticsearch ({doc['_index']} cannot be read)")
            return {doc["_id"]: doc for doc in found["docs"] if doc.get("found")}

        return await self._retry.run(attempt)

    async def search(self, searches: Sequence[SearchRequest]) -> list[list[StoredDocument]]:
        """The hits of each search.

        :raises Interrupted: the worker must stop while Elasticsearch could not answer.
        """
        found: list[list[StoredDocument]] = []
        for start in range(0, len(searches), SEARCHES_AT_ONCE):
            lines = list(chain.from_iterable(searches[start : start + SEARCHES_AT_ONCE]))
            found += await self._retry.run(partial(self._attempt, lines))
        return found

    async def _attempt(self, lines: Sequence[bytes]) -> list[list[StoredDocument]]:
        try:
            # Declared as mappings, but the client passes lines of bytes on as they are.
            answer = await send_request(
                lambda: self._client.msearch(searches=cast("Sequence[Mapping[str, Any]]", lines))
            )
        except ApiError as error:
            raise Unavailable(f"Elasticsearch (status {error.status_code} to a search)") from error
        for response in answer["responses"]:
            if response["status"] != OK:
                # Also 400: an index that the set-up has not yet brought up to date.
                refusal = response["error"]
                kind = refusal.get("type") if isinstance(refusal, dict) else "refused"
                raise Unavailable(f"Elasticsearch (a search: {kind})")
        return [response["hits"]["hits"] for response in answer["responses"]]
