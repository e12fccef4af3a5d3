"""An article as it is stored, and the line of a bulk request that says where."""

import json
from datetime import datetime

from services.contracts.articles import EnrichedArticle
from services.index.duplicates.rules import comparable


def document(article: EnrichedArticle, duplicate_of: str | None, indexed_at: datetime) -> bytes:
    """The stored document: the article in its role, when it was written, and by what later ones
    are compared with it.
    """
    if duplicate_of != article.duplicate_of:
        article = article.model_copy(update={"duplicate_of": duplicate_of})
    moment = indexed_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    added = f',"indexed_at":"{moment}"'
    if fingerprint := comparable(article):
        added += f',"fingerprint_bits":"{fingerprint}"'
    return article.encode()[:-1] + added.encode() + b"}"


def action(kind: str, article: EnrichedArticle, index: str, version: int) -> bytes:
    """An action line. ``external_gte``: repeating is harmless, and an older version is refused."""
    target = {
        "_index": index,
        "_id": article.article_id,
        "version": version,
        "version_type": "external_gte",
    }
    return json.dumps({kind: target}).encode()
