"""The wire reads what older and newer producers write, and refuses what nobody should."""

import json
from datetime import UTC, datetime

import pytest

from services.contracts.articles import AcceptedArticle, EnrichedArticle
from services.contracts.errors import ContractViolation

LEAST = {
    "article_id": "0" * 32,
    "version": 1,
    "text": "text",
    "received_at": "2026-01-02T03:04:05Z",
    "accepted_at": "2026-01-02T03:04:06Z",
    "word_count": 1,
}


def wire(**fields: object) -> bytes:
    return json.dumps({**LEAST, **fields}).encode()


def test_a_field_of_a_newer_producer_is_ignored() -> None:
    assert AcceptedArticle.decode(wire(mood={"a": 1})) == AcceptedArticle.decode(wire())


def test_an_optional_field_that_an_older_producer_did_not_send_is_empty() -> None:
    article = AcceptedArticle.decode(wire())
    assert (article.title, article.tags, article.extra) == (None, (), {})


def test_an_accepted_article_is_read_from_an_enriched_one() -> None:
    value = wire(enriched_at="2026-01-02T03:04:07Z", people=["Ann"])
    enriched = EnrichedArticle.decode(value)
    assert AcceptedArticle.decode(enriched.encode()) == AcceptedArticle.decode(wire())


def test_what_is_encoded_is_decoded_as_it_was() -> None:
    article = AcceptedArticle.decode(
        wire(
            extra={"a": [1, -0.5, None, True, {"": "\u2028😀"}], "b": 2**63 - 1, "c": 1e308},
            published_at="2025-12-27T10:00:00.123Z",
            published_precision="instant",
            status="withheld",
        )
    )
    assert AcceptedArticle.decode(article.encode()) == article
    assert article.received_at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "fields",
    [
        {"article_id": "x"},
        {"article_id": "0" * 33},
        {"version": -1},
        {"version": 2**63},
        {"version": "1"},
        {"text": None},
        {"status": "dead"},
        {"published_at": "2025-12-27T10:00:00+09:00"},
        {"received_at": "2026-01-02T03:04:05"},
        {"word_count": -1},
    ],
)
def test_what_the_contract_does_not_promise_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ContractViolation) as caught:
        AcceptedArticle.decode(wire(**fields))
    assert caught.value.code == "contract"
    assert next(iter(fields)) in str(caught.value)


@pytest.mark.parametrize("value", [None, b"", b"[]", b"{", b'{"text":"SECRET"}', b"\xff"])
def test_what_is_no_article_is_refused_without_being_quoted(value: bytes | None) -> None:
    with pytest.raises(ContractViolation) as caught:
        AcceptedArticle.decode(value)
    assert "SECRET" not in str(caught.value)
    assert len(str(caught.value)) < 220
