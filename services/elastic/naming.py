"""Names of indices and aliases, and the index that a document belongs in."""

import re
from datetime import UTC, datetime, timedelta

# Wire archives before this are thin: a year is an index.
FIRST_MONTHLY_YEAR = 2000
FIRST_YEAR = 1970
# Further ahead of its arrival, a publication date is a mistake or an embargo.
MAX_AHEAD = timedelta(days=2)
LONGEST_MONTH = timedelta(days=31)


def alias(namespace: str) -> str:
    """The alias that people search; it shows usable articles only."""
    return f"{namespace}-articles" if namespace else "articles"


def series(namespace: str, generation: int = 1) -> str:
    """The prefix of a generation's index names; the first generation's has no number."""
    return alias(namespace) if generation == 1 else f"{alias(namespace)}-g{generation}"


def pattern(namespace: str, generation: int = 1) -> str:
    """The pattern of a generation's indices; the first generation's matches those of all."""
    return f"{series(namespace, generation)}-*"


def generation_of(namespace: str, index: str) -> int:
    """The generation that an index of articles belongs to."""
    found = re.match(rf"{re.escape(alias(namespace))}-g(\d+)-", index)
    return int(found[1]) if found else 1


def locations(namespace: str, generation: int = 1) -> str:
    """The index that holds where each article is stored, and in which version."""
    name = "newsline-locations" if generation == 1 else f"newsline-locations-g{generation}"
    return f"{namespace}-{name}" if namespace else name


def moment(published_at: str | None, received_at: datetime) -> datetime:
    """When an article counts as published: a day from its first moment on.

    Its arrival where the date is unknown, before 1970, or more than two days ahead of it.
    """
    arrived = received_at.astimezone(UTC)
    if published_at is None:
        return arrived
    published = datetime.fromisoformat(published_at).replace(tzinfo=UTC)
    if published.year < FIRST_YEAR or published.date() > arrived.date() + MAX_AHEAD:
        return arrived
    return published


def index_name(
    namespace: str, *, published_at: str | None, received_at: datetime, generation: int = 1
) -> str:
    """The monthly (before 2000: yearly) index of a publication date, or of the arrival.

    So no publisher's dates can make more than a few hundred indices.
    """
    return _index_of(namespace, generation, moment(published_at, received_at))


def index_names(namespace: str, generation: int, first: datetime, last: datetime) -> list[str]:
    """The indices of what counts as published from one moment to another, oldest first."""
    names = [_index_of(namespace, generation, first)]
    month = first.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    while (month := (month + LONGEST_MONTH).replace(day=1)) <= last:
        names.append(_index_of(namespace, generation, month))
    return list(dict.fromkeys(names))


def _index_of(namespace: str, generation: int, when: datetime) -> str:
    if when.year < FIRST_MONTHLY_YEAR:
        return f"{series(namespace, generation)}-{when.year:04}"
    return f"{series(namespace, generation)}-{when.year:04}.{when.month:02}"
