"""Which article a record is about, and which version of it.

The identity is the idempotency key of every hop; the version decides which one is stored.
"""

import hashlib
import unicodedata
from typing import NamedTuple

# Arrival seconds count from here, so that they fit 31 bits until 2088.
ARRIVAL_EPOCH_SECONDS = 1_577_836_800  # 2020-01-01T00:00:00Z
ARRIVAL_BITS = 31
MAX_ARRIVAL = (1 << ARRIVAL_BITS) - 1

# A claim past this (2100-01-01T00:00:00Z) is a broken clock, and counts as no claim.
MAX_CLAIMED_SECONDS = 4_102_444_800

# Above every claim, and still 63 bits: no late version replaces a kill notice.
KILL_CLAIM_SECONDS = (1 << 32) - 1


def article_id(  # noqa: PLR0913 - the parts of an identity, each by its name
    *,
    source: str | None,
    publisher_id: str | None,
    canonical_url: str | None,
    title: str | None,
    published_on: str | None,
    text: str,
) -> str:
    """Hash the first of these that is there: source and the publisher's own id; the URL; the id
    alone; title and publication day; the text.

    :param published_on: ``YYYY-MM-DD`` or None.
    :returns: 32 hexadecimal digits.
    """
    parts: tuple[str, ...]
    if source and publisher_id:
        parts = ("source-id", source, publisher_id)
    elif canonical_url:
        parts = ("url", canonical_url)
    elif publisher_id:
        parts = ("id", publisher_id)
    elif title:
        parts = ("title-date", _folded(title), published_on or "")
    else:
        parts = ("text", _folded(text))
    # Lengths in front: no two different tuples of parts may make the same bytes.
    keyed = "".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(keyed.encode()).hexdigest()[:32]


def version(*, claimed_seconds: int, arrival_seconds: int, killed: bool = False) -> int:
    """Pack (claimed time, first arrival) into 63 bits, so that a newer version is a larger number.

    :param claimed_seconds: Unix time the publisher claims; outside 1970-2100 it counts as 0.
    :param arrival_seconds: Unix time of the raw record's first arrival; clamped to 2020-2088.
    :param killed: a kill notice stands above every version, whatever it claims.
    """
    arrival = min(max(arrival_seconds - ARRIVAL_EPOCH_SECONDS, 0), MAX_ARRIVAL)
    if killed:
        claimed = KILL_CLAIM_SECONDS
    elif 0 <= claimed_seconds <= MAX_CLAIMED_SECONDS:
        claimed = claimed_seconds
    else:
        claimed = 0
    return claimed << ARRIVAL_BITS | arrival


class VersionParts(NamedTuple):
    """What a version is made of, in Unix seconds; ``claimed_seconds`` is 0 without a claim."""

    claimed_seconds: int
    arrival_seconds: int
    killed: bool


def unpack_version(version: int) -> VersionParts:
    """Read what ``version`` has packed."""
    claimed = version >> ARRIVAL_BITS
    arrival = (version & MAX_ARRIVAL) + ARRIVAL_EPOCH_SECONDS
    killed = claimed == KILL_CLAIM_SECONDS
    return VersionParts(0 if killed else claimed, arrival, killed)


def _folded(words: str) -> str:
    """One form for all spellings that a reader would call the same headline."""
    return " ".join(unicodedata.normalize("NFKC", words).casefold().split())
