"""``newsline setup``: topics, indices, API keys and dashboards. The set-up image runs it too."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from services.cli.setup import api_keys, generations
from services.cli.setup.install import install, set_kibana_password
from services.cli.setup.kibana import importer, objects
from services.cli.setup.retry import BoundedRetry
from services.cli.support.errors import guarded, run
from services.cli.support.output import print_json, print_message
from services.cli.support.target import read_target

HELP = """Make the topics, the index templates and the alias that the workers need.

What is there already is left as it is, so it can be run any time. `newsline up` does it by itself.

Examples:

  newsline setup

  NEWSLINE_TOPIC_PARTITIONS=24 newsline setup --wait 300

  newsline setup servers --api-keys /credentials
"""
# At a terminal a person waits; a container is started beside servers that take minutes.
TERMINAL_SECONDS = 60.0
CONTAINER_SECONDS = 300.0

WAIT_HELP = "Wait so long for servers that are away."
Wait = Annotated[float, typer.Option(min=0, metavar="SECONDS", help=WAIT_HELP)]
KeyFolder = Annotated[Path, typer.Option("--api-keys", metavar="FOLDER", help="Where keys are.")]

app = typer.Typer(
    name="setup",
    help=HELP,
    invoke_without_command=True,
    add_completion=False,
    # As the commands above it: rich tables of options do not fit into 80 columns.
    rich_markup_mode=None,
)


@app.callback()
@guarded
def setup(
    context: typer.Context,
    wait: Annotated[
        float | None,
        typer.Option(min=0, metavar="SECONDS", help=WAIT_HELP, show_default="60"),
    ] = None,
) -> None:
    """Make topics, index templates and the alias, unless a subcommand says what to do."""
    if context.invoked_subcommand is None:
        retry = BoundedRetry(TERMINAL_SECONDS if wait is None else wait)
        _say_all(run(install(read_target(), retry)))
    elif wait is not None:
        # `setup --wait 5 servers` means `setup servers --wait 5`.
        context.default_map = {context.invoked_subcommand: {"wait": wait}}


@app.command()
@guarded
def servers(
    folder: Annotated[
        Path | None,
        typer.Option("--api-keys", metavar="FOLDER", help="Keep an API key for index workers."),
    ] = None,
    wait: Wait = CONTAINER_SECONDS,
) -> None:
    """Make topics and indices; API keys where asked for.

    Kibana's own password in Elasticsearch is set to KIBANA_PASSWORD, if that is set.
    """
    run(_servers(folder, BoundedRetry(wait)))


async def _servers(folder: Path | None, retry: BoundedRetry) -> None:
    target = read_target()
    _say_all(await install(target, retry))
    if password := os.environ.get("KIBANA_PASSWORD"):
        _say_all(await retry.run(lambda: set_kibana_password(target.elasticsearch, password)))
    if folder is not None:
        _say_all(await retry.run(_api_keys(folder).ensure))


@app.command()
@guarded
def kibana(
    url: Annotated[str, typer.Option(help="Where Kibana is.")] = "http://kibana:5601",
    ca_file: Annotated[Path | None, typer.Option(help="PEM, where Kibana speaks TLS.")] = None,
    export: Annotated[
        typer.FileBinaryWrite | None,
        typer.Option(metavar="FILE", help="Write the objects into a file, and import nothing."),
    ] = None,
    wait: Wait = CONTAINER_SECONDS,
) -> None:
    """Import the newsroom's dashboard into Kibana.

    With it come the data views, searches and the map that it shows.
    """
    target = read_target()
    saved = objects.build(target.namespace)
    if export is not None:
        export.write(objects.ndjson(saved))
        return
    there = importer.Kibana(url, target.elasticsearch, ca_file)
    _say_all(run(BoundedRetry(wait).run(lambda: there.import_objects(saved))))


@app.command()
@guarded
def rotate(folder: KeyFolder, wait: Wait = 0) -> None:
    """Make a new API key; `retire` ends the old ones."""
    _say_all(run(BoundedRetry(wait).run(_api_keys(folder).rotate)))


@app.command()
@guarded
def retire(folder: KeyFolder, wait: Wait = 0) -> None:
    """Invalidate the API keys before the newest.

    The one in the folder stays; all others of the index workers end.
    """
    _say_all(run(BoundedRetry(wait).run(_api_keys(folder).retire)))


@app.command()
@guarded
def show(wait: Wait = 0) -> None:
    """Switch searches to another index generation.

    It is the one that NEWSLINE_INDEX_GENERATION names, and must have all that the old one shows.
    """
    target = read_target()
    switch = generations.AliasSwitch(
        target.kafka, target.elasticsearch, target.namespace, target.index
    )
    _say_all(run(BoundedRetry(wait).run(switch.move_alias)))


@app.command()
@guarded
def privileges() -> None:
    """Print the request for an API key made by hand."""
    print_json(api_keys.request(read_target().namespace))


def _api_keys(folder: Path) -> api_keys.ApiKeys:
    target = read_target()
    return api_keys.ApiKeys(target.elasticsearch, target.namespace, folder)


def _say_all(lines: Iterable[str]) -> None:
    for line in lines:
        print_message(line)
