"""A document with what is known of it → its entities and places as they are told."""

from __future__ import annotations

import sys
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.enrich.nlp.sentiment.target_model import summarise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.enrich.nlp.entities.recognizer import EntityType, Mention
    from services.enrich.nlp.salience import Ranked
    from services.enrich.nlp.sentiment.target_model import Scorer, View
    from services.enrich.nlp.sentiment.vader import Sentiment
    from services.enrich.nlp.text.segmentation import Segments

# From how many of its first mentions the sentiment of an entity is told.
MOST_MENTIONS = 3
_ANY_END = sys.maxsize


@dataclass(frozen=True, slots=True)
class Entity:
    """One person, organisation, place or other name. `offsets` are the mentions in the text;
    `mentions` also counts those in the title. `salience` is 0..1: what the article is about.
    `sentiment` is None of all but the most salient, and of names of other things.
    """

    name: str
    type: EntityType
    mentions: int
    salience: float
    sentiment: Sentiment | None
    offsets: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A document, of which the first `lead` characters are the title."""

    whole: str
    lead: int
    segments: Segments

    def entities(self, found: Sequence[Ranked], scorers: Sequence[Scorer]) -> tuple[Entity, ...]:
        """The entities as they are told, in the order they are given in.

        :param scorers: of the first entity that can have a sentiment, the next, and so on.
        """
        told = self._sentiments([e for e in found if e.group.type != "MISC"], scorers)
        return tuple(self._entity(entity, told.get(id(entity))) for entity in found)

    def places(self, found: Sequence[Ranked]) -> list[list[str]]:
        """The names of each place, its usual one first."""
        return [
            [entity.group.name(self.whole), *entity.group.forms(self.whole)]
            for entity in found
            if entity.group.type == "LOC"
        ]

    def _sentiments(
        self, entities: Sequence[Ranked], scorers: Sequence[Scorer]
    ) -> dict[int, Sentiment | None]:
        """The sentiment of these entities, by the identity of each."""
        views: dict[int, View] = {}
        sentences = self.segments.sentences
        told = {}
        for entity, scorer in zip(entities, scorers, strict=False):
            scores = []
            for mention in entity.group.mentions[:MOST_MENTIONS]:
                number = self._sentence(mention)
                first, last = sentences[number]
                view = views.get(number)
                if view is None:
                    view = views[number] = scorer.view(self.segments.words[first:last])
                scores.append(scorer.score(view, mention.first - first, mention.last - first))
            told[id(entity)] = summarise(scores)
        return told

    def _sentence(self, mention: Mention) -> int:
        """The number of the sentence that a mention stands in."""
        return bisect_right(self.segments.sentences, (mention.first, _ANY_END)) - 1

    def _entity(self, entity: Ranked, sentiment: Sentiment | None) -> Entity:
        lead, mentions = self.lead, entity.group.mentions
        return Entity(
            entity.group.name(self.whole),
            entity.group.type,
            len(mentions),
            entity.salience,
            sentiment,
            tuple((m.start - lead, m.end - lead) for m in mentions if m.start >= lead),
        )
