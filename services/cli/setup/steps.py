"""``python -m deploy.setup``: one step of a first start, an upgrade or a rotation of keys."""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import aiohttp
from aiokafka.errors import KafkaError
from elastic_transport import TransportError
from elasticsearch import ApiError

from services.cli.setup import api_keys, generations, servers
from services.cli.setup import kibana_import as dashboards
from services.cli.setup.kibana import objects
from services.cli.setup.retry import AWAY, patiently
from services.elastic.settings import ElasticsearchSettings, IndexSettings
from services.runtime.kafka.settings import KafkaSettings, TopicSettings
from services.runtime.settings import (
    SettingsError,
    WorkerSettings,
    read_settings,
    refuse_misspelt,
    stop_for_wrong_use,
)

EXIT_REFUSED = 1
EXIT_UNREACHABLE = 3

Step = Callable[[argparse.Namespace], Awaitable[list[str]]]


async def install(arguments: argparse.Namespace) -> list[str]:
    """Topics and index templates; Kibana's own password and API keys where they are asked for."""
    namespace, wait = read_settings(WorkerSettings).namespace, float(arguments.wait)
    kafka, topics = read_settings(KafkaSettings), read_settings(TopicSettings)
    search, shape = read_settings(ElasticsearchSettings), read_settings(IndexSettings)
    done = await patiently(lambda: servers.topics(kafka, namespace, topics), wait)
    done += await patiently(lambda: servers.templates(search, namespace, shape), wait)
    if password := os.environ.get("KIBANA_PASSWORD"):
        done += await patiently(lambda: servers.kibana_password(search, password), wait)
    if arguments.api_keys is not None:
        keys = api_keys.Keys(search, namespace, arguments.api_keys)
        done += await patiently(keys.ensure, wait)
    return done


async def fill_kibana(arguments: argparse.Namespace) -> list[str]:
    """Data views, searches and the dashboard."""
    kibana = dashboards.Kibana(
        arguments.url, read_settings(ElasticsearchSettings), arguments.ca_file
    )
    saved = objects.build(read_settings(WorkerSettings).namespace)
    return await patiently(lambda: kibana.install(saved), float(arguments.wait))


async def rotate(arguments: argparse.Namespace) -> list[str]:
    """New API keys; the old ones stay valid until ``retire``."""
    return await _keys(arguments).rotate()


async def retire(arguments: argparse.Namespace) -> list[str]:
    """Invalidate every API key of ours but those in use."""
    return await _keys(arguments).retire()


async def show(_: argparse.Namespace) -> list[str]:
    """Search the generation of indices that NEWSLINE_INDEX_GENERATION names, once it is full."""
    namespace, shape = read_settings(WorkerSettings).namespace, read_settings(IndexSettings)
    kafka, elasticsearch = read_settings(KafkaSettings), read_settings(ElasticsearchSettings)
    return await generations.Mover(kafka, elasticsearch, namespace, shape).show()


async def privileges(_: argparse.Namespace) -> list[str]:
    """The body of a request for the index worker's API key, for those who make it themselves."""
    return [json.dumps(api_keys.request(read_settings(WorkerSettings).namespace), indent=2)]


def _keys(arguments: argparse.Namespace) -> api_keys.Keys:
    namespace = read_settings(WorkerSettings).namespace
    return api_keys.Keys(read_settings(ElasticsearchSettings), namespace, arguments.api_keys)


def parser() -> argparse.ArgumentParser:
    """The steps, and what each is told."""
    top = argparse.ArgumentParser(prog="python -m deploy.setup", description=__doc__)
    steps = top.add_subparsers(required=True, metavar="STEP")

    def step(name: str, function: Step) -> argparse.ArgumentParser:
        made = steps.add_parser(name, help=(function.__doc__ or "").strip())
        made.set_defaults(step=function)
        made.add_argument("--wait", type=float, default=300, metavar="SECONDS")
        return made

    step("servers", install).add_argument("--api-keys", type=Path, metavar="FOLDER")
    kibana = step("kibana", fill_kibana)
    kibana.add_argument("--url", default="http://kibana:5601")
    kibana.add_argument("--ca-file", type=Path)
    for name, function in (("rotate", rotate), ("retire", retire)):
        step(name, function).add_argument("--api-keys", type=Path, required=True, metavar="FOLDER")
    step("show", show)
    step("privileges", privileges)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one step and say what it did; 1 refused, 2 wrong use, 3 a server cannot be reached."""
    arguments = parser().parse_args(argv)
    try:
        refuse_misspelt()
        for line in asyncio.run(arguments.step(arguments)):
            sys.stdout.write(line + "\n")
    except SettingsError as error:
        stop_for_wrong_use(error)
    except AWAY as error:
        sys.stderr.write(f"newsline: a server cannot be reached: {error}\n")
        return EXIT_UNREACHABLE
    except generations.NotYet as error:
        sys.stderr.write(f"newsline: {error}\n")
        return EXIT_REFUSED
    except (dashboards.KibanaRefused, ApiError, TransportError, KafkaError) as error:
        sys.stderr.write(f"newsline: refused: {error}\n")
        return EXIT_REFUSED
    except aiohttp.ClientError as error:
        sys.stderr.write(f"newsline: {error}\n")
        return EXIT_UNREACHABLE
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
