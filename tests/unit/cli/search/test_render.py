import io

import pytest
from rich.console import Console

from services.cli.search.render import (
    facts,
    paragraphs,
    print_facts,
    print_hits,
    print_text,
    published,
    top_names,
)

EVIL = "\x1b[2J[bold]x[/bold]"
ARTICLE = {
    "article_id": "0" * 32,
    "title": EVIL,
    "text": f"First.\n\n{EVIL}\nline\n\n",
    "published_at": "2025-12-27",
    "published_precision": "day",
    "people": [EVIL, "Kim Jong Un"],
    "sentiment": {"label": "negative", "score": -0.5},
    "word_count": 3,
    "enrichment": {"entities": {"model": "crf", "version": "1"}},
    "entities": [{"name": "b", "salience": 0.1}, {"name": "a", "salience": 0.9}, {"name": "c"}],
}


@pytest.mark.parametrize(
    ("moment", "precision", "expected"),
    [
        ("2025-12-27", "day", "2025-12-27"),
        ("2025-12-27T08:15:30Z", "local", "2025-12-27 08:15"),
        ("2025-12-27T08:15:30Z", "instant", "2025-12-27 08:15 UTC"),
        (None, None, ""),
    ],
)
def test_a_date_is_told_as_precisely_as_the_publisher_did(
    moment: str | None, precision: str | None, expected: str
) -> None:
    assert published({"published_at": moment, "published_precision": precision}) == expected


def test_what_is_not_known_is_not_listed() -> None:
    shown = dict(facts(ARTICLE))
    assert shown["published"] == "2025-12-27 (precision: day)"
    assert shown["sentiment"] == "negative (-0.50)"
    assert shown["models"] == "entities: crf 1"
    assert shown["text"] == "2 paragraphs, 3 words"
    assert "source" not in shown
    assert "places" not in shown


def test_the_most_salient_names_come_first() -> None:
    assert top_names(ARTICLE, 2) == ["a", "b"]


def test_an_article_cannot_control_the_terminal() -> None:
    console = Console(file=io.StringIO(), width=80, markup=False)
    with console.capture() as captured:
        print_facts(console, ARTICLE)
        print_text(console, ARTICLE)
    printed = captured.get()
    assert "\x1b" not in printed
    assert "[bold]x[/bold]" in printed


def test_an_empty_document_is_shown() -> None:
    assert paragraphs({}) == []
    assert dict(facts({}))


@pytest.mark.parametrize("width", [20, 80])
def test_ids_of_hits_are_never_cut(
    width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    hit = {"article_id": "0123456789abcdef" * 2, "title": "T " * 80, "highlight": {}}
    print_hits({"total": 2, "hits": [hit, hit]}, json_output=False)
    printed = capsys.readouterr().out
    assert printed.split().count(str(hit["article_id"])) == 2
    assert f"newsline show {hit['article_id']}" in " ".join(printed.split())
