"""``newsline show``: print one stored article, named by its id or the beginning of it."""

from typing import Annotated

import typer

from services.cli.search.render import print_facts, print_text
from services.cli.support.documents import (
    MAX_LISTED,
    MIN_PREFIX_CHARS,
    find_by_id,
    read_document,
)
from services.cli.support.errors import CommandError, ExitCode, guarded, run
from services.cli.support.output import on_one_line, output, print_json
from services.cli.support.target import Target, read_target

HELP = """Show one article: what is known of it, and its text.

ID is the id that `newsline search` prints, or as much of its beginning as no other article has, in
any case. Articles that are withheld or canceled are not shown.

Examples:

  newsline show 1f0c0d2e6a7b4c5d8e9f0a1b2c3d4e5f

  newsline show 1f0c0d --json
"""


@guarded
def show_article(
    article_id: Annotated[str, typer.Argument(metavar="ID", help="The article's id.")],
    *,
    json_output: Annotated[
        bool, typer.Option("--json", help="Print the stored document, exactly.")
    ] = False,
) -> None:
    """Show one article; exit 1 if there is none of this id."""
    target = read_target()
    found = run(read_document(target, resolve_id(target, article_id.strip())))
    if found is None:
        raise CommandError(f"there is no article {article_id} to be shown", ExitCode.REFUSED)
    if json_output:
        print_json(found)
        return
    console = output()
    print_facts(console, found)
    console.print()
    print_text(console, found)


def resolve_id(target: Target, prefix: str) -> str:
    """Complete the beginning of an id.

    :raises CommandError: the prefix is too short, or no article or several have it.
    """
    if len(prefix) < MIN_PREFIX_CHARS:
        raise CommandError(
            f"{prefix!r} is too short; give at least the first {MIN_PREFIX_CHARS} characters of "
            "an id",
            ExitCode.WRONG_USE,
        )
    titles = run(find_by_id(target, prefix))
    if not titles:
        raise CommandError(f"there is no article {prefix} to be shown", ExitCode.REFUSED)
    if len(titles) > 1:
        lines = [f"  {each}  {on_one_line(title)}" for each, title in titles.items()]
        if len(lines) > MAX_LISTED:
            lines[MAX_LISTED:] = ["  and more"]
        listed = "\n".join(lines)
        raise CommandError(
            f"several articles have an id that begins with {prefix}:\n{listed}", ExitCode.REFUSED
        )
    (article_id,) = titles
    return article_id
