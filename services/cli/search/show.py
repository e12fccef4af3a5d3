"""``newsline show``: print one stored article, named by its id or the beginning of it."""

from collections.abc import Mapping
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
from services.cli.support.target import read_target

HELP = """Show one article: what is known of it, and its text.

ID is the id that `newsline search` prints, or as much of its beginning as no other article has, in
any case. Articles that are withheld or canceled are not shown.

Examples:

  newsline show 1f0c0d2e6a7b4c5d8e9f0a1b2c3d4e5f

  newsline show 1f0c0d --json
"""


def check_prefix(value: str) -> str:
    """Check that a prefix is long enough to name an article, and strip blanks around it.

    :raises typer.BadParameter: the prefix is too short.
    """
    prefix = value.strip()
    if len(prefix) < MIN_PREFIX_CHARS:
        raise typer.BadParameter(f"give at least the first {MIN_PREFIX_CHARS} characters of an id")
    return prefix


@guarded
def show_article(
    prefix: Annotated[
        str,
        typer.Argument(
            metavar="ID", help="The article's id, or its beginning.", callback=check_prefix
        ),
    ],
    *,
    json_output: Annotated[
        bool, typer.Option("--json", help="Print the stored document, exactly.")
    ] = False,
) -> None:
    """Show one article; exit 1 if there is none of this id."""
    target = read_target()
    article_id = only_match(prefix, run(find_by_id(target, prefix)))
    found = run(read_document(target, article_id))
    if found is None:
        raise CommandError(f"there is no article {article_id} to be shown", ExitCode.REFUSED)
    if json_output:
        print_json(found)
        return
    console = output()
    print_facts(console, found)
    console.print()
    print_text(console, found)


def only_match(prefix: str, titles: Mapping[str, str]) -> str:
    """Return the only id of those that begin with a prefix.

    :param titles: of the articles, by id.
    :raises CommandError: there is none, or there are several, which the message lists.
    """
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
    return next(iter(titles))
