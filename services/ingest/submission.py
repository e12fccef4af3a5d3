"""What a publisher sent, parsed and normalised, before it becomes an accepted article."""

from dataclasses import dataclass, field
from typing import Any

from services.contracts.articles import Status
from services.ingest.dates import ParsedDate

# The field of ``extra`` that says what could not be used, and why.
PROBLEMS = "newsline_problems"

MAX_TITLE_CHARS = 2000


@dataclass(slots=True)
class ExtraFields:
    """Values that no named field takes. Nothing that a publisher sent is thrown away."""

    extra: dict[str, Any] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def keep(self, name: str, value: object) -> None:
        """Keep a value as it came."""
        self.extra[name] = value

    def keep_unusable(self, name: str, value: object, why: str) -> None:
        """Keep a value as it came, with a note why its field could not take it."""
        self.keep(name, value)
        self.problems.append(f"{name}: {why}")

    def truncate_title(self, title: str, sent: object) -> str | None:
        """A title within its limit; a longer one is also kept whole."""
        if len(title) > MAX_TITLE_CHARS:
            self.keep_unusable("title", sent, f"cut to {MAX_TITLE_CHARS} characters")
        return title[:MAX_TITLE_CHARS].rstrip() or None

    def as_dict(self) -> dict[str, Any]:
        """Everything that was kept, with our notes after the publisher's own of the same name."""
        if not self.problems:
            return self.extra
        own = self.extra.get(PROBLEMS, [])
        return self.extra | {PROBLEMS: [*(own if isinstance(own, list) else [own]), *self.problems]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """The fields of an article, normalised.

    :param named_source: with ``named_id`` and ``named_url`` what identifies the article, of any
        length; "" where there is none.
    """

    text: str
    title: str | None = None
    status: Status = Status.USABLE
    named_source: str = ""
    named_id: str = ""
    named_url: str = ""
    source: str | None = None
    url: str | None = None
    language: str | None = None
    authors: tuple[str, ...] = ()
    section: str | None = None
    tags: tuple[str, ...] = ()
    published: ParsedDate | None = None
    updated: ParsedDate | None = None
    extra: dict[str, Any] = field(default_factory=dict)
