"""A data folder that an earlier build wrote is taken over by this one, on a real node."""

from datetime import timedelta
from typing import Any

import pytest

from services.elastic import naming
from services.elastic.schema import META, TEMPLATE_VERSION, index_templates, install_schema
from services.elastic.settings import IndexSettings
from services.index.writer import STALE, STORED, ArticleStore
from services.runtime.health import Health
from services.runtime.retry import RetryPolicy
from tests.fakes.records import enriched
from tests.support.pipeline import Pipeline

ID = enriched().article_id
# Fields that the first builds did not have.
LATER = ("fingerprint_bits", "duplicate_of", "keywords")
NOVEMBER: dict[str, Any] = {"published_at": "2025-11-30"}
DECEMBER: dict[str, Any] = {"published_at": "2025-12-01"}


def older(namespace: str) -> dict[str, dict[str, Any]]:
    """Templates as the first build had them."""
    made = index_templates(namespace, IndexSettings())
    for name, template in made.items():
        mappings = template["template"]["mappings"]
        del mappings["_meta"]
        for field in ("version",) if "locations" in name else LATER:
            del mappings["properties"][field]
        template["version"] = 1
    return made


async def old_build(pipe: Pipeline, *months: str) -> None:
    """Leave the namespace as the first build would have: templates, months, locations."""
    indices = await pipe.client.indices.get(index=f"{pipe.namespace}-*")
    await pipe.client.indices.delete(index=list(indices))
    for name, template in older(pipe.namespace).items():
        await pipe.client.indices.put_index_template(name=name, body=template)
    for index in (naming.locations(pipe.namespace), *[f"{pipe.alias}-{m}" for m in months]):
        await pipe.client.indices.create(index=index)


async def wrote(pipe: Pipeline, version: int, month: str = "2025.11") -> None:
    """An article, and a location without a version."""
    index = f"{pipe.alias}-{month}"
    source = {"article_id": ID, "version": version, "status": "usable", "title": "Old"}
    await pipe.client.index(
        index=index, id=ID, document=source, version=version, version_type="external_gte"
    )
    locations = naming.locations(pipe.namespace)
    await pipe.client.index(index=locations, id=ID, document={"index": index})


def store(pipe: Pipeline) -> ArticleStore:
    retry = RetryPolicy(Health("index"), lambda: False)
    return ArticleStore(pipe.client, pipe.namespace, retry, duplicate_window=timedelta(hours=72))


async def stored(pipe: Pipeline) -> list[tuple[int, str]]:
    documents = (await pipe.documents(everything=True)).values()
    return [(document["version"], document["title"]) for document in documents]


async def test_the_setup_gives_old_indices_the_newer_fields_and_says_so(pipe: Pipeline) -> None:
    await old_build(pipe, "2025.11", "2025.12")

    made = await install_schema(pipe.client, pipe.namespace, IndexSettings())

    locations = naming.locations(pipe.namespace)
    assert [line for line in made if "mapping" in line] == [
        f"newer mapping of index {pipe.alias}-2025.11",
        f"newer mapping of index {pipe.alias}-2025.12",
        f"newer mapping of index {locations}",
    ]
    assert f"index template {pipe.alias}" in made
    declared = index_templates(pipe.namespace, IndexSettings())
    mappings = await pipe.client.indices.get_mapping(index=f"{pipe.namespace}-*")
    for index, told in mappings.items():
        name = locations if index == locations else pipe.alias
        wanted = declared[name]["template"]["mappings"]["properties"]
        assert set(told["mappings"]["properties"]) == set(wanted), index
        assert told["mappings"]["_meta"] == {META: TEMPLATE_VERSION}
        assert told["mappings"]["dynamic"] == "strict"
    assert await install_schema(pipe.client, pipe.namespace, IndexSettings()) == []


async def test_a_setup_that_was_cut_off_after_the_templates_is_finished_by_the_next(
    pipe: Pipeline,
) -> None:
    await old_build(pipe, "2025.11")
    for name, template in index_templates(pipe.namespace, IndexSettings()).items():
        await pipe.client.indices.put_index_template(name=name, body=template)

    made = await install_schema(pipe.client, pipe.namespace, IndexSettings())

    assert f"newer mapping of index {pipe.alias}-2025.11" in made


async def test_only_the_indices_of_the_generation_that_is_set_up_are_renewed(
    pipe: Pipeline,
) -> None:
    await old_build(pipe, "2025.11")
    second = f"{pipe.alias}-g2-2025.11"
    await pipe.client.indices.create(index=second)  # by the first one's pattern

    made = await install_schema(pipe.client, pipe.namespace, IndexSettings())

    assert f"newer mapping of index {pipe.alias}-2025.11" in made
    assert not [line for line in made if second in line]
    made = await install_schema(pipe.client, pipe.namespace, IndexSettings(generation=2))
    assert [line for line in made if "mapping" in line] == [f"newer mapping of index {second}"]


async def test_an_article_of_an_old_build_is_replaced_by_its_newer_version(pipe: Pipeline) -> None:
    await old_build(pipe, "2025.11")
    await wrote(pipe, version=5)
    await install_schema(pipe.client, pipe.namespace, IndexSettings())

    newer = enriched(version=6, keywords=("new",), **DECEMBER)

    assert await store(pipe).write([newer]) == [STORED]
    assert await stored(pipe) == [(6, "Title 1")]
    place = await pipe.client.get(index=naming.locations(pipe.namespace), id=ID)
    assert place["_source"] == {"index": f"{pipe.alias}-2025.12", "version": 6}


@pytest.mark.parametrize("month", [NOVEMBER, DECEMBER])
async def test_an_article_of_an_old_build_keeps_its_place_against_an_older_version(
    pipe: Pipeline, month: dict[str, Any]
) -> None:
    """
    In its own month, and in another one, where no external version is in the way.
    """
    await old_build(pipe, "2025.11")
    await wrote(pipe, version=5)
    await install_schema(pipe.client, pipe.namespace, IndexSettings())

    assert await store(pipe).write([enriched(version=4, **month)]) == [STALE]
    assert await stored(pipe) == [(5, "Old")]


async def test_an_old_location_that_leads_nowhere_is_in_nobodys_way(pipe: Pipeline) -> None:
    """
    Its month was deleted.
    """
    await old_build(pipe, "2025.11")
    await wrote(pipe, version=5)
    await install_schema(pipe.client, pipe.namespace, IndexSettings())
    await pipe.client.indices.delete(index=f"{pipe.alias}-2025.11")

    assert await store(pipe).write([enriched(version=4, **DECEMBER)]) == [STORED]
    assert await stored(pipe) == [(4, "Title 1")]


async def test_copies_are_told_apart_in_an_index_of_an_old_build(pipe: Pipeline) -> None:
    await old_build(pipe, "2025.11")
    await install_schema(pipe.client, pipe.namespace, IndexSettings())
    alike: dict[str, Any] = {"text": "news " * 30, "fingerprint": "0123456789abcdef"}

    await store(pipe).write([enriched(1, **alike, **NOVEMBER)])
    await pipe.documents()
    await store(pipe).write([enriched(2, **alike, **DECEMBER)])

    told = {d["article_id"]: d["duplicate_of"] for d in (await pipe.documents()).values()}
    assert told == {ID: None, enriched(2).article_id: ID}
