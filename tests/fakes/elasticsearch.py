"""The requests of the index worker, answered from memory as a node with our templates does.

Strict: an action that it does not know fails the test, and what the mapping refuses is refused.
"""

import json
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import resources
from typing import Any

MAX_NESTED = 2000
_FIELDS = frozenset(
    json.loads(
        resources.files("services.elastic").joinpath("templates", "articles.json").read_text()
    )["mappings"]["properties"]
)

Json = dict[str, Any]


@dataclass(slots=True)
class _Stored:
    """A document, or with no source the memory of a deleted one."""

    source: Json | None
    version: int
    seq_no: int
    searchable: bool = False


class FakeElasticsearch:
    """An ``AsyncElasticsearch`` of three requests.

    :param locations: an index that exists from the start, and takes any field; every other one is
        made by the first write, with the mapping of articles.
    :ivar operations: every bulk operation in its order: ``index articles-2026.01/0…01``.
    :ivar requests: how often each of ``bulk``, ``mget`` and ``msearch`` was called.
    :ivar before_request: awaited with the request's name before it is answered, to raise what a
        node that is away raises, or to write what a concurrent writer writes.
    """

    def __init__(self, locations: str = "newsline-locations") -> None:
        self._locations = locations
        self._indices: dict[str, dict[str, _Stored]] = {locations: {}}
        self._seq_nos: Counter[str] = Counter()
        self.operations: list[str] = []
        self.requests: Counter[str] = Counter()
        self.before_request: Callable[[str], Awaitable[None]] | None = None

    def documents(self) -> dict[str, Json]:
        """The sources of all articles that are stored, by ``index/id``."""
        return {
            f"{index}/{key}": stored.source
            for index, documents in self._indices.items()
            for key, stored in documents.items()
            if index != self._locations and stored.source is not None
        }

    def locations(self) -> dict[str, str]:
        """The index that the location of each article names, by id."""
        found = self._indices[self._locations].items()
        return {key: stored.source["index"] for key, stored in found if stored.source}

    def refresh(self) -> None:
        """Make everything searchable that has been written."""
        for documents in self._indices.values():
            for stored in documents.values():
                stored.searchable = True

    async def bulk(self, *, operations: Sequence[bytes]) -> Json:
        """One item per operation, in order."""
        await self._begin("bulk")
        lines = iter(operations)
        return {"items": [self._apply(json.loads(line), lines) for line in lines]}

    async def mget(self, *, docs: Sequence[Json], source_includes: Sequence[str]) -> Json:
        """Documents by id, in real time."""
        await self._begin("mget")
        return {"docs": [self._get(doc["_index"], doc["_id"], source_includes) for doc in docs]}

    async def msearch(self, *, searches: Sequence[bytes]) -> Json:
        """The nearest fingerprints of each search, among what has been refreshed."""
        await self._begin("msearch")
        lines = [json.loads(line) for line in searches]
        answers = [self._search(*pair) for pair in zip(lines[::2], lines[1::2], strict=True)]
        return {"responses": [{"status": 200, "hits": {"hits": hits}} for hits in answers]}

    async def _begin(self, request: str) -> None:
        self.requests[request] += 1
        if self.before_request is not None:
            await self.before_request(request)

    def _apply(self, action: Json, lines: Iterator[bytes]) -> Json:
        ((kind, target),) = action.items()
        target = dict(target)
        index, key = target.pop("_index"), target.pop("_id")
        self.operations.append(f"{kind} {index}/{key}")
        source = None if kind == "delete" else json.loads(next(lines))
        there = self._indices.get(index, {}).get(key)
        status, error = _verdict(kind, target, there)
        if source is not None and index != self._locations and not error:
            status, error = _refusal(source) or (status, error)
        if error:
            return {kind: {"status": status, "error": {"type": error}}}
        self._seq_nos[index] += 1
        version = target.get("version", there.version + 1 if there else 1)
        stored = _Stored(source, version, self._seq_nos[index])
        self._indices.setdefault(index, {})[key] = stored
        return {kind: {"status": status}}

    def _get(self, index: str, key: str, fields: Sequence[str]) -> Json:
        name = {"_index": index, "_id": key}
        if index not in self._indices:
            return name | {"error": {"type": "index_not_found_exception"}}
        stored = self._indices[index].get(key)
        if stored is None or stored.source is None:
            return name | {"found": False}
        return name | {
            "found": True,
            "_version": stored.version,
            "_seq_no": stored.seq_no,
            "_primary_term": 1,
            "_source": _only(stored.source, fields),
        }

    def _search(self, where: Json, body: Json) -> list[Json]:
        assert where["ignore_unavailable"]
        assert not where["allow_partial_search_results"]
        knn = body["knn"]
        wanted, times = int(knn["query_vector"], 16), knn["filter"]["bool"]["should"]
        found: list[tuple[int, str, Json]] = []
        for index in where["index"]:
            for key, stored in self._indices.get(index, {}).items():
                if not stored.searchable or "fingerprint_bits" not in (
                    source := stored.source or {}
                ):
                    continue
                distance = (int(source["fingerprint_bits"], 16) ^ wanted).bit_count()
                if distance <= knn["similarity"] and any(_in_range(source, each) for each in times):
                    found.append((distance, key, source))
        nearest = sorted(found, key=lambda each: each[:2])[: min(knn["k"], body["size"])]
        return [{"_id": key, "fields": _doc_values(source, body)} for _, key, source in nearest]


def _verdict(kind: str, target: Json, there: _Stored | None) -> tuple[int, str | None]:
    """The status of an operation, and the type of its error."""
    exists = there is not None and there.source is not None
    match kind, target:
        case "index" | "delete", {"version": int(version), "version_type": "external_gte"}:
            conflict = there is not None and there.version > version
        case "create", {**rest} if not rest:
            conflict = exists
        case "index", {"if_seq_no": int(number), "if_primary_term": 1}:
            conflict = not exists or (there is not None and there.seq_no != number)
        case _:
            raise AssertionError(f"{kind} {target} is not what the worker asks")
    if conflict:
        return 409, "version_conflict_engine_exception"
    if kind == "delete":
        return (200 if exists else 404), None
    return (200 if exists else 201), None


def _refusal(source: Json) -> tuple[int, str] | None:
    if source.keys() - _FIELDS:
        return 400, "strict_dynamic_mapping_exception"
    if len(source.get("entities", ())) > MAX_NESTED:
        return 400, "document_parsing_exception"
    return None


def _only(source: Mapping[str, Any], fields: Sequence[str]) -> Json:
    found: Json = {}
    for field in fields:
        name, _, rest = field.partition(".")
        if name in source:
            found[name] = _only(source[name], [rest]) if rest else source[name]
    return found


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _in_range(source: Json, condition: Json) -> bool:
    ((field, limits),) = condition["range"].items()
    if source.get(field) is None:
        return False
    return _moment(limits["gte"]) <= _moment(source[field]) <= _moment(limits["lte"])


def _doc_values(source: Json, body: Json) -> dict[str, list[Any]]:
    names = [name for name in body["docvalue_fields"] if source.get(name) is not None]
    return {name: [_doc_value(name, source[name])] for name in names}


def _doc_value(name: str, value: Any) -> Any:
    """A date comes as a moment, to the millisecond."""
    if not name.endswith("_at"):
        return value
    return _moment(value).isoformat(timespec="milliseconds").replace("+00:00", "Z")
