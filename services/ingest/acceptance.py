"""Accepting raw records. Pure: the same bytes give the same article.

Bytes that can never be an article are refused with one of these codes:

==================== ===============================================================
too_large            more bytes than an article may have; nothing was parsed
empty                no value, or nothing but white space
not_utf8             bytes that are no UTF-8
nul_character        a NUL, raw or escaped
not_an_object        JSON, but an array, a string, a number, true, false or null
invalid_json         begins as an object, and is none
duplicate_key        a key twice in one object, at any depth
number_out_of_range  NaN, Infinity, 1e400, an integer of more than 64 bits
lone_surrogate       half of a surrogate pair, in a value or a key
too_deep             nested deeper than 32 levels
wrong_type           text, html, title, source, id or url of another JSON type
wrong_status         a status that is none of ours
no_text              no text, or none left in the markup or after the headline
no_identity          a kill notice that names no article by id, url or title
==================== ===============================================================
"""

from datetime import datetime

from services.contracts import identity
from services.contracts.articles import AcceptedArticle, Status
from services.contracts.errors import ContractViolation
from services.ingest.formats.json import parse_fields
from services.ingest.formats.plain_text import parse_plain_text
from services.ingest.strict_json import decode_text, parse_object
from services.ingest.submission import Submission
from services.ingest.urls import canonical_url


def accept(
    value: bytes | None, *, arrival: datetime, now: datetime, max_article_bytes: int
) -> AcceptedArticle:
    """The article that a raw record carries.

    :param arrival: when the record first arrived in ``articles.raw``, with a time zone.
    :raises ContractViolation: it carries none, with a code of the table above.
    """
    text = decode_text(value, max_bytes=max_article_bytes)
    fields = parse_object(text)
    sent = parse_plain_text(text) if fields is None else parse_fields(fields)
    if sent.status is Status.CANCELED:
        if not (sent.named_id or sent.named_url or sent.title):
            raise ContractViolation("no_identity", "a kill notice needs an id, a url or a title")
        return _article(sent, arrival=arrival, now=now)
    if not sent.text:
        raise ContractViolation("no_text", "there is no text in text, html or after the headline")
    return _article(sent, arrival=arrival, now=now)


def _article(sent: Submission, *, arrival: datetime, now: datetime) -> AcceptedArticle:
    killed = sent.status is Status.CANCELED
    published, updated = sent.published, sent.updated
    claimed = updated or published
    return AcceptedArticle(
        article_id=_article_id(sent),
        version=identity.version(
            claimed_seconds=claimed.seconds if claimed else 0,
            arrival_seconds=int(arrival.timestamp()),
            killed=killed,
        ),
        status=sent.status,
        source=sent.source,
        url=sent.url,
        # A kill notice may repeat what it kills: nothing of it is kept.
        title=None if killed else sent.title,
        text="" if killed else sent.text,
        language=sent.language,
        authors=() if killed else sent.authors,
        section=None if killed else sent.section,
        tags=() if killed else sent.tags,
        extra={} if killed else sent.extra,
        published_at=published.moment if published else None,
        published_precision=published.precision if published else None,
        updated_at=updated.moment if updated else None,
        received_at=arrival,
        accepted_at=now,
        word_count=0 if killed else len(sent.text.split()),
    )


def _article_id(sent: Submission) -> str:
    return identity.article_id(
        source=sent.named_source,
        publisher_id=sent.named_id,
        canonical_url=canonical_url(sent.named_url) if sent.named_url else None,
        title=sent.title,
        published_on=sent.published.day if sent.published else None,
        text=sent.text,
    )
