"""The entities of an article in the order of what it is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.enrich.nlp.entities.aliases import Group

# Tuned on GUM's 15 news articles, where wide ranges of all three do nearly as well.
_OFTEN = 0.6
_COUNT_POWER = 0.3
_EARLY_POWER = 2


class Named(NamedTuple):
    """How often an entity is named, and at which character first."""

    mentions: int
    start: int


@dataclass(frozen=True, slots=True)
class Ranked:
    """An entity's mentions and its salience, 0..1."""

    group: Group
    salience: float


def ranked(groups: Sequence[Group], length: int) -> list[Ranked]:
    """The entities of a document of so many characters, most salient first."""
    most = max((len(group.mentions) for group in groups), default=1)
    found = [
        Ranked(group, salience(Named(len(group.mentions), group.mentions[0].start), most, length))
        for group in groups
    ]
    return sorted(found, key=lambda entity: -entity.salience)


def salience(named: Named, most: int, length: int) -> float:
    """How often, against the entity that is named `most`, and how early it is named, together.

    The average precision, and what it is measured against: models/README.md.
    """
    often = (named.mentions / most) ** _COUNT_POWER
    early = (1 - named.start / length) ** _EARLY_POWER
    return round(float(_OFTEN * often + (1 - _OFTEN) * early), 4)
