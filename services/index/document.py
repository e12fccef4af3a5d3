"""An article as it is stored, and the action line of a bulk request that stores it."""

import json

from services.contracts.articles import EnrichedArticle
from services.index.duplicates.rules import comparable_fingerprint


def encode_document(article: EnrichedArticle, duplicate_of: str | None, indexed_at: str) -> bytes:
    """The stored document: the article, what it is a duplicate of, when it was written, and the
    fingerprint by which later articles are compared with it.

    :param indexed_at: ISO 8601 in UTC.
    """
    if duplicate_of != article.duplicate_of:
        article = article.model_copy(update={"duplicate_of": duplicate_of})
    added = f',"indexed_at":"{indexed_at}"'
    if fingerprint := comparable_fingerprint(article):
        added += f',"fingerprint_bits":"{fingerprint}"'
    return article.encode()[:-1] + added.encode() + b"}"


def encode_action(kind: str, article: EnrichedArticle, index: str, version: int) -> bytes:
    """An action line. ``external_gte``: repeating is harmless, and an older version is refused."""
    target = {
        "_index": index,
        "_id": article.article_id,
        "version": version,
        "version_type": "external_gte",
    }
    return json.dumps({kind: target}).encode()
