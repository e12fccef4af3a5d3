"""Bulk requests with a final result for each operation.

The client's own helper (``async_streaming_bulk`` of elasticsearch 9.2) repeats refused items too,
but a fixed number of times, by their status alone, and in pauses that cannot be interrupted. It
raises at a lost connection, and a request that is refused as a whole fails with all its items.
Here an outage may last any time, a status 400 may be the cluster's state, and a request that is
refused as a whole is halved.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, cast

from elasticsearch import ApiError, AsyncElasticsearch

from services.contracts.topics import MIB
from services.elastic.client import (
    BAD_REQUEST,
    CONFLICT,
    NOT_FOUND,
    TOO_LARGE,
    Overloaded,
    send_request,
)
from services.runtime.retry import RetryPolicy, Unavailable

logger = logging.getLogger(__name__)

# Elasticsearch advises 5 to 15 MiB; small enough not to trip indexing pressure on a small node.
MAX_BULK_BYTES = 5 * MIB
MAX_OPERATIONS = 10_000

# Status 400 for the cluster's state: too many shards for another month's index, a closed index.
_CLUSTER_STATE = frozenset({"validation_exception", "index_closed_exception"})


class BulkOperation(NamedTuple):
    """One action of a bulk request: its line, and the document's line if it has one."""

    action: bytes
    document: bytes | None = None

    @property
    def size(self) -> int:
        """Bytes on the wire."""
        return len(self.action) + len(self.document or b"") + 2


@dataclass(frozen=True, slots=True)
class BulkResult:
    """The final result of one operation: done, a version conflict, or refused for good.

    ``refusal`` names the type of the error, never the document.
    """

    conflict: bool = False
    refusal: str | None = None


class BulkWriter:
    """Sends bulk requests until every operation has its final result.

    429, 5xx, blocks and missing rights are not the document's fault: those items are sent again,
    and only those. 400 is the document's. A whole request that is refused as malformed or too
    large is halved until the faulty operation stands alone.
    """

    def __init__(self, client: AsyncElasticsearch, retry: RetryPolicy) -> None:
        self._client = client
        self._retry = retry
        self._max_operations = MAX_OPERATIONS

    async def run(self, operations: Sequence[BulkOperation]) -> list[BulkResult]:
        """One result per operation, in order.

        :raises Interrupted: the worker must stop while Elasticsearch could not take it.
        """
        results: dict[int, BulkResult] = {}
        for numbers in _chunks(operations):
            waiting = list(numbers)
            await self._retry.run(partial(self._send_all, operations, waiting, results))
        return [results[number] for number in range(len(operations))]

    async def _send_all(
        self,
        operations: Sequence[BulkOperation],
        waiting: list[int],
        results: dict[int, BulkResult],
    ) -> None:
        """Send all that wait, at once or, where the node refuses so many, in parts.

        :raises Unavailable: some must be sent again.
        """
        while waiting:
            part = waiting[: self._max_operations]
            try:
                fault = await self._attempt(operations, part, results)
            except Overloaded:
                # A busy node may take less; one with a small limit will never take all at once.
                self._max_operations = max(len(part) // 2, 1)
                raise
            self._max_operations = min(2 * self._max_operations, MAX_OPERATIONS)
            waiting[:] = [number for number in waiting if number not in results]
            if fault is not None:
                raise Unavailable(fault)

    async def _attempt(
        self,
        operations: Sequence[BulkOperation],
        numbers: Sequence[int],
        results: dict[int, BulkResult],
    ) -> str | None:
        """Send once, and note every result that is final.

        :returns: why some items must be sent again, or None.
        """
        lines = [line for number in numbers for line in operations[number] if line is not None]
        try:
            # Declared as mappings, but the client passes lines of bytes on as they are.
            response = await send_request(
                lambda: self._client.bulk(operations=cast("list[dict[str, Any]]", lines))
            )
        except ApiError as error:
            if len(numbers) == 1:
                # A proxy's refusal has a page for a body, and no JSON.
                body = error.body if isinstance(error.body, dict) else {}
                results[numbers[0]] = BulkResult(refusal=_error_type(body.get("error", {})))
                return None
            logger.warning("A bulk request was refused as a whole; it is sent in halves.")
            half = len(numbers) // 2
            first = await self._attempt(operations, numbers[:half], results)
            second = await self._attempt(operations, numbers[half:], results)
            return first or second
        fault = None
        for number, item in zip(numbers, response["items"], strict=True):
            (outcome,) = item.values()
            if _is_transient(outcome):
                fault = f"Elasticsearch ({_error_type(outcome.get('error', {}))})"
            else:
                results[number] = _result(outcome)
        return fault


def _chunks(operations: Sequence[BulkOperation]) -> Iterator[range]:
    """Cut into requests of at most MAX_BULK_BYTES, one operation at least."""
    start, size = 0, 0
    for number, operation in enumerate(operations):
        if size and size + operation.size > MAX_BULK_BYTES:
            yield range(start, number)
            start, size = number, 0
        size += operation.size
    if size:
        yield range(start, len(operations))


def _is_transient(outcome: dict[str, Any]) -> bool:
    status = outcome["status"]
    # A delete of what is not there answers 404 without an error, and is done; an index that is not
    # there and may not be made answers 404 with one, and set-up will make it.
    done = status < BAD_REQUEST or (status == NOT_FOUND and "error" not in outcome)
    if status == BAD_REQUEST and isinstance(error := outcome.get("error"), dict):
        return error.get("type") in _CLUSTER_STATE
    return not done and status not in {BAD_REQUEST, CONFLICT, TOO_LARGE}


def _result(outcome: dict[str, Any]) -> BulkResult:
    if outcome["status"] == CONFLICT:
        return BulkResult(conflict=True)
    if outcome["status"] in {BAD_REQUEST, TOO_LARGE}:
        return BulkResult(refusal=_error_type(outcome.get("error", {})))
    return BulkResult()


def _error_type(error: dict[str, Any] | str) -> str:
    """The error's type alone: its reason can quote the document."""
    if isinstance(error, str):
        return "refused"
    cause = error.get("caused_by")
    kind = str(error.get("type", "refused"))
    return f"{kind} ({cause['type']})" if isinstance(cause, dict) and "type" in cause else kind
