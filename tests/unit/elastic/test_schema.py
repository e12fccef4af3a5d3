import json
from typing import Any

from services.contracts.articles import EnrichedArticle, Entity, Sentiment
from services.contracts.timestamps import format_utc
from services.elastic.schema import index_templates
from services.elastic.settings import IndexSettings
from services.index.document import encode_document
from tests.fakes.records import ARRIVAL, enriched


def mapping() -> dict[str, Any]:
    template = index_templates("", IndexSettings())["articles"]["template"]
    properties: dict[str, Any] = template["mappings"]["properties"]
    return properties


def test_the_mapping_has_a_field_for_each_of_the_document_and_no_other() -> None:
    article = enriched(text="long " * 100, fingerprint="0123456789abcdef")
    stored = json.loads(encode_document(article, None, format_utc(ARRIVAL)))

    assert set(mapping()) == set(stored)
    assert set(stored) == {*EnrichedArticle.model_fields, "indexed_at", "fingerprint_bits"}
    assert set(mapping()["entities"]["properties"]) == set(Entity.model_fields)
    assert set(mapping()["sentiment"]["properties"]) == set(Sentiment.model_fields)


def test_the_alias_shows_usable_articles_only() -> None:
    template = index_templates("staging", IndexSettings())["staging-articles"]

    assert template["index_patterns"] == ["staging-articles-*"]
    assert template["template"]["aliases"] == {
        "staging-articles": {"filter": {"term": {"status": "usable"}}}
    }


def test_replicas_are_as_many_as_the_settings_say() -> None:
    told = index_templates("", IndexSettings(replicas=2, shards=3))["articles"]["template"][
        "settings"
    ]

    assert told["index"]["number_of_replicas"] == 2
    assert told["index"]["number_of_shards"] == 3
    assert "auto_expand_replicas" not in told["index"]
