"""Where each article is, and in which version: a small index that is read in real time."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.contracts.articles import EnrichedArticle
from services.elastic.bulk import BulkOperation
from services.elastic.lookup import Lookup, StoredDocument

# Older than any article: what nobody knows the version of.
NO_VERSION = -1


@dataclass(frozen=True, slots=True)
class DocumentLocation:
    """Where an article is, in which version, and which write of its location said so."""

    index: str
    version: int
    seq_no: int
    primary_term: int


class LocationIndex:
    """The index of locations of one generation."""

    def __init__(self, lookup: Lookup, name: str) -> None:
        self._lookup = lookup
        self._name = name

    async def read(self, ids: Sequence[str]) -> dict[str, DocumentLocation]:
        """Where the articles are that are there already.

        :raises Interrupted: told to stop while Elasticsearch could not tell.
        """
        found = await self._lookup.get(dict.fromkeys(ids, self._name), ("index", "version"))
        # The first builds wrote no version here: the document itself has it.
        untold = {
            key: doc["_source"]["index"]
            for key, doc in found.items()
            if "version" not in doc["_source"]
        }
        documents = await self._lookup.get(untold, ("version",), may_be_gone=True)
        return {key: _place(doc, documents.get(key)) for key, doc in found.items()}

    def written(
        self, article: EnrichedArticle, index: str, place: DocumentLocation | None
    ) -> BulkOperation:
        """The write that says where an article is; refused if its location has changed since."""
        target: dict[str, Any] = {"_index": self._name, "_id": article.article_id}
        if place is not None:
            target |= {"if_seq_no": place.seq_no, "if_primary_term": place.primary_term}
        said = {"index": index, "version": article.version}
        kind = "create" if place is None else "index"
        return BulkOperation(json.dumps({kind: target}).encode(), json.dumps(said).encode())


def version(places: Mapping[str, DocumentLocation], article: EnrichedArticle) -> int:
    """The version that is there; less than any where none is."""
    place = places.get(article.article_id)
    return NO_VERSION if place is None else place.version


def _place(doc: StoredDocument, document: StoredDocument | None) -> DocumentLocation:
    said = doc["_source"]
    known = NO_VERSION if document is None else document["_version"]
    return DocumentLocation(
        said["index"], said.get("version", known), doc["_seq_no"], doc["_primary_term"]
    )
