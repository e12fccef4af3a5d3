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

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="ignore",
        # What follows a field is its meaning in FIELDS.md.
        use_attribute_docstrings=True,
    )

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
    """Identifies the article, and is the document's id: a hash of source and the publisher's id;
    where they are missing, of the URL, the id alone, the title and the day, or the text.
    """
    version: Version
    """Larger for a newer version; the highest one that came is stored."""
    status: Status = Status.USABLE
    """``usable``, ``withheld`` or ``canceled``. The alias shows usable articles alone."""
    source: str | None = None
    """Who published it, as the publisher wrote it."""
    url: str | None = None
    """Where it was published."""
    title: str | None = None
    """The headline."""
    text: str
    """The text, without markup; paragraphs are separated by an empty line."""
    language: str | None = None
    """ISO 639-1 code: the publisher's, or detected."""
    authors: tuple[str, ...] = ()
    """Who wrote it."""
    section: str | None = None
    """The publisher's section."""
    tags: tuple[str, ...] = ()
    """The publisher's tags."""
    extra: dict[str, Any] = {}
    """Other fields that were pushed, and values of known fields that could not be used."""
    published_at: Moment | None = None
    """When the publisher says it was published: a day, or a moment in UTC."""
    published_precision: Precision | None = None
    """How exact that is: ``day``, ``local`` (a time of day without an offset) or ``instant``."""
    updated_at: Moment | None = None
    """When the publisher says this version was made."""
    received_at: AwareDatetime
    """When the record arrived in ``articles.raw``."""
    accepted_at: AwareDatetime
    """When ingest accepted it."""
    word_count: int = Field(ge=0)
    """Words of the text."""


class Sentiment(Contract):
    """How something is written about. ``score`` runs from -1 (negative) to 1 (positive)."""

    label: Literal["negative", "neutral", "positive"]
    """``negative``, ``neutral`` or ``positive``."""
    score: Score
    """From -1 (negative) to 1 (positive)."""


class Entity(Contract):
    """One person, organisation, place or other name, under its fullest form in the article.

    ``salience`` runs from 0 to 1. ``offsets`` are the mentions in ``text``, in its order;
    ``mentions`` also counts those in the title, and those past what ``offsets`` may hold.
    """

    name: str = Field(min_length=1)
    """The fullest form of the name in the article."""
    type: Literal["PER", "ORG", "LOC", "MISC"]
    """``PER`` (person), ``ORG`` (organisation), ``LOC`` (place) or ``MISC``."""
    mentions: int = Field(ge=1)
    """How often it is named, title included."""
    salience: float = Field(ge=0, le=1)
    """How much the article is about it, from 0 to 1."""
    sentiment: Sentiment | None = None
    """What is said of it; for the ten most salient people, organisations and places."""
    offsets: tuple[Offsets, ...] = ()
    """Its mentions in ``text``: the first code point and the one after the last. At most 1,000."""


class Location(Contract):
    """Degrees north and east, WGS 84."""

    lat: float = Field(ge=-90, le=90)
    """Degrees north."""
    lon: float = Field(ge=-180, le=180)
    """Degrees east."""


class ModelVersion(Contract):
    """Which model made a part of the document."""

    model: str
    """The model's name."""
    version: str
    """Its version."""


class EnrichedArticle(AcceptedArticle):
    """An accepted article with what the models found in it: the value of ``articles.enriched``."""

    enriched_at: AwareDatetime
    """When the models read it."""
    entities: tuple[Entity, ...] = ()
    """People, organisations, places and other names, the most salient first. At most 1,000."""
    people: tuple[str, ...] = ()
    """Names of the entities of type ``PER``."""
    organizations: tuple[str, ...] = ()
    """Names of the entities of type ``ORG``."""
    places: tuple[str, ...] = ()
    """Names of the entities of type ``LOC``."""
    sentiment: Sentiment | None = None
    """The sentiment of the whole article; empty where there are no models for its language."""
    keywords: tuple[str, ...] = ()
    """Words and phrases that say what it is about, the most telling first."""
    location: Location | None = None
    """Where the place is that it is mainly about (WGS 84)."""
    fingerprint: str | None = None
    """SimHash of the text, 64 bits in hexadecimal: similar texts differ in few bits."""
    duplicate_of: ArticleId | None = None
    """The id of the article that this one is a near-duplicate of: the first that came."""
    enrichment: dict[str, ModelVersion] = {}
    """Which model and version made each part."""
