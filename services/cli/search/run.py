"""Run a search through the alias that people search."""

from typing import Any

from services.cli.search.query import SearchQuery, search_request
from services.cli.support.clients import searching
from services.cli.support.target import Target
from services.elastic import naming


async def search_articles(target: Target, query: SearchQuery) -> dict[str, Any]:
    """Search; the result is what ``newsline search --json`` prints.

    :raises CommandError: Elasticsearch cannot be reached or rejects the query.
    """
    async with searching(target.elasticsearch) as client:
        # The alias comes with the first set-up; without it there is nothing to be found either.
        answer = await client.search(
            index=naming.alias(target.namespace), ignore_unavailable=True, **search_request(query)
        )
    hits = answer["hits"]
    return {
        "total": hits["total"]["value"],
        "hits": [
            hit["_source"] | {"score": hit["_score"], "highlight": hit.get("highlight", {})}
            for hit in hits["hits"]
        ],
    }
