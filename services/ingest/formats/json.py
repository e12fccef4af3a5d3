"""Parsing a pushed JSON object.

Strict where identity, order or the article itself depend on a field; lenient elsewhere: what cannot
be used there stays in ``extra`` as it came, with a note.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from services.contracts.articles import Status
from services.contracts.errors import ContractViolation
from services.ingest.dates import ParsedDate, parse_date
from services.ingest.formats.html import parse_html
from services.ingest.submission import ExtraFields, Submission
from services.ingest.text import clean_line, clean_text

MAX_URL_CHARS = 2000
MAX_LINE_CHARS = 1000
MAX_AUTHORS = 100
MAX_TAGS = 200

# fmt: off
_FIELDS = frozenset({  # one word a line would hide the rest of the module
    "text", "html", "title", "source", "id", "url", "published_at", "updated_at", "language",
    "authors", "section", "tags", "status",
})
# fmt: on
_STATUSES = {status.value: status for status in Status} | {"cancelled": Status.CANCELED}


def parse_fields(fields: dict[str, Any]) -> Submission:
    """Parse the fields of a JSON object.

    :raises ContractViolation: ``wrong_type`` or ``wrong_status``.
    """
    extra = ExtraFields({name: value for name, value in fields.items() if name not in _FIELDS})
    return _FieldReader(fields, extra).submission()


@dataclass(frozen=True, slots=True)
class _FieldReader:
    """One object, and what no named field takes of it."""

    fields: dict[str, Any]
    extra: ExtraFields

    def submission(self) -> Submission:
        source, url = self._strict_line("source"), self._strict_line("url")
        title, text = self._body()
        return Submission(
            status=self._status(),
            named_source=source,
            named_id=self._publisher_id(),
            named_url=url,
            source=self._within_limit("source", source, MAX_LINE_CHARS),
            url=self._within_limit("url", url, MAX_URL_CHARS),
            title=title,
            text=text,
            language=self._lenient_line("language"),
            authors=self._names("authors", MAX_AUTHORS),
            section=self._lenient_line("section"),
            tags=self._names("tags", MAX_TAGS),
            published=self._when("published_at"),
            updated=self._when("updated_at"),
            extra=self.extra.as_dict(),
        )

    def _body(self) -> tuple[str | None, str]:
        title, sent = self._strict_line("title"), self.fields.get("title")
        text, marked_up = clean_text(self._string("text")), self._string("html")
        if text:
            if marked_up.strip():
                self.extra.keep("html", marked_up)
        elif marked_up:
            page = parse_html(marked_up)
            text = page.text
            if not title and page.title:
                title = sent = page.title
        return self.extra.truncate_title(title, sent), text

    def _status(self) -> Status:
        sent = self.fields.get("status")
        if sent is None:
            return Status.USABLE
        word = clean_line(sent).casefold() if isinstance(sent, str) else None
        if word == "":
            return Status.USABLE
        if word not in _STATUSES:
            raise ContractViolation("wrong_status", "status is not usable, withheld or canceled")
        return _STATUSES[word]

    def _publisher_id(self) -> str:
        sent = self.fields.get("id")
        if sent is None:
            return ""
        # The document has no other place for it, and whoever sent it will look for it.
        self.extra.keep("id", sent)
        # True is an int in Python, not in JSON.
        if isinstance(sent, int) and not isinstance(sent, bool):
            return str(sent)
        if isinstance(sent, str):
            return clean_line(sent)
        raise ContractViolation("wrong_type", "id is neither a string nor an integer")

    def _string(self, name: str) -> str:
        sent = self.fields.get(name)
        if sent is None:
            return ""
        if isinstance(sent, str):
            return sent
        raise ContractViolation("wrong_type", f"{name} is not a string")

    def _strict_line(self, name: str) -> str:
        return clean_line(self._string(name))

    def _within_limit(self, name: str, line: str, max_chars: int) -> str | None:
        if len(line) > max_chars:
            self.extra.keep_unusable(name, self.fields[name], f"longer than {max_chars} characters")
            return None
        return line or None

    def _lenient_line(self, name: str) -> str | None:
        sent = self.fields.get(name)
        if sent is None:
            return None
        if not isinstance(sent, str):
            self.extra.keep_unusable(name, sent, "not a string")
            return None
        return self._within_limit(name, clean_line(sent), MAX_LINE_CHARS)

    def _names(self, name: str, most: int) -> tuple[str, ...]:
        sent = self.fields.get(name)
        if sent is None:
            return ()
        items = [item for item in _listed(sent) if item is not None]
        found = [_name(item) for item in items]
        usable = tuple(word for word in found if word)[:most]
        if None in found:
            self.extra.keep_unusable(
                name, sent, f"not all are strings of up to {MAX_LINE_CHARS} characters"
            )
        elif len(found) > most:
            self.extra.keep_unusable(name, sent, f"more than {most}")
        elif any(not isinstance(item, str) for item in items):
            self.extra.keep(name, sent)
        return usable

    def _when(self, name: str) -> ParsedDate | None:
        sent = self.fields.get(name)
        if sent is None or (isinstance(sent, str) and not sent.strip()):
            return None
        if not isinstance(sent, str):
            self.extra.keep_unusable(name, sent, "not a string")
            return None
        try:
            return parse_date(sent)
        except ValueError:
            self.extra.keep_unusable(name, sent, "not an ISO 8601 date, or none in the calendar")
            return None


def _listed(sent: object) -> Sequence[object]:
    return sent if isinstance(sent, list) else [sent]


def _name(item: object) -> str | None:
    """The name that an item of a list is or has, "" if it is blank, None if it has none."""
    if isinstance(item, dict):
        item = item.get("name")
    if not isinstance(item, str):
        return None
    word = clean_line(item)
    return word if len(word) <= MAX_LINE_CHARS else None
