"""The fake of Elasticsearch stores, refuses and finds what a real node with our templates does.

Every case runs on both. A fake that is made more lenient or stricter turns its half red.
"""

import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio

from services.contracts.articles import EnrichedArticle, ModelVersion
from services.elastic import naming
from services.elastic.lookup import SearchRequest
from services.elastic.schema import index_templates
from services.elastic.settings import IndexSettings
from services.index.document import encode_document
from services.index.duplicates.rules import MIN_CHARACTERS
from tests.fakes.elasticsearch import MAX_NESTED, FakeElasticsearch
from tests.fakes.records import enriched
from tests.support.pipeline import Pipeline, pipeline

pytestmark = pytest.mark.asyncio(loop_scope="module")

INDEXED_AT = "2026-01-02T03:04:05Z"
TEXT = "x" * MIN_CHARACTERS
NAME = {"name": "N", "type": "PER", "mentions": 1, "salience": 0.5}
LIMITS = {"gte": "2026-01-01T00:00:00", "lte": "2026-01-03T00:00:00"}
Answers = list[tuple[int, str | None]]


@dataclass
class Node:
    """A client, and names that are its own."""

    client: Any
    refresh: Callable[[], Awaitable[Any]]
    locations: str
    articles: str
    operations: list[bytes] = field(default_factory=list)

    async def bulk(self) -> Answers:
        """Send what was added; status and type of error of each."""
        answer = await self.client.bulk(operations=self.operations)
        self.operations.clear()
        told = [item for each in answer["items"] for item in each.values()]
        return [(item["status"], item.get("error", {}).get("type")) for item in told]

    def add(self, kind: str, key: str, source: bytes | None = None, **target: Any) -> None:
        """An operation on an index of articles, or with ``_index`` on another."""
        line = {"_index": self.articles, "_id": key} | target
        self.operations.append(json.dumps({kind: line}).encode())
        if source is not None:
            self.operations.append(source)

    def add_article(self, article: EnrichedArticle, kind: str = "index") -> None:
        """As the worker writes and deletes articles."""
        source = encode_document(article, article.duplicate_of, INDEXED_AT)
        self.add(
            kind,
            article.article_id,
            source if kind == "index" else None,
            version=article.version,
            version_type="external_gte",
        )

    def add_location(self, key: str, kind: str = "create", **target: Any) -> None:
        """As the worker writes locations."""
        source = json.dumps({"index": self.articles, "version": 1}).encode()
        self.add(kind, self.location(key), source, _index=self.locations, **target)

    def location(self, key: str) -> str:
        """An id that no other case uses."""
        return f"{self.articles}-{key}"

    async def get(self, index: str, key: str, *fields: str) -> dict[str, Any]:
        answer = await self.client.mget(
            docs=[{"_index": index, "_id": key}], source_includes=list(fields)
        )
        return dict(answer["docs"][0])

    async def search(self, *searches: tuple[Sequence[str], dict[str, Any]]) -> list[list[Any]]:
        lines = [line for indices, body in searches for line in SearchRequest.of(indices, body)]
        answer = await self.client.msearch(searches=lines)
        assert [each["status"] for each in answer["responses"]] == [200] * len(searches)
        return [each["hits"]["hits"] for each in answer["responses"]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def real(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Pipeline]:
    stack = request.getfixturevalue("stack")
    async with pipeline(stack, tmp_path_factory.mktemp("conformance")) as made:
        # Searches find what a case has refreshed, however slow the machine is between two of them.
        body = index_templates(made.namespace, IndexSettings())[made.alias]
        body["template"]["settings"]["index"]["refresh_interval"] = "-1"
        await made.client.indices.put_index_template(name=made.alias, body=body)
        yield made


@pytest.fixture(params=["fake", "real"])
def node(request: pytest.FixtureRequest) -> Node:
    """Each case has an index of articles of its own; the index of locations is one for all."""
    name = uuid.uuid4().hex[:8]
    if request.param == "fake":
        fake = FakeElasticsearch()

        async def refresh() -> None:
            fake.refresh()

        return Node(fake, refresh, "newsline-locations", f"articles-{name}")
    pipe: Pipeline = request.getfixturevalue("real")
    index = f"{pipe.alias}-{name}"
    return Node(
        pipe.client,
        lambda: pipe.client.indices.refresh(index=index),
        naming.locations(pipe.namespace),
        index,
    )


def near(**changes: Any) -> dict[str, Any]:
    """A search for fingerprints near 0, as the worker asks."""
    times = [{"range": {name: LIMITS}} for name in ("published_at", "received_at")]
    knn = {
        "field": "fingerprint_bits",
        "query_vector": "0" * 16,
        "k": 3,
        "num_candidates": 3,
        "similarity": 8,
        "filter": {"bool": {"should": times}},
    }
    fields = ["fingerprint", "duplicate_of", "published_at", "received_at"]
    rest = {"size": 3, "track_total_hits": False, "_source": False, "docvalue_fields": fields}
    return {"knn": knn | changes, **rest}


def article(number: int, fingerprint: str = "0" * 16, **fields: Any) -> EnrichedArticle:
    return enriched(number, text=TEXT, fingerprint=fingerprint, **fields)


OK, CREATED, ABSENT = (200, None), (201, None), (404, None)
CONFLICT = (409, "version_conflict_engine_exception")


async def test_an_older_version_is_refused_and_an_equal_or_newer_one_replaces(node: Node) -> None:
    for version in (2, 2, 1, 3):
        node.add_article(article(1, version=version))

    assert await node.bulk() == [CREATED, OK, CONFLICT, OK]


async def test_deletes_have_versions_too_and_are_remembered(node: Node) -> None:
    node.add_article(article(1, version=2))
    for version in (1, 2):
        node.add_article(article(1, version=version), "delete")
    node.add_article(article(2), "delete")
    for version in (1, 3):
        node.add_article(article(1, version=version))

    assert await node.bulk() == [CREATED, CONFLICT, OK, ABSENT, CONFLICT, CREATED]


async def test_a_location_is_created_once(node: Node) -> None:
    node.add_location("1")
    node.add_location("1")
    node.add_location("2")

    assert await node.bulk() == [CREATED, CONFLICT, CREATED]


async def test_a_location_is_replaced_only_as_it_was_read(node: Node) -> None:
    node.add_location("0")
    node.add_location("1")
    await node.bulk()
    read = await node.get(node.locations, node.location("1"), "index")
    as_read = {"if_seq_no": read["_seq_no"], "if_primary_term": read["_primary_term"]}
    node.add_location("1", "index", **as_read)
    node.add_location("1", "index", **as_read)
    node.add_location("2", "index", **as_read)

    assert await node.bulk() == [OK, CONFLICT, CONFLICT]


async def test_what_the_mapping_does_not_take_is_refused_and_its_neighbours_are_stored(
    node: Node,
) -> None:
    entities = tuple(NAME | {"name": f"N{n}"} for n in range(MAX_NESTED + 1))
    node.add_article(article(1))
    node.add_article(article(2, entities=entities))
    node.add_article(article(3, entities=entities[1:]))
    node.add("index", "4", b'{"colour": "blue"}', version=1, version_type="external_gte")

    assert await node.bulk() == [
        CREATED,
        (400, "document_parsing_exception"),
        CREATED,
        (400, "strict_dynamic_mapping_exception"),
    ]


async def test_a_document_is_read_at_once_with_the_fields_that_were_asked_for(node: Node) -> None:
    model = ModelVersion(model="simhash-64", version="1")
    stored = article(1, enrichment={"fingerprint": model, "language": model})
    node.add_article(stored)
    await node.bulk()

    found = await node.get(node.articles, stored.article_id, "version", "enrichment.fingerprint")
    gone = await node.get(node.articles, "absent", "version")
    nowhere = await node.get(f"{node.articles}-none", "1", "version")

    assert (found["found"], found["_version"]) == (True, 1)
    assert found["_source"] == {
        "version": 1,
        "enrichment": {"fingerprint": {"model": "simhash-64", "version": "1"}},
    }
    assert gone["found"] is False
    assert nowhere["error"]["type"] == "index_not_found_exception"


async def test_a_deleted_document_is_not_found(node: Node) -> None:
    node.add_article(article(1))
    node.add_article(article(1), "delete")
    await node.bulk()

    assert (await node.get(node.articles, article(1).article_id))["found"] is False


async def test_the_nearest_are_found_nearest_first_once_they_are_refreshed(node: Node) -> None:
    for number, bits in enumerate(("00000000000000ff", "0" * 16, "00000000000001ff", "1" * 16), 1):
        node.add_article(article(number, bits))
    await node.bulk()
    assert await node.search(([node.articles], near())) == [[]]
    await node.refresh()

    ((first, second),) = await node.search(([node.articles], near()))

    assert [first["_id"], second["_id"]] == [article(n).article_id for n in (2, 1)]
    assert first["fields"]["fingerprint"] == ["0" * 16]
    assert set(first["fields"]) == {"fingerprint", "received_at"}
    assert first["fields"]["received_at"] == ["2026-01-02T03:04:05.000Z"]


async def test_a_search_is_bounded_in_number(node: Node) -> None:
    for number in range(1, 6):
        node.add_article(article(number))
    await node.bulk()
    await node.refresh()

    three, two = await node.search(
        ([node.articles], near()), ([node.articles], near(k=2, num_candidates=2))
    )

    assert (len(three), len(two)) == (3, 2)


async def test_a_search_is_bounded_in_time_by_either_moment(node: Node) -> None:
    outside = datetime(2025, 6, 1, tzinfo=UTC)
    node.add_article(article(1, received_at=outside))
    node.add_article(article(2, received_at=outside, published_at="2026-01-02"))
    node.add_article(article(3, published_at="2025-06-01"))
    await node.bulk()
    await node.refresh()

    (found,) = await node.search(([node.articles], near()))

    assert {hit["_id"] for hit in found} == {article(n).article_id for n in (2, 3)}
    published = {hit["_id"]: hit["fields"].get("published_at") for hit in found}
    assert published == {
        article(2).article_id: ["2026-01-02T00:00:00.000Z"],
        article(3).article_id: ["2025-06-01T00:00:00.000Z"],
    }


async def test_an_index_that_is_not_there_has_no_hits(node: Node) -> None:
    node.add_article(article(1))
    await node.bulk()
    await node.refresh()
    absent = f"{node.articles}-none"

    found, none = await node.search(([absent, node.articles], near()), ([absent], near()))

    assert [hit["_id"] for hit in found] == [article(1).article_id]
    assert none == []


async def test_a_text_that_is_not_compared_is_not_found(node: Node) -> None:
    node.add_article(enriched(1, text="short", fingerprint="0" * 16))
    await node.bulk()
    await node.refresh()

    assert await node.search(([node.articles], near())) == [[]]
