"""Installing the index templates: idempotent, and never over a newer one."""

import json
from datetime import UTC, datetime
from functools import partial
from importlib import resources
from typing import Any

from elasticsearch import AsyncElasticsearch, BadRequestError, NotFoundError

from services.contracts.articles import Status
from services.index import naming
from services.index.elastic import asking
from services.index.settings import IndexSettings
from services.runtime.patience import Patience, Unavailable

# Raised with every change of templates/*.json; a worker waits for at least its own.
TEMPLATE_VERSION = 2
# Above the catch-all templates that monitoring agents install.
PRIORITY = 500


def templates(namespace: str, settings: IndexSettings) -> dict[str, dict[str, Any]]:
    """The index templates by name: articles with their alias, and locations."""
    shape: dict[str, Any] = {"number_of_shards": settings.shards}
    if settings.replicas is None:
        # One replica as soon as there is a second node; until then the indices are green.
        shape["auto_expand_replicas"] = "0-1"
    else:
        shape["number_of_replicas"] = settings.replicas
    usable = {"filter": {"term": {"status": Status.USABLE}}}
    articles = _declared("articles") | {"aliases": {naming.alias(namespace): usable}}
    locations = _declared("locations")
    for template in (articles, locations):
        template["settings"]["index"] |= shape
    return {
        naming.alias(namespace): _template(naming.pattern(namespace), articles),
        naming.locations(namespace): _template(naming.locations(namespace), locations),
    }


async def install(client: AsyncElasticsearch, namespace: str, settings: IndexSettings) -> list[str]:
    """Install templates, the locations index, and this month's index so that the alias exists.

    :returns: what was made or renewed, in words; empty when all was there.
    :raises elastic_transport.TransportError: Elasticsearch cannot be reached.
    :raises elasticsearch.ApiError: Elasticsearch refuses.
    """
    made: list[str] = []
    for name, template in templates(namespace, settings).items():
        there = await installed(client, name)
        if there < TEMPLATE_VERSION:
            await client.indices.put_index_template(name=name, body=template)
            made.append(f"index template {name}")
    month = naming.index_name(namespace, published_at=None, received_at=datetime.now(UTC))
    indices = (naming.locations(namespace), month)
    return made + [f"index {index}" for index in indices if await _create(client, index)]


async def installed(client: AsyncElasticsearch, name: str) -> int:
    """The version of an installed index template; 0 where there is none."""
    try:
        found = await client.indices.get_index_template(name=name)
    except NotFoundError:
        return 0
    return int(found["index_templates"][0]["index_template"].get("version", 0))


async def wait_for_schema(client: AsyncElasticsearch, namespace: str, patience: Patience) -> None:
    """Return once Elasticsearch answers and has our templates or newer ones.

    Without them the first document would make an index that guesses its types.

    :raises Interrupted: told to stop before that.
    """

    async def attempt() -> None:
        for name in (naming.alias(namespace), naming.locations(namespace)):
            there = await asking(partial(installed, client, name))
            if there < TEMPLATE_VERSION:
                raise Unavailable(
                    f"version {TEMPLATE_VERSION} of the index template {name}; "
                    "`newsline setup` installs it"
                )

    await patience.until_done(attempt)


def _declared(name: str) -> dict[str, Any]:
    text = resources.files("services.index").joinpath("templates", f"{name}.json").read_text()
    declared: dict[str, Any] = json.loads(text)
    return declared


def _template(pattern: str, template: dict[str, Any]) -> dict[str, Any]:
    return {
        "index_patterns": [pattern],
        "priority": PRIORITY,
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
