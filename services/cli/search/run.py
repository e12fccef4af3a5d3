"""Ask the alias, and print what it finds."""

from collections.abc import Iterator
from typing import Any

from rich.console import Console, Group
from rich.padding import Padding
from rich.text import Text

from services.cli.search.query import END_MARK, MARK, Question, request
from services.cli.search.render import published, top_names
from services.cli.support.clients import searching
from services.cli.support.output import on_one_line, output, say, show_json, words
from services.cli.support.target import Target
from services.elastic import naming

HIGHLIGHT_STYLE = "bold yellow"


async def find(target: Target, question: Question) -> dict[str, Any]:
    """What ``newsline search --json`` prints.

    :raises Ended: Elasticsearch cannot be reached or cannot do that.
    """
    async with searching(target.elasticsearch) as client:
        # The alias comes with the first set-up; without it there is nothing to be found either.
        answer = await client.search(
            index=naming.alias(target.namespace), ignore_unavailable=True, **request(question)
        )
    hits = answer["hits"]
    return {
        "total": hits["total"]["value"],
        "hits": [
            hit["_source"] | {"score": hit["_score"], "highlight": hit.get("highlight", {})}
            for hit in hits["hits"]
        ],
    }


def tell(found: dict[str, Any], *, json_output: bool) -> None:
    """Print hits as a list or as JSON, where highlights are marked as HTML does."""
    if json_output:
        for hit in found["hits"]:
            hit["highlight"] = {
                field: [part.replace(MARK, "<em>").replace(END_MARK, "</em>") for part in parts]
                for field, parts in hit["highlight"].items()
            }
        show_json(found)
        return
    if not found["hits"]:
        say("Nothing was found." if found["total"] == 0 else "No more was found.")
        return
    console = output()
    for number, hit in enumerate(found["hits"], start=1):
        console.print(_entry(number, hit, console))
    shown = len(found["hits"])
    console.print(words(f"{found['total']} found, {shown} shown. `newsline show ID` shows one."))


def _entry(number: int, hit: dict[str, Any], console: Console) -> Group:
    """Title, facts, names, matching passages and id of one hit."""
    highlight = hit["highlight"]
    title = (
        marked(highlight["title"][0]) if highlight.get("title") else words(hit.get("title") or "")
    )
    if not title.plain:
        title = words("(without a title)", "italic")
    title.stylize("bold")
    facts = [published(hit), hit.get("source"), (hit.get("sentiment") or {}).get("label")]
    lines = [
        words(" · ".join(str(fact) for fact in facts if fact)),
        words(", ".join(top_names(hit)), "cyan"),
        *(Text("… ") + marked(part) + Text(" …") for part in highlight.get("text", [])),
        words(hit["article_id"], "dim"),
    ]
    body = Group(*(line for line in lines if line.plain))
    heading = Text(f"{number}. ").append_text(title)
    indent = min(len(f"{number}. "), console.width // 4)
    return Group(heading, Padding(body, (0, 0, 1, indent), expand=False))


def marked(passage: str) -> Text:
    """A highlighted passage, styled where Elasticsearch set its marks."""
    text = Text()
    for part, style in _parts(on_one_line(passage)):
        text.append(part, style=style)
    return text


def _parts(passage: str) -> Iterator[tuple[str, str]]:
    before, *rest = passage.split(MARK)
    yield before.replace(END_MARK, ""), ""
    for part in rest:
        inside, _, outside = part.partition(END_MARK)
        yield inside, HIGHLIGHT_STYLE
        yield outside.replace(END_MARK, ""), ""
