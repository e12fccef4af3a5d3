"""Start the stack, push the demo's articles, wait until they are searchable, show one."""

import asyncio
import shlex
import shutil
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from services.cli.push import run as pushing
from services.cli.push import sources
from services.cli.push.formats import Format
from services.cli.push.render import print_summary
from services.cli.push.splitters import RawRecord
from services.cli.push.wait import wait_until_done
from services.cli.search.render import print_facts
from services.cli.stack import run as running
from services.cli.support.clients import searching
from services.cli.support.documents import count_documents, read_document
from services.cli.support.errors import ServerUnavailable, run
from services.cli.support.output import output, print_message
from services.cli.support.target import Target, read_target
from services.contracts.topics import MAX_RECORD_BYTES
from services.ingest.acceptance import accept

ARTICLES = Path(__file__).parent / "articles"
SAMPLE = ARTICLES / "2025-12-27-new-year-greetings.txt"
# From a cold start the models must be loaded first; after that it takes a second or two.
SEARCHABLE_SECONDS = 60.0
POLL_SECONDS = 0.25
NEXT = (
    'newsline search "ukraine war"',
    "newsline search --place Russia --sort newest",
    "newsline show {article_id}",
    "newsline push {articles} --wait",
    "newsline status",
    "newsline dlq list",
    "newsline down",
)


def run_demo(*, free_ports: bool) -> None:
    """Run the whole demo.

    :raises StackError: something does not start.
    :raises CommandError: what was pushed does not become searchable.
    """
    stack = running.start(free_ports=free_ports)
    target = running.target_on(read_target(), stack.state())
    summary = run(pushing.push(target, [ARTICLES]))
    print_summary(summary)
    sample, *others = run(ids_of(ARTICLES))
    print_message(f"Waiting until these {1 + len(others)} articles are searchable…")
    began = time.monotonic()
    run(wait_until_searchable(target, [sample, *others], SEARCHABLE_SECONDS))
    print_message(f"They are, after {time.monotonic() - began:.1f} s.")
    document = run(read_document(target, sample))
    if document is None:
        raise ServerUnavailable(f"the article {sample} was there, and is no more")
    console = output()
    console.print()
    print_facts(console, document)
    running.print_addresses(console, stack)
    console.print("\nWhat to try next:\n")
    for line in next_commands(sample):
        # Never wrapped: it is to be pasted.
        console.print(f"  {line}", soft_wrap=True)


def next_commands(article_id: str) -> list[str]:
    """Return commands to paste, of which the first puts ``newsline`` on the path if need be."""
    articles = shlex.quote(_relative(ARTICLES))
    commands = [line.format(article_id=article_id, articles=articles) for line in NEXT]
    ours = Path(sys.executable).parent
    if shutil.which("newsline") == str(ours / "newsline"):
        return commands
    if (ours / "activate").is_file():
        return [f"source {shlex.quote(_relative(ours / 'activate'))}", *commands]
    return [f"{shlex.quote(_relative(ours))}/{line}" for line in commands]


async def ids_of(folder: Path) -> list[str]:
    """Return the ids that the articles of a folder get, each once, the sample's first."""
    now = datetime.now(UTC)
    found: dict[str, None] = {}
    async for chunk in sources.read_sources([SAMPLE, folder], Format.AUTO):
        for record in chunk.records:
            if isinstance(record, RawRecord):
                article = accept(
                    record.value, arrival=now, now=now, max_article_bytes=MAX_RECORD_BYTES
                )
                found[article.article_id] = None
    return list(found)


async def wait_until_searchable(target: Target, ids: list[str], seconds: float) -> None:
    """Wait until what was pushed has passed all workers, and all these articles can be searched.

    :raises CommandError: that took longer.
    """
    deadline = time.monotonic() + seconds
    await wait_until_done(target, seconds)
    async with searching(target.elasticsearch) as client:
        while True:
            found = await count_documents(client, target.namespace, {"ids": {"values": ids}})
            if found == len(ids):
                return
            if time.monotonic() > deadline:
                raise ServerUnavailable(
                    f"after {seconds:g} s {found} of {len(ids)} articles are searchable; "
                    "`newsline status` and `newsline dlq list` tell more"
                )
            await asyncio.sleep(POLL_SECONDS)


def _relative(path: Path) -> str:
    """The path, relative to the working folder where it lies in it."""
    folder = Path.cwd()
    return str(path.relative_to(folder) if path.is_relative_to(folder) else path)
