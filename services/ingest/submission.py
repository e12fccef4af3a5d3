"""What a publisher sent, read and cleaned, before it is an article of ours."""

from dataclasses import dataclass, field
from typing import Any

from services.contracts.articles import Status
from services.ingest.dates import When

# Where a document says what could not be used, and why.
PROBLEMS = "newsline_problems"

MAX_TITLE_CHARS = 2000


@dataclass(slots=True)
class Leftovers:
    """What has no place among the named fields. Nothing that a publisher sent is thrown away."""

    extra: dict[str, Any] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def keep(self, name: str, value: object) -> None:
        """Keep a value as it came."""
        self.extra[name] = value

    def refuse(self, name: str, value: object, why: str) -> None:
        """Keep a value as it came, and say why it is not where it belongs."""
        self.keep(name, value)
        self.problems.append(f"{name}: {why}")

    def fitting_title(self, title: str, sent: object) -> str | None:
        """As much of a title as a title may be; a longer one is also kept whole."""
        if len(title) > MAX_TITLE_CHARS:
            self.refuse("title", sent, f"cut to {MAX_TITLE_CHARS} characters")
        return title[:MAX_TITLE_CHARS].rstrip() or None

    def all(self) -> dict[str, Any]:
        """Everything kept, with our notes after the publisher's own under the same name."""
        if not self.problems:
            return self.extra
        own = self.extra.get(PROBLEMS, [])
        return self.extra | {PROBLEMS: [*(own if isinstance(own, list) else [own]), *self.problems]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """The fields of the wire, clean. "" means that there is none, as None does elsewhere.

    :param named_source: the source, the id and the URL as identity counts them, however long.
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
    published: When | None = None
    updated: When | None = None
    extra: dict[str, Any] = field(default_factory=dict)
