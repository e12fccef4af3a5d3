"""``python -m tests.docs.fields``: write FIELDS.md from the contract, the mapping and a run.

The article of the page passes the workers' own pure functions; nothing of it is written by hand.
"""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

from services.contracts.articles import AcceptedArticle, Contract, EnrichedArticle
from services.contracts.timestamps import format_utc
from services.elastic import naming, schema
from services.elastic.settings import IndexSettings
from services.enrich.enrichment import enrich
from services.enrich.nlp.analyzer import TextAnalyzer
from services.index.document import encode_document
from services.ingest.acceptance import accept

PAGE = Path(__file__).parents[2] / "services" / "contracts" / "FIELDS.md"
EXAMPLE_CHARACTERS = 60
PUSHED = {
    "source": "city-desk",
    "id": "4711",
    "url": "https://news.example.org/2026/01/10/tram?utm_source=feed",
    "title": "Vienna opens its longest tram line",
    "text": (
        "VIENNA - Mayor Michael Ludwig opened the city's longest tram line on Saturday. "
        "Residents of the eastern districts praised the new connection, which takes them to the "
        "centre of Vienna in twenty minutes.\n\n"
        "Siemens built the trains. The Austrian opposition criticised the price of the line."
    ),
    "published_at": "2026-01-10T09:30:00+01:00",
    "updated_at": "2026-01-10",
    "language": "en",
    "authors": ["Anna Berger"],
    "section": "City",
    "tags": ["transport"],
    "desk": "metro",
}
# What a contract cannot tell: which worker fills or corrects what another one declares.
FILLED_BY = {"language": "ingest, enrich", "duplicate_of": "index"}
# Fields that the index worker adds, which no topic carries.
ADDED = {
    "indexed_at": "When the document was written.",
    "fingerprint_bits": "``fingerprint`` as bits, for the search for near-duplicates.",
}
HEAD = """# Fields of a stored article

The alias `articles` shows documents of this form: an `EnrichedArticle`
(`articles.py`) and what the index worker adds. Dates are UTC. A field that
nobody filled is `null` or empty. "Not searchable" means stored and returned, but in no index.
This page is made by `make fields`; a test fails when it is out of date.

"""


def stored() -> dict[str, Any]:
    """The example as it would be stored."""
    now = datetime(2026, 1, 10, 8, 31, tzinfo=UTC)
    value = json.dumps(PUSHED).encode()
    accepted = accept(value, arrival=now, now=now, max_article_bytes=len(value))
    enriched = enrich(accepted, TextAnalyzer.load(), now)
    found: dict[str, Any] = json.loads(encode_document(enriched, None, format_utc(now)))
    return found


def properties() -> dict[str, Any]:
    """The mapping of an index of articles."""
    template = schema.index_templates("", IndexSettings())[naming.alias("")]["template"]
    found: dict[str, Any] = template["mappings"]["properties"]
    return found


def declared(contract: type[Contract], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Every field of a contract with its meaning; those of objects by their full names."""
    for name, field in contract.model_fields.items():
        yield prefix + name, " ".join((field.description or "").split())
        kinds = [field.annotation, *get_args(field.annotation)]
        if not str(field.annotation).startswith("dict"):
            for kind in kinds:
                if isinstance(kind, type) and issubclass(kind, Contract):
                    yield from declared(kind, f"{prefix}{name}.")


def kind_of(told: dict[str, Any]) -> str:
    """A mapping's type, in words."""
    kind = told.get("type", "object")
    if not told.get("enabled", True):
        return "not searchable"
    details = [told["analyzer"]] if "analyzer" in told else []
    details += [f"also `.{name}`, not stemmed" for name in told.get("fields", ())]
    details += [f"{told['dims']} {told['element_type']}s"] if "dims" in told else []
    return f"{kind} ({'; '.join(details)})" if details else str(kind)


def at(tree: dict[str, Any], name: str, inner: str) -> Any:
    """What a tree has under a full name; None past its leaves."""
    found: Any = {inner: tree} if inner else tree
    for part in name.split("."):
        found = found[0] if isinstance(found, list) and found else found
        found = (found.get(inner, {}) if inner else found).get(part) if found else None
    return found


def rows() -> Iterator[tuple[str, ...]]:
    """The table, in the order of the contract."""
    article, mapping = stored(), properties()
    for name, meaning in [*declared(EnrichedArticle), *ADDED.items()]:
        root = name.partition(".")[0]
        told = at(mapping, name, "properties")
        # A part of a field that Elasticsearch takes as one: a point, or an object of any keys.
        kind = kind_of(told) if told else ""
        stage = "ingest" if root in AcceptedArticle.model_fields else "enrich"
        stage = "index" if root in ADDED else FILLED_BY.get(root, stage)
        yield f"`{name}`", kind, meaning.replace("``", "`"), stage, example(at(article, name, ""))


def example(value: Any) -> str:
    """A value on one line, cut where it is long."""
    if value in (None, [], {}):
        return ""
    text = json.dumps(value, ensure_ascii=False)
    return f"`{text if len(text) <= EXAMPLE_CHARACTERS else text[: EXAMPLE_CHARACTERS - 1] + '…'}`"


def render() -> str:
    """The whole page."""
    lines = ["| field | type | meaning | filled by | example |", "|---|---|---|---|---|"]
    lines += [f"| {' | '.join(row)} |".replace("|  |", "| |") for row in rows()]
    return (
        HEAD
        + "\n".join(lines)
        + f"\n\n## An article as it was pushed\n```json\n{indented(PUSHED)}\n```\n"
        + f"\n## The same as it is stored\n```json\n{indented(stored())}\n```\n"
    )


def indented(value: object) -> str:
    """JSON for readers: indented, with pairs of offsets on one line."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    return re.sub(r"\[\s+(\d+),\s+(\d+)\s+\]", r"[\1, \2]", text)


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
