"""Stored articles go through newer models, and nothing newer is lost by it."""

import json
import os
import signal
import subprocess
import sys
from typing import Any

from services.contracts.articles import ModelVersion
from services.index.writer import ArticleStore
from services.runtime.health import Health
from services.runtime.retry import RetryPolicy
from tests.fakes.records import enriched
from tests.support.pipeline import Pipeline

OLD = {"entities": ModelVersion(model="newsline-crf", version="0")}


def reenrich(pipe: Pipeline, *arguments: str, models: str = "default") -> dict[str, Any]:
    done = subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-m", "services.cli", "reenrich", *arguments, "--json"],
        env={
            **os.environ,
            "NEWSLINE_KAFKA_BOOTSTRAP_SERVERS": pipe.kafka.bootstrap_servers,
            "NEWSLINE_ELASTICSEARCH_URL": pipe.elasticsearch.url,
            "NEWSLINE_NAMESPACE": pipe.namespace,
            "NEWSLINE_ENRICH_MODELS": models,
        },
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    tally: dict[str, Any] = json.loads(done.stdout)
    return tally


async def test_stale_articles_are_enriched_again_and_the_others_are_left(pipe: Pipeline) -> None:
    store = ArticleStore(pipe.client, pipe.namespace, RetryPolicy(Health("index"), lambda: False))
    text = "Angela Merkel met Emmanuel Macron in Berlin."
    stale = [enriched(n, text=text, language="en", enrichment=OLD) for n in range(1, 251)]
    await store.write(stale)
    wire = {"source": "fresh", "id": "1", "text": text, "language": "en"}
    await pipe.push([json.dumps(wire).encode()])
    await pipe.start_all()
    await pipe.drained()
    fresh = next(d for d in (await pipe.documents()).values() if d["source"] == "fresh")

    assert reenrich(pipe, "--stale", "--dry-run") == {"found": 250, "sent": 0, "refused": []}
    assert reenrich(pipe, "--stale", "--wait") == {"found": 250, "sent": 250, "refused": []}

    documents = await pipe.documents()
    assert len(documents) == 251
    assert {tuple(d["people"]) for d in documents.values()} == {
        ("Angela Merkel", "Emmanuel Macron")
    }
    assert documents[fresh["article_id"]]["enriched_at"] == fresh["enriched_at"]
    assert reenrich(pipe, "--stale", "--dry-run")["found"] == 0
    assert {d["version"] for i, d in documents.items() if i != fresh["article_id"]} == {1}


async def test_a_limit_bounds_what_is_sent(pipe: Pipeline) -> None:
    store = ArticleStore(pipe.client, pipe.namespace, RetryPolicy(Health("index"), lambda: False))
    await store.write([enriched(n, enrichment=OLD) for n in range(1, 6)])
    await pipe.documents()

    assert reenrich(pipe, "--all", "--limit", "3")["sent"] == 3


async def test_what_the_default_path_made_is_stale_to_the_accurate_one(pipe: Pipeline) -> None:
    text = "Angela Merkel met Emmanuel Macron in Berlin. She praised him."
    wires = [
        json.dumps({"source": "wire", "id": str(n), "text": text, "language": "en"}).encode()
        for n in range(20)
    ]
    workers = await pipe.start_all()
    await pipe.push(wires)
    await pipe.drained()
    plain = await pipe.documents()
    workers["enrich"].kill(signal.SIGTERM)
    await workers["enrich"].ended()
    await pipe.start("enrich", {"NEWSLINE_ENRICH_MODELS": "accurate"}).ready()

    assert reenrich(pipe, "--stale", "--wait", models="accurate")["sent"] == len(wires)

    close = await pipe.documents()
    assert close.keys() == plain.keys()
    for stage in ("entities", "entity_sentiment"):
        assert {d["enrichment"][stage]["model"].split("-")[1] for d in close.values()} == {"minilm"}
    assert all(d["people"] == ["Angela Merkel", "Emmanuel Macron"] for d in close.values())
    assert {frozenset(d) for d in close.values()} == {frozenset(d) for d in plain.values()}
    assert reenrich(pipe, "--stale", "--dry-run", models="accurate")["found"] == 0
