"""One document's entities and places, as they are reported."""

from __future__ import annotations

import sys
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.enrich.nlp.sentiment.target_model import entity_sentiment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.enrich.nlp.entities.recognizer import EntityType, Mention
    from services.enrich.nlp.salience import RankedEntity
    from services.enrich.nlp.sentiment.target_model import SentenceScores, TargetScorer
    from services.enrich.nlp.sentiment.vader import SentimentResult
    from services.enrich.nlp.text.segmentation import Segments

# An entity's sentiment is computed from so many of its first mentions.
MAX_SCORED_MENTIONS = 3
_ANY_END = sys.maxsize


@dataclass(frozen=True, slots=True)
class ScoredEntity:
    """A person, organisation, place or other name. `offsets` are the mentions in the text;
    `mentions` also counts those in the title. `salience` is 0..1. `sentiment` is None for all but
    the most salient, and for names of other things.
    """

    name: str
    type: EntityType
    mentions: int
    salience: float
    sentiment: SentimentResult | None
    offsets: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class DocumentContext:
    """A segmented document, the first `title_end` characters of which are its title."""

    whole: str
    title_end: int
    segments: Segments

    def scored_entities(
        self, entities: Sequence[RankedEntity], scorers: Sequence[TargetScorer]
    ) -> tuple[ScoredEntity, ...]:
        """The entities with their sentiment, in the order given.

        :param scorers: of the first entity that can have a sentiment, the next, and so on.
        """
        sentiments = self._sentiments([e for e in entities if e.group.type != "MISC"], scorers)
        return tuple(self._scored(entity, sentiments.get(id(entity))) for entity in entities)

    def places(self, entities: Sequence[RankedEntity]) -> list[list[str]]:
        """The names of each place among the entities, its usual name first."""
        return [
            [entity.group.name(self.whole), *entity.group.surface_forms(self.whole)]
            for entity in entities
            if entity.group.type == "LOC"
        ]

    def _sentiments(
        self, entities: Sequence[RankedEntity], scorers: Sequence[TargetScorer]
    ) -> dict[int, SentimentResult | None]:
        """The sentiment of these entities, by the identity of each."""
        prepared: dict[int, SentenceScores] = {}
        sentences = self.segments.sentences
        sentiments = {}
        for entity, scorer in zip(entities, scorers, strict=False):
            scores = []
            for mention in entity.group.mentions[:MAX_SCORED_MENTIONS]:
                number = self._sentence_of(mention)
                first, last = sentences[number]
                sentence = prepared.get(number)
                if sentence is None:
                    sentence = scorer.prepare(self.segments.words[first:last])
                    prepared[number] = sentence
                scores.append(scorer.score(sentence, mention.first - first, mention.last - first))
            sentiments[id(entity)] = entity_sentiment(scores)
        return sentiments

    def _sentence_of(self, mention: Mention) -> int:
        """The number of the sentence that contains a mention."""
        return bisect_right(self.segments.sentences, (mention.first, _ANY_END)) - 1

    def _scored(self, entity: RankedEntity, sentiment: SentimentResult | None) -> ScoredEntity:
        title_end, mentions = self.title_end, entity.group.mentions
        return ScoredEntity(
            entity.group.name(self.whole),
            entity.group.type,
            len(mentions),
            entity.salience,
            sentiment,
            tuple(
                (m.start - title_end, m.end - title_end) for m in mentions if m.start >= title_end
            ),
        )
