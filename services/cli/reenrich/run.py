"""Sending stored articles through enrichment again, without standing in the way of fresh ones."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from elasticsearch import AsyncElasticsearch

from services.cli.support.clients import connected, reaching_kafka, searching
from services.cli.support.lag import Broker, broker
from services.cli.support.output import on_one_line, say, show_json
from services.cli.support.target import Target
from services.contracts.articles import AcceptedArticle, Status
from services.contracts.errors import ContractViolation
from services.elastic import naming
from services.enrich.nlp.analyzer import TextAnalyzer
from services.enrich.settings import EnrichSettings
from services.runtime.kafka.clients import producer
from services.runtime.settings import read

PAGE = 100
# So many may be ahead of a fresh article: about two seconds of one enrich worker.
MOST_AHEAD = 200
POLL_SECONDS = 0.5
KEEP_ALIVE = "5m"

_KILLED = {"term": {"status": Status.CANCELED}}
EVERYTHING: Mapping[str, Any] = {"bool": {"must_not": [_KILLED]}}


@dataclass
class Tally:
    """What was found and sent; ``refused`` names the documents that are no articles."""

    found: int = 0
    sent: int = 0
    refused: list[str] = field(default_factory=list)


def stale() -> Mapping[str, Any]:
    """A query for what was not made, in every part, by the models as they are now.

    :raises SettingsError: the settings of the enrich workers are not usable.
    """
    models = read(EnrichSettings).models
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


async def reenrich(
    target: Target, query: Mapping[str, Any], *, limit: int | None, dry_run: bool
) -> Tally:
    """Send what the query finds to ``articles.accepted``, a page at a time.

    :raises Ended: a server cannot be reached, or refuses.
    """
    tally = Tally()
    with reaching_kafka(target.kafka):
        async with (
            searching(target.elasticsearch) as client,
            broker(target.kafka) as offsets,
            connected(producer(target.kafka)) as sender,
        ):
            async for page in _pages(client, target, query, limit):
                tally.found += len(page)
                if dry_run:
                    continue
                await _let_fresh_ones_pass(offsets, target)
                topic = target.flow[1].name
                articles = list(_articles(page, tally))
                sent = [
                    await sender.send(topic, article.encode(), key=article.article_id.encode())
                    for article in articles
                ]
                await asyncio.gather(*sent)
                tally.sent += len(sent)
    return tally


def tell(tally: Tally, *, dry_run: bool, json_output: bool) -> None:
    """The counts: as JSON on standard output, or in a line."""
    if json_output:
        show_json(asdict(tally))
        return
    for article_id in tally.refused:
        say(f"refused: {on_one_line(article_id)}: its document is no article")
    said = "would be sent" if dry_run else f"found, {tally.sent} sent to be enriched again"
    say(f"{tally.found} {'article' if tally.found == 1 else 'articles'} {said}.")


async def _pages(
    client: AsyncElasticsearch, target: Target, query: Mapping[str, Any], limit: int | None
) -> AsyncIterator[Sequence[Mapping[str, Any]]]:
    """Documents as they stood at the start: what is written meanwhile is not found again."""
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


async def _let_fresh_ones_pass(offsets: Broker, target: Target) -> None:
    accepted = target.flow[1]
    while True:
        behind = (await offsets.lag([accepted]))[accepted.name] or 0
        if behind <= MOST_AHEAD - PAGE:
            return
        await asyncio.sleep(POLL_SECONDS)


def _articles(page: Sequence[Mapping[str, Any]], tally: Tally) -> list[AcceptedArticle]:
    """The accepted articles that the documents were made of."""
    articles = []
    for source in page:
        try:
            articles.append(AcceptedArticle.decode(json.dumps(source).encode()))
        except ContractViolation:
            tally.refused.append(str(source.get("article_id")))
    return articles
