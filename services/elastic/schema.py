"""Installing the index templates, idempotently and never over a newer version; moving the alias."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from importlib import resources
from typing import Any

from elasticsearch import AsyncElasticsearch, BadRequestError, NotFoundError

from services.contracts.articles import Status
from services.elastic import naming
from services.elastic.client import send_request
from services.elastic.settings import IndexSettings
from services.runtime.retry import RetryPolicy, Unavailable

# Raised with every change of templates/*.json; a worker waits for at least its own.
TEMPLATE_VERSION = 3
# Where a mapping says which version of its template it has.
META = "newsline_template"
# In one request: more names would be too long for its address.
INDICES_AT_ONCE = 50
# Above the catch-all templates that monitoring agents install.
PRIORITY = 500
USABLE = {"filter": {"term": {"status": Status.USABLE}}}


def index_templates(
    namespace: str, settings: IndexSettings, *, searched: bool = True
) -> dict[str, dict[str, Any]]:
    """The index templates by name: articles, with their alias if they are searched; locations."""
    generation = settings.generation
    shape: dict[str, Any] = {"number_of_shards": settings.shards}
    if settings.replicas is None:
        # One replica as soon as there is a second node; until then the indices are green.
        shape["auto_expand_replicas"] = "0-1"
    else:
        shape["number_of_replicas"] = settings.replicas
    articles = _read_template("articles")
    if searched:
        articles["aliases"] = {naming.alias(namespace): USABLE}
    locations = _read_template("locations")
    for template in (articles, locations):
        template["settings"]["index"] |= shape
    return {
        naming.series(namespace, generation): _template(
            naming.pattern(namespace, generation), articles, generation
        ),
        naming.locations(namespace, generation): _template(
            naming.locations(namespace, generation), locations, generation
        ),
    }


async def install_schema(
    client: AsyncElasticsearch, namespace: str, settings: IndexSettings
) -> list[str]:
    """Install templates, the locations index, and this month's index so that the alias exists.

    Indices that an older template made get the fields that it did not have.

    :returns: what was made or renewed, in words; empty when all was there.
    :raises elastic_transport.TransportError: Elasticsearch cannot be reached.
    :raises elasticsearch.ApiError: Elasticsearch refuses.
    """
    made: list[str] = []
    generation = settings.generation
    searched = await searched_generation(client, namespace) in {None, generation}
    for name, template in index_templates(namespace, settings, searched=searched).items():
        # Indices first: workers wait for the template, and write what it has as soon as it is
        # there. Then once more, for what the old one may have made meanwhile.
        renewed = await _renew(client, namespace, generation, template)
        if await installed_version(client, name) < TEMPLATE_VERSION:
            await client.indices.put_index_template(name=name, body=template)
            made.append(f"index template {name}")
            renewed += await _renew(client, namespace, generation, template)
        made += [f"newer mapping of index {index}" for index in renewed]
    month = naming.index_name(
        namespace, published_at=None, received_at=datetime.now(UTC), generation=generation
    )
    indices = (naming.locations(namespace, generation), month)
    return made + [f"index {index}" for index in indices if await _create(client, index)]


async def _renew(
    client: AsyncElasticsearch, namespace: str, generation: int, template: Mapping[str, Any]
) -> list[str]:
    """Put a template's mapping on the indices that older ones made.

    Templates only ever gain fields; whatever else a new one changes needs a new generation.
    """
    (pattern,) = template["index_patterns"]
    mapping = template["template"]["mappings"]
    there = await client.indices.get_mapping(index=pattern, ignore_unavailable=True)
    older = sorted(
        index
        for index, found in there.items()
        # The first generation's pattern is that of all of them.
        if (index == pattern or naming.generation_of(namespace, index) == generation)
        and int(found["mappings"].get("_meta", {}).get(META, 0)) < TEMPLATE_VERSION
    )
    for start in range(0, len(older), INDICES_AT_ONCE):
        names = older[start : start + INDICES_AT_ONCE]
        await client.indices.put_mapping(index=names, body=mapping)
    return older


async def searched_generation(client: AsyncElasticsearch, namespace: str) -> int | None:
    """Which generation the alias shows; None where there is no alias yet."""
    try:
        found = await client.indices.get_alias(name=naming.alias(namespace))
    except NotFoundError:
        return None
    return max(naming.generation_of(namespace, index) for index in found)


async def show_generation(
    client: AsyncElasticsearch, namespace: str, settings: IndexSettings
) -> list[str]:
    """Move the alias to this generation atomically.

    Everything that the other shows must be in this one already: see deploy/README.md.

    :returns: the indices that are searched now.
    """
    alias, generation = naming.alias(namespace), settings.generation
    await client.indices.refresh(index=naming.pattern(namespace, generation))
    # From here on this generation's new months are searched as soon as they are made.
    name = naming.series(namespace, generation)
    await client.indices.put_index_template(
        name=name, body=index_templates(namespace, settings)[name]
    )
    there = await client.indices.get(index=naming.pattern(namespace))
    ours = [name for name in there if naming.generation_of(namespace, name) == generation]
    theirs = [name for name in there if name not in ours and alias in there[name]["aliases"]]
    actions = [{"add": {"indices": ours, "alias": alias} | USABLE}]
    if theirs:
        actions.append({"remove": {"indices": theirs, "alias": alias}})
    await client.indices.update_aliases(actions=actions)
    for other in {naming.generation_of(namespace, name) for name in theirs}:
        # A straggler of the other generation must not add a month to what is searched.
        shape = settings.model_copy(update={"generation": other})
        name = naming.series(namespace, other)
        body = index_templates(namespace, shape, searched=False)[name]
        await client.indices.put_index_template(name=name, body=body)
    return sorted(ours)


async def installed_version(client: AsyncElasticsearch, name: str) -> int:
    """The version of an installed index template; 0 where there is none."""
    try:
        found = await client.indices.get_index_template(name=name)
    except NotFoundError:
        return 0
    return int(found["index_templates"][0]["index_template"].get("version", 0))


async def wait_for_schema(
    client: AsyncElasticsearch, namespace: str, retry: RetryPolicy, generation: int = 1
) -> None:
    """Return once Elasticsearch answers and has our templates or newer ones.

    Without them the first document would make an index that guesses its types.

    :raises Interrupted: the worker must stop before that.
    """

    async def attempt() -> None:
        for name in (
            naming.series(namespace, generation),
            naming.locations(namespace, generation),
        ):
            there = await send_request(partial(installed_version, client, name))
            if there < TEMPLATE_VERSION:
                raise Unavailable(
                    f"version {TEMPLATE_VERSION} of the index template {name}; "
                    "`newsline setup` installs it"
                )

    await retry.run(attempt)


def _read_template(name: str) -> dict[str, Any]:
    text = resources.files("services.elastic").joinpath("templates", f"{name}.json").read_text()
    declared: dict[str, Any] = json.loads(text)
    return declared


def _template(pattern: str, template: dict[str, Any], generation: int) -> dict[str, Any]:
    template["mappings"]["_meta"] = {META: TEMPLATE_VERSION}
    return {
        "index_patterns": [pattern],
        # A later generation's names match the first one's pattern too; its own template counts.
        "priority": PRIORITY + generation,
        "version": TEMPLATE_VERSION,
        "template": template,
    }


async def _create(client: AsyncElasticsearch, index: str) -> bool:
    """True when it was not there before."""
    if await client.indices.exists(index=index):
        return False
    try:
        await client.indices.create(index=index)
    except BadRequestError as error:
        # Another set-up that ran at the same time may have been quicker.
        if error.error != "resource_already_exists_exception":
            raise
        return False
    return True
