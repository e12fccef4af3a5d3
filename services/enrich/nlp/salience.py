"""Salience: rank the entities of an article by how much it is about each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.enrich.nlp.entities.aliases import EntityGroup

# Tuned on GUM's 15 news articles, where wide ranges of all three do nearly as well.
_COUNT_WEIGHT = 0.6
_COUNT_POWER = 0.3
_POSITION_POWER = 2


class MentionStats(NamedTuple):
    """The number of mentions of an entity, and the character at which the first begins."""

    mentions: int
    start: int


@dataclass(frozen=True, slots=True)
class RankedEntity:
    """The mentions of an entity and its salience, 0..1."""

    group: EntityGroup
    salience: float


def rank_entities(groups: Sequence[EntityGroup], length: int) -> list[RankedEntity]:
    """The entities of a document of `length` characters, most salient first."""
    max_count = max((len(group.mentions) for group in groups), default=1)
    ranked = [
        RankedEntity(
            group,
            salience(MentionStats(len(group.mentions), group.mentions[0].start), max_count, length),
        )
        for group in groups
    ]
    return sorted(ranked, key=lambda entity: -entity.salience)


def salience(stats: MentionStats, max_count: int, length: int) -> float:
    """Combine how often an entity is mentioned, relative to the most frequent one, and how early.

    Its average precision, and what that is measured against: models/README.md.
    """
    frequency = (stats.mentions / max_count) ** _COUNT_POWER
    earliness = (1 - stats.start / length) ** _POSITION_POWER
    return round(float(_COUNT_WEIGHT * frequency + (1 - _COUNT_WEIGHT) * earliness), 4)
