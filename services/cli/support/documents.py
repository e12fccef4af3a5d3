"""Read stored articles through the alias that people search."""

from collections.abc import Mapping
from typing import Any

from elasticsearch import AsyncElasticsearch

from services.cli.support.clients import searching
from services.cli.support.target import Target
from services.elastic import naming

# Shorter ones match too many ids to be of use.
MIN_PREFIX_CHARS = 4
MAX_LISTED = 10


async def find_by_id(target: Target, prefix: str) -> dict[str, str]:
    """Ids that begin with a prefix, in any case, and the titles of their articles.

    :returns: at most ``MAX_LISTED`` and one more; none if the alias shows none.
    :raises CommandError: Elasticsearch cannot be reached.
    """
    request = {
        "query": {"prefix": {"article_id": {"value": prefix, "case_insensitive": True}}},
        "sort": ["article_id"],
        "size": MAX_LISTED + 1,
        "source": ["article_id", "title"],
    }
    async with searching(target.elasticsearch) as client:
        hits = await _search(client, target.namespace, request)
    return {hit["article_id"]: str(hit.get("title") or "") for hit in hits}


async def read_document(target: Target, article_id: str) -> dict[str, Any] | None:
    """Read the stored document of exactly this id; None if the alias shows none.

    :raises CommandError: Elasticsearch cannot be reached.
    """
    async with searching(target.elasticsearch) as client:
        request = {"query": {"ids": {"values": [article_id]}}, "size": 1}
        hits = await _search(client, target.namespace, request)
    return hits[0] if hits else None


async def count_documents(
    client: AsyncElasticsearch, namespace: str, query: Mapping[str, Any] | None = None
) -> int:
    """Count the articles that the alias shows, of those that match a query."""
    answer = await client.count(index=naming.alias(namespace), query=query, ignore_unavailable=True)
    return int(answer["count"])


async def _search(
    client: AsyncElasticsearch, namespace: str, request: Mapping[str, Any]
) -> list[dict[str, Any]]:
    answer = await client.search(index=naming.alias(namespace), ignore_unavailable=True, **request)
    return [dict(hit["_source"]) for hit in answer["hits"]["hits"]]
