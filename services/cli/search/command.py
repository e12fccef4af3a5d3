"""Options of ``newsline search``."""

import datetime as dt
from typing import Annotated

import typer

from services.cli.search.query import (
    MAX_HITS,
    MAX_QUERY_CHARS,
    Order,
    SearchQuery,
    SentimentLabel,
)
from services.cli.search.render import print_hits
from services.cli.search.run import search_articles
from services.cli.support.errors import guarded, run
from services.cli.support.target import read_target

HELP = """Find articles, the best matches first.

All words must be in the title or the text, in any of their forms. In the query, "quotes" make a
phrase, | means or, - means not, * ends a beginning; --person and the other filters may be given
several times and must all hold. Without a query, all articles, newest first.

Examples:

  newsline search "ukraine war"

  newsline search missile --person "Kim Jong Un" --from 2025-12-01

  newsline search --place Russia --sort newest --limit 3 --json
"""


def check_date(value: str | None) -> str | None:
    """Check an ISO 8601 date or date-time, and return it in a form that Elasticsearch reads.

    :raises typer.BadParameter: the value is neither.
    """
    if value is None:
        return None
    try:
        dt.datetime.fromisoformat(value)
    except ValueError as error:
        raise typer.BadParameter("a date like 2025-12-27 or 2025-12-27T08:00:00Z") from error
    # Python also reads other forms of ISO 8601, which Elasticsearch does not.
    if len(value) == len("2025-12-27"):
        return dt.date.fromisoformat(value).isoformat()
    return dt.datetime.fromisoformat(value).isoformat()


def check_length(value: str) -> str:
    """Check that a query is no longer than Elasticsearch takes.

    :raises typer.BadParameter: the query is longer.
    """
    if len(value) > MAX_QUERY_CHARS:
        raise typer.BadParameter(f"longer than {MAX_QUERY_CHARS} characters")
    return value


@guarded
def search(  # noqa: PLR0913 - one for each option
    words: Annotated[
        str, typer.Argument(metavar="QUERY", help="Words to look for.", callback=check_length)
    ] = "",
    *,
    people: Annotated[
        list[str] | None, typer.Option("--person", help="About this person.", metavar="NAME")
    ] = None,
    organizations: Annotated[
        list[str] | None, typer.Option("--org", help="About this organisation.", metavar="NAME")
    ] = None,
    places: Annotated[
        list[str] | None, typer.Option("--place", help="About this place.", metavar="NAME")
    ] = None,
    entities: Annotated[
        list[str] | None, typer.Option("--entity", help="About this name.", metavar="NAME")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--from", help="Published then or later.", metavar="DATE", callback=check_date
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option("--to", help="Published then or before.", metavar="DATE", callback=check_date),
    ] = None,
    sentiment: Annotated[
        SentimentLabel | None, typer.Option(help="Sentiment of the article.")
    ] = None,
    source: Annotated[str | None, typer.Option(help="Published by.", metavar="NAME")] = None,
    language: Annotated[str | None, typer.Option(help="Written in.", metavar="CODE")] = None,
    copies: Annotated[
        bool, typer.Option("--copies/--no-copies", help="Show duplicates of other articles too.")
    ] = True,
    limit: Annotated[
        int, typer.Option(metavar="N", min=1, max=MAX_HITS, help="Show at most N.")
    ] = 10,
    order: Annotated[Order, typer.Option("--sort", help="What comes first.")] = Order.RELEVANCE,
    json_output: Annotated[
        bool, typer.Option("--json", help="Print total and documents as JSON.")
    ] = False,
) -> None:
    """Find articles."""
    query = SearchQuery(
        words=words,
        people=tuple(people or ()),
        organizations=tuple(organizations or ()),
        places=tuple(places or ()),
        entities=tuple(entities or ()),
        since=since,
        until=until,
        sentiment=sentiment,
        source=source,
        language=language,
        copies=copies,
        limit=limit,
        order=order,
    )
    print_hits(run(search_articles(read_target(), query)), json_output=json_output)
