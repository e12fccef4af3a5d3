"""Send stored articles through enrichment again, without delaying fresh ones."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from elasticsearch import AsyncElasticsearch

from services.cli.support.clients import reaching_kafka, searching
from services.cli.support.output import on_one_line, print_json, print_message
from services.cli.support.target import Target
from services.contracts.articles import AcceptedArticle, Status
from services.contracts.errors import ContractViolation
from services.elastic import naming
from services.enrich.nlp.analyzer import TextAnalyzer
from services.enrich.settings import EnrichSettings
from services.runtime.kafka.clients import bounded_connection, producer
from services.runtime.kafka.lag import OffsetReader, offset_reader
from services.runtime.settings import read_settings

PAGE = 100
# Records that a fresh article may wait behind: about two seconds of one enrich worker.
MAX_LAG = 200
POLL_SECONDS = 0.5
KEEP_ALIVE = "5m"

_KILLED = {"term": {"status": Status.CANCELED}}
ALL_ARTICLES: Mapping[str, Any] = {"bool": {"must_not": [_KILLED]}}


@dataclass
class ReenrichCounts:
    """Articles found and sent; ``refused`` has the ids of documents that are not articles."""

    found: int = 0
    sent: int = 0
    refused: list[str] = field(default_factory=list)


def stale_articles() -> Mapping[str, Any]:
    """Query for articles of which any part was not made by the current models.

    :raises SettingsError: the settings of the enrich workers are not usable.
    """
    models = read_settings(EnrichSettings).models
    older = [
        {
            "bool": {
                "must_not": {
                    "bool": {
                        "filter": [
                            {"term": {f"enrichment.{stage}.model": model}},
                            {"term": {f"enrichment.{stage}.version": version}},
                        ]
                    }
                }
            }
        }
        for stage, (model, version) in TextAnalyzer.load(models=models).versions.items()
    ]
    return {"bool": {"must_not": [_KILLED], "should": older, "minimum_should_match": 1}}


async def send_articles(
    target: Target, query: Mapping[str, Any], *, limit: int | None, dry_run: bool
) -> ReenrichCounts:
    """Send the articles of a query to ``articles.accepted``, a page at a time.

    :raises CommandError: a server cannot be reached, or refuses.
    """
    counts = ReenrichCounts()
    with reaching_kafka(target.kafka):
        async with (
            searching(target.elasticsearch) as client,
            offset_reader(target.kafka) as offsets,
            bounded_connection(producer(target.kafka)) as sender,
        ):
            async for page in _pages(client, target, query, limit):
                counts.found += len(page)
                if dry_run:
                    continue
                await _wait_for_low_lag(offsets, target)
                topic = target.flow[1].name
                articles = list(_articles(page, counts))
                sent = [
                    await sender.send(topic, article.encode(), key=article.article_id.encode())
                    for article in articles
                ]
                await asyncio.gather(*sent)
                counts.sent += len(sent)
    return counts


def print_counts(counts: ReenrichCounts, *, dry_run: bool, json_output: bool) -> None:
    """Print the counts: as JSON on standard output, or in a line."""
    if json_output:
        print_json(asdict(counts))
        return
    for article_id in counts.refused:
        print_message(f"refused: {on_one_line(article_id)}: its document is not an article")
    what = "would be sent" if dry_run else f"found, {counts.sent} sent to be enriched again"
    print_message(f"{counts.found} {'article' if counts.found == 1 else 'articles'} {what}.")


async def _pages(
    client: AsyncElasticsearch, target: Target, query: Mapping[str, Any], limit: int | None
) -> AsyncIterator[Sequence[Mapping[str, Any]]]:
    """Pages of a snapshot: documents that are written meanwhile are not found again."""
    index = naming.pattern(target.namespace, target.index.generation)
    opened = await client.open_point_in_time(index=index, keep_alive=KEEP_ALIVE)
    pit: str = opened["id"]
    after: list[Any] | None = None
    left = limit
    try:
        while left is None or left > 0:
            answer = await client.search(
                pit={"id": pit, "keep_alive": KEEP_ALIVE},
                query=query,
                sort=["_shard_doc"],
                search_after=after,
                size=PAGE if left is None else min(PAGE, left),
            )
            pit, hits = answer["pit_id"], answer["hits"]["hits"]
            if not hits:
                return
            yield [hit["_source"] for hit in hits]
            after = hits[-1]["sort"]
            left = None if left is None else left - len(hits)
    finally:
        await client.close_point_in_time(id=pit)


async def _wait_for_low_lag(offsets: OffsetReader, target: Target) -> None:
    accepted = target.flow[1]
    while True:
        behind = (await offsets.lag([accepted]))[accepted.name] or 0
        if behind <= MAX_LAG - PAGE:
            return
        await asyncio.sleep(POLL_SECONDS)


def _articles(page: Sequence[Mapping[str, Any]], counts: ReenrichCounts) -> list[AcceptedArticle]:
    """Accepted articles that these documents were made of."""
    articles = []
    for source in page:
        try:
            articles.append(AcceptedArticle.decode(json.dumps(source).encode()))
        except ContractViolation:
            counts.refused.append(str(source.get("article_id")))
    return articles
