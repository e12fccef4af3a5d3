"""``newsline push``: what a person types; the work is in run.py."""

from pathlib import Path
from typing import Annotated

import typer

from services.cli.push.formats import STDIN, Format
from services.cli.push.run import push as push_articles
from services.cli.push.run import tell, wait_until_done
from services.cli.support.errors import ExitCode, guarded, run
from services.cli.support.target import read_target

HELP = """Send articles into the pipeline.

A .txt file is one article; a .json file is one, or an array of them; .ndjson and .jsonl hold
one a line. Folders are searched for such files; - is standard input. Every record is sent byte
for byte: whether it is a good article is for the pipeline to say, and `newsline dlq list` lists
those that were not.

Examples:

  newsline push article.txt

  newsline push archive/ today.ndjson --wait

  curl -s https://example.org/feed.ndjson | newsline push -
"""


def existing(paths: list[Path]) -> list[Path]:
    """The paths, all of which are there; ``-`` always is.

    :raises typer.BadParameter: one is not.
    """
    for path in paths:
        if path != STDIN and not path.exists():
            raise typer.BadParameter(f"{str(path)!r} does not exist")
    return paths


@guarded
def push(
    articles: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE|DIR|-...",
            help="Files, folders, or - for standard input.",
            callback=existing,
            show_default=False,
        ),
    ],
    *,
    form: Annotated[
        Format,
        typer.Option("--format", help="How to read them; auto goes by the name, then by the look."),
    ] = Format.AUTO,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait until the pipeline has worked through them.")
    ] = False,
    timeout: Annotated[
        float, typer.Option(min=0, help="Seconds that --wait waits at most.", metavar="SECONDS")
    ] = 60.0,
    json_output: Annotated[bool, typer.Option("--json", help="Print the counts as JSON.")] = False,
) -> None:
    """Send articles; exit 1 if some were refused."""
    target = read_target()
    tally = run(push_articles(target, articles, form))
    tell(tally, json_output=json_output)
    if wait:
        run(wait_until_done(target, timeout))
    if tally.refused:
        raise typer.Exit(ExitCode.REFUSED)
