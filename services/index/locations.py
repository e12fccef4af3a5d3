"""Where each article is stored, and in which version: a small index that is read in real time."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.contracts.articles import EnrichedArticle
from services.elastic.bulk import BulkOperation
from services.elastic.lookup import Lookup, StoredDocument

# Older than any article: a location or a document without a version.
NO_VERSION = -1


@dataclass(frozen=True, slots=True)
class DocumentLocation:
    """The index and version of a stored article.

    ``seq_no`` and ``primary_term`` identify the write of this location, for optimistic locking.
    """

    index: str
    version: int
    seq_no: int
    primary_term: int


class LocationIndex:
    """The index of locations of one generation."""

    def __init__(self, lookup: Lookup, name: str) -> None:
        self._lookup = lookup
        self._name = name

    async def read_locations(self, ids: Sequence[str]) -> dict[str, DocumentLocation]:
        """The locations of those of the articles that are stored already, by id.

        :raises Interrupted: the worker must stop while Elasticsearch could not answer.
        """
        found = await self._lookup.get(dict.fromkeys(ids, self._name), ("index", "version"))
        # The first builds wrote no version here: the document itself has it.
        without_version = {
            key: location["_source"]["index"]
            for key, location in found.items()
            if "version" not in location["_source"]
        }
        documents = await self._lookup.get(without_version, ("version",), may_be_gone=True)
        return {key: _location(each, documents.get(key)) for key, each in found.items()}

    def write_operation(
        self, article: EnrichedArticle, index: str, known: DocumentLocation | None
    ) -> BulkOperation:
        """The write of an article's new location; refused if it is not ``known`` any more."""
        target: dict[str, Any] = {"_index": self._name, "_id": article.article_id}
        if known is not None:
            target |= {"if_seq_no": known.seq_no, "if_primary_term": known.primary_term}
        kind = "create" if known is None else "index"
        source = {"index": index, "version": article.version}
        return BulkOperation(json.dumps({kind: target}).encode(), json.dumps(source).encode())


def stored_version(locations: Mapping[str, DocumentLocation], article: EnrichedArticle) -> int:
    """The version that is stored; less than any where none is."""
    location = locations.get(article.article_id)
    return NO_VERSION if location is None else location.version


def _location(location: StoredDocument, document: StoredDocument | None) -> DocumentLocation:
    source = location["_source"]
    version = NO_VERSION if document is None else document["_version"]
    return DocumentLocation(
        source["index"],
        source.get("version", version),
        location["_seq_no"],
        location["_primary_term"],
    )
