"""The ``newsline push`` command."""

import re
from pathlib import Path
from typing import Annotated

import typer

from services.cli.push.formats import STDIN, Format
from services.cli.push.run import run_push
from services.cli.support.errors import ExitCode, guarded

HELP = """Send articles into the pipeline.

A .txt file is one article; a .json file is one, or an array of them; .ndjson and .jsonl hold
one a line. Folders are searched for such files; - is standard input. Every record is sent byte
for byte: whether it is a good article is for the pipeline to say.

With --wait the command follows its records to their end, and says how many were stored, were
superseded by a newer version, or became dead letters, and which. Without --timeout it waits 60
seconds and one more for each record at most, and gives up sooner when nothing moves for two
minutes.

Exit codes: 0 done; 1 records were refused or became dead letters; 2 wrong use; 3 a server cannot
be reached; 4 --wait ended without knowing what became of every record.

Examples:

  newsline push article.txt

  newsline push archive/ today.ndjson --wait

  curl -s https://example.org/feed.ndjson | newsline push -
"""

# Path has made one slash of two.
_URL = re.compile(r"(https?|ftp|s3|gs):/+", re.IGNORECASE)
_WILDCARDS = re.compile(r"[*?\[]")


def existing_paths(paths: list[Path]) -> list[Path]:
    """Return the paths, all of which exist; ``-`` always does.

    :raises typer.BadParameter: one does not; the message says what to do about it.
    """
    for path in paths:
        if path == STDIN or path.exists():
            continue
        text = str(path)
        if scheme := _URL.match(text):
            url = f"{scheme[1]}://{text[scheme.end() :]}"
            raise typer.BadParameter(
                f"{url!r} is a URL, and push reads files; "
                f"fetch it first: curl -s {url} | newsline push -"
            )
        if _WILDCARDS.search(text):
            raise typer.BadParameter(
                f"{text!r} names no file, and push does not expand patterns: the shell does, "
                "where the pattern is not in quotes and a file matches"
            )
        raise typer.BadParameter(f"{text!r} does not exist")
    return paths


@guarded
def push(
    articles: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE|DIR|-...",
            help="Files, folders, or - for standard input.",
            callback=existing_paths,
            show_default=False,
        ),
    ],
    *,
    form: Annotated[
        Format,
        typer.Option("--format", help="How to read them; auto goes by the name, then by the look."),
    ] = Format.AUTO,
    wait: Annotated[
        bool,
        typer.Option("--wait", help="Wait for the pipeline, and say what became of each record."),
    ] = False,
    timeout: Annotated[
        float | None,
        typer.Option(
            min=0,
            help="Seconds that --wait waits at most; default: by the number of records.",
            metavar="SECONDS",
            show_default=False,
        ),
    ] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print the counts as JSON.")] = False,
) -> None:
    """Send articles; exit 1 if some were refused or became dead letters."""
    if timeout is not None and not wait:
        raise typer.BadParameter("--timeout goes with --wait")
    code = run_push(articles, form, wait=wait, timeout=timeout, json_output=json_output)
    if code is not ExitCode.DONE:
        raise typer.Exit(code)
