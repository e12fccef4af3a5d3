"""What an article looks like at each stage. One contract per topic.

A new optional field may be added at any time; anything else is a new topic (see ``CHANGES.md``).
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)

from services.contracts.errors import ContractViolation

# 128 bits of SHA-256 in hexadecimal: see identity.py.
ArticleId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]


def _on_the_calendar(moment: str) -> str:
    datetime.fromisoformat(moment)
    return moment


# A day, or a moment in UTC to the millisecond at most. A string, because a day is not a moment:
# as a datetime it would have to invent one.
Moment = Annotated[
    str,
    StringConstraints(pattern=r"^\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d{3})?Z)?$"),
    AfterValidator(_on_the_calendar),
]

# 63 bits: Elasticsearch's external versions are positive signed 64-bit integers.
Version = Annotated[int, Field(ge=0, lt=2**63)]

# Code points of ``text``: start, and the first one after the mention.
Offsets = tuple[int, int]

Score = Annotated[float, Field(ge=-1, le=1)]


class Status(StrEnum):
    """Whether an article may be shown. The words are those of the wire services (IPTC)."""

    USABLE = "usable"
    WITHHELD = "withheld"
    CANCELED = "canceled"


class Precision(StrEnum):
    """How much of ``published_at`` the publisher gave; the rest was not invented."""

    DAY = "day"
    LOCAL = "local"  # a time of day without an offset: shown as if it were UTC
    INSTANT = "instant"


class Contract(BaseModel):
    """Base of the contracts: strict about its own fields, ignores those of a newer producer."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")

    def encode(self) -> bytes:
        """The value of a Kafka record: compact JSON in UTF-8."""
        return self.__pydantic_serializer__.to_json(self)

    @classmethod
    def decode(cls, value: bytes | None) -> Self:
        """Read what ``encode`` wrote.

        :raises ContractViolation: the bytes are not what this contract promises.
        """
        try:
            return cls.model_validate_json(value or b"")
        except ValidationError as error:
            # Places and codes only: the input can be a whole article, and this ends in a header.
            faults = [f"{'.'.join(map(str, e['loc']))}: {e['type']}" for e in error.errors()]
            raise ContractViolation("contract", "; ".join(faults)) from error


class AcceptedArticle(Contract):
    """An article with an identity, a version and clean text: the value of ``articles.accepted``.

    A canceled article has no text, title or authors: it is a kill notice, and hides what it names.
    """

    article_id: ArticleId
    version: Version
    status: Status = Status.USABLE
    source: str | None = None
    url: str | None = None
    title: str | None = None
    text: str
    language: str | None = None
    authors: tuple[str, ...] = ()
    section: str | None = None
    tags: tuple[str, ...] = ()
    extra: dict[str, Any] = {}
    published_at: Moment | None = None
    published_precision: Precision | None = None
    updated_at: Moment | None = None
    received_at: AwareDatetime
    accepted_at: AwareDatetime
    word_count: int = Field(ge=0)


class Sentiment(Contract):
    """How something is written about. ``score`` runs from -1 (negative) to 1 (positive)."""

    label: Literal["negative", "neutral", "positive"]
    score: Score


class Entity(Contract):
    """One person, organisation, place or other name, under its fullest form in the article.

    ``salience`` runs from 0 to 1. ``offsets`` are the mentions in ``text``, in its order;
    ``mentions`` also counts those in the title, and those past what ``offsets`` may hold.
    """

    name: str = Field(min_length=1)
    type: Literal["PER", "ORG", "LOC", "MISC"]
    mentions: int = Field(ge=1)
    salience: float = Field(ge=0, le=1)
    sentiment: Sentiment | None = None
    offsets: tuple[Offsets, ...] = ()


class Location(Contract):
    """Degrees north and east, WGS 84."""

    lat: float = Field(ge=-90, le=90)
    lon: float = Field(ge=-180, le=180)


class ModelVersion(Contract):
    """Which model made a part of the document."""

    model: str
    version: str


class EnrichedArticle(AcceptedArticle):
    """An accepted article with what the models found in it: the value of ``articles.enriched``."""

    enriched_at: AwareDatetime
    entities: tuple[Entity, ...] = ()
    people: tuple[str, ...] = ()
    organizations: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    sentiment: Sentiment | None = None
    keywords: tuple[str, ...] = ()
    location: Location | None = None
    fingerprint: str | None = None
    duplicate_of: ArticleId | None = None
    enrichment: dict[str, ModelVersion] = {}
