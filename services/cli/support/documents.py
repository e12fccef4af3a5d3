"""Reading what is stored, through the alias that people search."""

from typing import Any

from elasticsearch import AsyncElasticsearch

from services.cli.support.clients import searching
from services.cli.support.target import Target
from services.elastic import naming


async def document(target: Target, article_id: str) -> dict[str, Any] | None:
    """The stored document of this id, exactly; None if the alias shows none.

    :raises Ended: Elasticsearch cannot be reached.
    """
    async with searching(target.elasticsearch) as client:
        answer = await client.search(
            index=naming.alias(target.namespace),
            query={"ids": {"values": [article_id]}},
            size=1,
            ignore_unavailable=True,
        )
    hits = answer["hits"]["hits"]
    return dict(hits[0]["_source"]) if hits else None


async def count(
    client: AsyncElasticsearch, namespace: str, query: dict[str, Any] | None = None
) -> int:
    """How many articles the alias shows, of those that match a query."""
    answer = await client.count(index=naming.alias(namespace), query=query, ignore_unavailable=True)
    return int(answer["count"])
