"""Print stored articles: search hits, or one whole."""

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from services.cli.search.query import END_MARK, MARK
from services.cli.support.output import (
    on_one_line,
    output,
    plain,
    print_json,
    print_message,
    safe_text,
)

TOP_NAMES = 6
# A wider column of text is hard to read.
TEXT_COLUMNS = 100
HIGHLIGHT_STYLE = "bold yellow"

StoredDocument = Mapping[str, Any]


def print_hits(found: dict[str, Any], *, json_output: bool) -> None:
    """Print hits as a list, or as JSON with highlights in ``<em>`` as in HTML."""
    if json_output:
        for hit in found["hits"]:
            hit["highlight"] = {
                field: [part.replace(MARK, "<em>").replace(END_MARK, "</em>") for part in parts]
                for field, parts in hit["highlight"].items()
            }
        print_json(found)
        return
    hits = found["hits"]
    if not hits:
        print_message("Nothing was found." if found["total"] == 0 else "No more was found.")
        return
    console = output()
    for number, hit in enumerate(hits, start=1):
        _print_hit(console, number, hit)
    console.print(
        f"{found['total']} found, {len(hits)} shown. "
        f"`newsline show {on_one_line(hits[0]['article_id'])}` shows the first.",
        soft_wrap=True,
    )


def published(document: StoredDocument) -> str:
    """Publication time, at the precision that the publisher gave."""
    moment = str(document.get("published_at") or "")
    match document.get("published_precision"):
        case "day":
            return moment[:10]
        case "local":
            # Stored as if it were UTC, although its zone is not known.
            return moment[:16].replace("T", " ")
        case _:
            return moment[:16].replace("T", " ") + " UTC" if "T" in moment else moment


def top_names(document: StoredDocument, count: int = TOP_NAMES) -> list[str]:
    """Names of the most salient entities."""
    entities = sorted(
        document.get("entities") or [], key=lambda each: -float(each.get("salience") or 0)
    )
    return [str(entity.get("name", "")) for entity in entities[:count]]


def counted_paragraphs(document: StoredDocument) -> str:
    """The number of paragraphs, in words."""
    count = len(paragraphs(document))
    return f"{count} paragraph{'' if count == 1 else 's'}"


def paragraphs(document: StoredDocument) -> list[str]:
    """Paragraphs of the text."""
    return [part for part in str(document.get("text") or "").split("\n\n") if part.strip()]


def facts(document: StoredDocument) -> Iterator[tuple[str, str]]:
    """Fields of an article by name, without its text; nothing empty."""
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
        ("text", f"{counted_paragraphs(document)}, {document.get('word_count')} words"),
        ("models", _models(document)),
    ]
    yield from ((name, str(value)) for name, value in rows if value)


def print_facts(console: Console, document: StoredDocument) -> None:
    """Print the table of facts."""
    table = Table(show_header=False, expand=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts(document):
        table.add_row(name, safe_text(value))
    console.print(table)


def print_text(console: Console, document: StoredDocument) -> None:
    """Print the paragraphs of the text."""
    width = min(console.width, TEXT_COLUMNS)
    for paragraph in paragraphs(document):
        for line in plain(paragraph).splitlines():
            console.print(Text(textwrap.fill(line, width)))
        console.print()


def highlighted(passage: str) -> Text:
    """A passage, styled where Elasticsearch has marked a match."""
    text = Text()
    for part, style in _split_at_marks(on_one_line(passage)):
        text.append(part, style=style)
    return text


def _list(document: StoredDocument, field: str) -> str:
    return ", ".join(on_one_line(name) for name in document.get(field) or [])


def _models(document: StoredDocument) -> str:
    stages = document.get("enrichment") or {}
    return ", ".join(
        f"{stage}: {made.get('model')} {made.get('version')}" for stage, made in stages.items()
    )


def _print_hit(console: Console, number: int, hit: StoredDocument) -> None:
    """Print title, facts, names, matching passages and id of a hit."""
    highlight = hit["highlight"]
    title = (
        highlighted(highlight["title"][0])
        if highlight.get("title")
        else safe_text(hit.get("title") or "")
    )
    if not title.plain:
        title = safe_text("(without a title)", "italic")
    title.stylize("bold")
    facts = [published(hit), hit.get("source"), (hit.get("sentiment") or {}).get("label")]
    lines = [
        safe_text(" · ".join(str(fact) for fact in facts if fact)),
        safe_text(", ".join(top_names(hit)), "cyan"),
        *(Text("… ") + highlighted(part) + Text(" …") for part in highlight.get("text", [])),
    ]
    body = Group(*(line for line in lines if line.plain))
    indent = min(len(f"{number}. "), console.width // 4)
    console.print(Text(f"{number}. ").append_text(title))
    console.print(Padding(body, (0, 0, 0, indent), expand=False))
    # Never wrapped: it is there to be copied.
    console.print(Text(" " * indent) + safe_text(hit["article_id"], "dim"), soft_wrap=True)
    console.print()


def _split_at_marks(passage: str) -> Iterator[tuple[str, str]]:
    before, *rest = passage.split(MARK)
    yield before.replace(END_MARK, ""), ""
    for part in rest:
        inside, _, outside = part.partition(END_MARK)
        yield inside, HIGHLIGHT_STYLE
        yield outside.replace(END_MARK, ""), ""
