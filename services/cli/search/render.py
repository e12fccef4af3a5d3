"""How a stored document is shown to a person."""

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from services.cli.support.output import on_one_line, plain, words

TOP_NAMES = 6
# A wider column of text is hard to read.
TEXT_COLUMNS = 100

Document = Mapping[str, Any]


def published(document: Document) -> str:
    """The publication time, as precisely as the publisher told it and no more."""
    moment = str(document.get("published_at") or "")
    match document.get("published_precision"):
        case "day":
            return moment[:10]
        case "local":
            # Stored as if it were UTC, which nobody said.
            return moment[:16].replace("T", " ")
        case _:
            return moment[:16].replace("T", " ") + " UTC" if "T" in moment else moment


def top_names(document: Document, count: int = TOP_NAMES) -> list[str]:
    """The names that the article is most about."""
    entities = sorted(
        document.get("entities") or [], key=lambda each: -float(each.get("salience") or 0)
    )
    return [str(entity.get("name", "")) for entity in entities[:count]]


def paragraphs(document: Document) -> list[str]:
    """The paragraphs of the text."""
    return [part for part in str(document.get("text") or "").split("\n\n") if part.strip()]


def facts(document: Document) -> Iterator[tuple[str, str]]:
    """What is known of an article besides its text, by name; nothing empty."""
    sentiment = document.get("sentiment") or {}
    precision = document.get("published_precision")
    rows: list[tuple[str, Any]] = [
        ("id", document.get("article_id")),
        ("title", document.get("title")),
        ("published", f"{published(document)} (precision: {precision})" if precision else ""),
        ("updated", document.get("updated_at")),
        ("source", document.get("source")),
        ("url", document.get("url")),
        ("authors", _list(document, "authors")),
        ("section", document.get("section")),
        ("tags", _list(document, "tags")),
        ("language", document.get("language")),
        ("people", _list(document, "people")),
        ("organizations", _list(document, "organizations")),
        ("places", _list(document, "places")),
        ("sentiment", f"{sentiment['label']} ({sentiment['score']:+.2f})" if sentiment else ""),
        ("keywords", _list(document, "keywords")),
        ("duplicate of", document.get("duplicate_of")),
        ("text", f"{len(paragraphs(document))} paragraphs, {document.get('word_count')} words"),
        ("models", _models(document)),
    ]
    yield from ((name, str(value)) for name, value in rows if value)


def show_facts(console: Console, document: Document) -> None:
    """Print the table of facts."""
    table = Table(show_header=False, expand=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts(document):
        table.add_row(name, words(value))
    console.print(table)


def show_text(console: Console, document: Document) -> None:
    """Print the paragraphs of the text."""
    width = min(console.width, TEXT_COLUMNS)
    for paragraph in paragraphs(document):
        for line in plain(paragraph).splitlines():
            console.print(Text(textwrap.fill(line, width)))
        console.print()


def _list(document: Document, field: str) -> str:
    return ", ".join(on_one_line(name) for name in document.get(field) or [])


def _models(document: Document) -> str:
    stages = document.get("enrichment") or {}
    return ", ".join(
        f"{stage}: {told.get('model')} {told.get('version')}" for stage, told in stages.items()
    )
