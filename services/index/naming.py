"""Which index a document belongs in."""

from datetime import UTC, date, datetime, timedelta

# Wire archives before this are thin: a year is an index.
FIRST_MONTHLY_YEAR = 2000
FIRST_YEAR = 1970
# Further ahead of its arrival, a publication date is a mistake or an embargo.
MAX_AHEAD = timedelta(days=2)


def alias(namespace: str) -> str:
    """What people search: usable articles only."""
    return f"{namespace}-articles" if namespace else "articles"


def pattern(namespace: str) -> str:
    """All indices of articles, whatever their status."""
    return f"{alias(namespace)}-*"


def locations(namespace: str) -> str:
    """The index that says where each article is, and in which version."""
    return f"{namespace}-newsline-locations" if namespace else "newsline-locations"


def index_name(namespace: str, *, published_at: str | None, received_at: datetime) -> str:
    """The monthly (before 2000: yearly) index of a publication date, or of the arrival.

    By arrival where the date is unknown, before 1970, or more than two days ahead of it: so no
    publisher's dates can make more than a few hundred indices.
    """
    arrived = received_at.astimezone(UTC).date()
    published = date.fromisoformat(published_at[:10]) if published_at else arrived
    if published.year < FIRST_YEAR or published > arrived + MAX_AHEAD:
        published = arrived
    if published.year < FIRST_MONTHLY_YEAR:
        return f"{alias(namespace)}-{published.year:04}"
    return f"{alias(namespace)}-{published.year:04}.{published.month:02}"
