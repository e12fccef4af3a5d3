"""AcceptedArticle → EnrichedArticle; pure, and run in a process of its own."""

import gc
import re
from collections.abc import Sequence
from datetime import UTC, datetime

from services.contracts.articles import (
    AcceptedArticle,
    EnrichedArticle,
    Entity,
    Location,
    ModelVersion,
    Sentiment,
    Status,
)
from services.enrich.nlp.analyzer import Analysis, TextAnalyzer
from services.enrich.nlp.artefacts import ModelSet
from services.enrich.nlp.document import ScoredEntity
from services.enrich.nlp.sentiment.vader import SentimentResult
from services.enrich.pool import Enriched

# What a nested field of the index takes is 2,000; no article is about so many.
MAX_ENTITIES = 1000
MAX_OFFSETS = 1000

# The primary subtag of BCP 47; anything else a publisher calls a language is detected instead.
_LANGUAGE_TAG = re.compile(r"([A-Za-z]{2})(?:[-_][A-Za-z0-9_-]*)?")

# The models of this process. A pool's child serves one article at a time and loads them once.
_loaded: list[TextAnalyzer] = []


def load(models: ModelSet = "default") -> None:
    """Load the models into this process.

    :raises ArtefactUnusable: a file is missing or is not the one that was released.
    """
    _loaded[:] = [TextAnalyzer.load(models=models)]
    # The models stay as long as the process: what collects garbage need not look at them again,
    # which saves a tenth of the time of an article.
    gc.collect()
    gc.freeze()


def enrich_value(value: bytes | None) -> Enriched:
    """Enrich the value of an ``articles.accepted`` record.

    :raises ContractViolation: it is no accepted article.
    """
    article = AcceptedArticle.decode(value)
    enriched = enrich(article, _loaded[0], datetime.now(UTC))
    return Enriched(article.article_id, enriched.encode(), article.received_at.timestamp())


def enrich(article: AcceptedArticle, analyzer: TextAnalyzer, now: datetime) -> EnrichedArticle:
    """The article with what the models found in it. A kill notice passes as it is."""
    fields = dict(article) | {"enriched_at": now}
    if article.status is Status.CANCELED:
        return EnrichedArticle.model_construct(**fields)
    claimed = _LANGUAGE_TAG.fullmatch(article.language or "")
    found = analyzer.analyze(
        article.title, article.text, claimed[1].lower() if claimed is not None else None
    )
    entities = tuple(_entity(entity) for entity in found.entities[:MAX_ENTITIES])
    fields |= _language(article, found) | {
        "entities": entities,
        "people": _names(entities, "PER"),
        "organizations": _names(entities, "ORG"),
        "places": _names(entities, "LOC"),
        "sentiment": _sentiment(found.sentiment),
        "keywords": found.keywords,
        "location": _location(found),
        "fingerprint": found.fingerprint,
        "enrichment": {
            stage: ModelVersion.model_construct(model=model, version=version)
            for stage, (model, version) in analyzer.versions.items()
        },
    }
    # The parts are the models' own and the article was validated when it was decoded.
    return EnrichedArticle.model_construct(**fields)


def _language(article: AcceptedArticle, found: Analysis) -> dict[str, object]:
    """One form for all, so that a filter finds them; what the publisher wrote is kept."""
    code = found.language.code if found.language is not None else None
    if article.language is None or article.language == code:
        return {"language": code}
    return {"language": code, "extra": {"language": article.language} | article.extra}


def _entity(entity: ScoredEntity) -> Entity:
    return Entity.model_construct(
        name=entity.name,
        type=entity.type,
        mentions=entity.mentions,
        salience=entity.salience,
        sentiment=_sentiment(entity.sentiment),
        offsets=entity.offsets[:MAX_OFFSETS],
    )


def _sentiment(sentiment: SentimentResult | None) -> Sentiment | None:
    if sentiment is None:
        return None
    return Sentiment.model_construct(label=sentiment.label, score=sentiment.score)


def _location(found: Analysis) -> Location | None:
    if found.location is None:
        return None
    return Location.model_construct(lat=found.location.latitude, lon=found.location.longitude)


def _names(entities: Sequence[Entity], kind: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(entity.name for entity in entities if entity.type == kind))
