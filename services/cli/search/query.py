"""Build the Elasticsearch request of a search; pure."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

# Marks of highlights. Unicode's private use: nobody types these, so text cannot forge them.
MARK, END_MARK = "\ue000", "\ue001"

# Longer ones make more clauses than Elasticsearch takes; nobody types them.
MAX_QUERY_CHARS = 2000
# As far as Elasticsearch highlights at all, unless an index says otherwise.
MAX_HIGHLIGHTED_CHARS = 1_000_000
# Elasticsearch's own window; beyond it a search is an export.
MAX_HITS = 10_000


class Order(StrEnum):
    """Values of ``--sort``."""

    RELEVANCE = "relevance"
    NEWEST = "newest"


class SentimentLabel(StrEnum):
    """Values of ``--sentiment``."""

    NEGATIVE = "negative"
    NEUTRAL = "neutral"
    POSITIVE = "positive"


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """What to search for. Names match whole, in any case; dates are ISO 8601 and inclusive."""

    words: str = ""
    people: tuple[str, ...] = ()
    organizations: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    entities: tuple[str, ...] = ()
    since: str | None = None
    until: str | None = None
    sentiment: SentimentLabel | None = None
    source: str | None = None
    language: str | None = None
    copies: bool = True
    limit: int = 10
    order: Order = Order.RELEVANCE


def search_request(query: SearchQuery) -> dict[str, Any]:
    """Arguments for ``search`` of the Elasticsearch client."""
    words = query.words.strip()
    newest = query.order is Order.NEWEST or not words
    by_date = {"published_at": {"order": "desc", "missing": "_last"}}
    # The id at the end makes the order of hits stable.
    order = [by_date, {"version": "desc"}] if newest else ["_score", by_date]
    return {
        "query": {"bool": {"must": [_matching(words)], "filter": _filters(query)}},
        "sort": [*order, {"article_id": "asc"}],
        "size": query.limit,
        "highlight": _highlight(words),
        "track_total_hits": True,
        "track_scores": True,
    }


def _matching(words: str) -> dict[str, Any]:
    if not words:
        return {"match_all": {}}
    # All words, in title or text: with "or", `kim -putin` would find all that is not about Putin.
    # Names are fields of whole names, not of words, so there only the whole text can match.
    in_words = {
        "simple_query_string": {
            "query": words,
            "fields": ["title^3", "text"],
            "default_operator": "and",
            "lenient": True,
        }
    }
    as_name = [
        {"term": {field: {"value": words, "case_insensitive": True, "boost": 2}}}
        for field in ("people", "organizations", "places")
    ]
    return {"bool": {"should": [in_words, *as_name], "minimum_should_match": 1}}


def _filters(query: SearchQuery) -> list[dict[str, Any]]:
    named = {
        "people": query.people,
        "organizations": query.organizations,
        "places": query.places,
    }
    filters = [_is(field, name) for field, names in named.items() for name in names]
    filters += [
        {"nested": {"path": "entities", "query": _is("entities.name", name)}}
        for name in query.entities
    ]
    exact = {
        "sentiment.label": query.sentiment,
        "source": query.source,
        "language": query.language,
    }
    filters += [_is(field, str(value)) for field, value in exact.items() if value is not None]
    # A bare day as the upper end is rounded up by Elasticsearch: all of it counts.
    bounds = {"gte": query.since, "lte": query.until}
    span = {end: value for end, value in bounds.items() if value is not None}
    if span:
        filters.append({"range": {"published_at": span}})
    if not query.copies:
        filters.append({"bool": {"must_not": {"exists": {"field": "duplicate_of"}}}})
    return filters


def _is(field: str, value: str) -> dict[str, Any]:
    return {"term": {field: {"value": value, "case_insensitive": True}}}


def _highlight(words: str) -> dict[str, Any]:
    if not words:
        return {"fields": {}}
    return {
        "fields": {
            "title": {"number_of_fragments": 0},
            "text": {"number_of_fragments": 2, "fragment_size": 160},
        },
        "pre_tags": [MARK],
        "post_tags": [END_MARK],
        "max_analyzed_offset": MAX_HIGHLIGHTED_CHARS,
    }
