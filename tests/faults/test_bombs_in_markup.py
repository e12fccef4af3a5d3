"""XML bombs and external entities. This version reads no feeds; HTML is all its markup."""

import json
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.contracts.topics import MIB
from services.ingest.acceptance import accept

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def text_of(markup: str) -> str:
    value = json.dumps({"html": markup}).encode()
    return accept(value, arrival=NOW, now=NOW, max_article_bytes=MIB).text


def test_entities_that_a_document_declares_are_not_expanded() -> None:
    levels = "".join(
        f'<!ENTITY lol{n} "{"".join(f"&lol{n - 1};" for _ in range(10))}">' for n in range(1, 10)
    )
    bomb = f'<!DOCTYPE lolz [<!ENTITY lol0 "lol">{levels}]><p>News &lol9; end</p>'

    assert len(text_of(bomb)) < len(bomb)


def test_external_entities_are_not_fetched(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("the secret")
    markup = f'<!DOCTYPE x [<!ENTITY xxe SYSTEM "{secret.as_uri()}">]><p>News &xxe; end</p>'

    text = text_of(markup)

    assert "News" in text
    assert "the secret" not in text


@pytest.mark.parametrize(
    "piece", ["<div>", "<b><p>", "<!--", "&amp", "&#9", "<a b='", "<title>", "<!DOCTYPE x [", "]]>"]
)
@pytest.mark.measured
def test_markup_costs_time_in_proportion_to_its_length(piece: str) -> None:
    started = time.process_time()
    text_of("Some text " + piece * (800_000 // len(piece)))

    assert time.process_time() - started < 5
