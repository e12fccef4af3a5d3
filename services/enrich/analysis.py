"""A title and a text → language, entities, places, sentiment, keywords, fingerprint. The one
entrance to the models.

Pure and synchronous: equal input gives equal output, nothing is fetched or written. Import and
loading take about half a second; one analyser serves one process, and no two threads at once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from services.enrich import fingerprint as fingerprints
from services.enrich import keywords as keyword_lists
from services.enrich import language as languages
from services.enrich import sentiment as sentiments
from services.enrich.aliases import merge
from services.enrich.entities import EntityRecogniser, EntityType
from services.enrich.fingerprint import fingerprint
from services.enrich.gazetteer import Gazetteer
from services.enrich.keywords import keywords
from services.enrich.language import Language, LanguageDetector
from services.enrich.salience import Ranked, ranked
from services.enrich.segmentation import segment
from services.enrich.sentiment import Sentiment, SentimentScorer, summarise

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from services.enrich.segmentation import Segments

# Between title and text, so that both are one document and no sentence spans them.
_BREAK = "\n\n"
# What is read for names and sentiment: more than any article has, and a bound on what junk costs.
MAX_TOKENS = 100_000


@dataclass(frozen=True, slots=True)
class Entity:
    """One person, organisation, place or other name. `offsets` are the mentions in the text;
    `mentions` also counts those in the title. `salience` is 0..1: what the article is about.
    """

    name: str
    type: EntityType
    mentions: int
    salience: float
    sentiment: Sentiment | None
    offsets: tuple[tuple[int, int], ...]


class Location(NamedTuple):
    """Degrees north and east."""

    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Analysis:
    """What was found. `understood` is False where the language has no models here: then all but
    `language`, `word_count` and `fingerprint` is empty or None because nobody looked, not because
    there is nothing.
    """

    language: Language | None
    understood: bool
    word_count: int
    fingerprint: str | None
    entities: tuple[Entity, ...] = ()
    sentiment: Sentiment | None = None
    keywords: tuple[str, ...] = ()
    location: Location | None = None


@dataclass(frozen=True, slots=True)
class TextAnalyser:
    """The loaded models."""

    recogniser: EntityRecogniser
    scorer: SentimentScorer
    detector: LanguageDetector
    gazetteer: Gazetteer

    @classmethod
    def load(cls, models_dir: Path | None = None) -> TextAnalyser:
        """Load and verify every model.

        :raises ArtefactUnusable: a file is missing or is not the one that was released.
        """
        return cls(
            EntityRecogniser.from_artefacts(models_dir),
            SentimentScorer(),
            LanguageDetector(),
            Gazetteer.from_artefacts(models_dir),
        )

    @property
    def versions(self) -> Mapping[str, tuple[str, str]]:
        """Stage → the model and version that carried it out."""
        return {
            "language": languages.MODEL,
            "entities": ("newsline-crf", self.recogniser.version),
            "sentiment": sentiments.MODEL,
            "keywords": keyword_lists.MODEL,
            "location": ("newsline-gazetteer", self.gazetteer.version),
            "fingerprint": fingerprints.MODEL,
        }

    def analyse(self, title: str | None, text: str, language: str | None = None) -> Analysis:
        """Everything the models tell of an article. Offsets are code points of `text`. Names and
        sentiment are those of its first `MAX_TOKENS` tokens.

        :param language: what the publisher says (BCP 47), which is believed; else it is detected.
        """
        lead = f"{title}{_BREAK}" if title else ""
        whole = lead + text
        spoken = self._language(whole, language)
        segments = segment(whole)
        opening = sum(start < len(lead) for start in segments.starts[: len(lead)])
        words = segments.words[opening:]
        plain = Analysis(
            spoken,
            understood=spoken is not None and spoken.code == "en",
            word_count=sum(word[0].isalnum() for word in words),
            fingerprint=fingerprint(words),
        )
        if not plain.understood:
            return plain
        segments = replace(
            segments, sentences=[pair for pair in segments.sentences if pair[1] <= MAX_TOKENS]
        )
        return self._read(plain, _Document(whole, len(lead), segments))

    def _read(self, plain: Analysis, document: _Document) -> Analysis:
        """The analysis of an English document, completed."""
        whole, segments = document.whole, document.segments
        scores = [self.scorer.score(whole[start:end]) for start, end in segments.spans()]
        mentions = self.recogniser.find(segments)
        found = ranked(merge(mentions), len(whole))
        return replace(
            plain,
            entities=document.entities(found, scores),
            sentiment=summarise(scores),
            keywords=keywords(segments, mentions, document.lead),
            location=self._location(document.places(found)),
        )

    def _location(self, places: Sequence[Sequence[str]]) -> Location | None:
        place = self.gazetteer.locate(places)
        return None if place is None else Location(place.latitude, place.longitude)

    def _language(self, whole: str, claimed: str | None) -> Language | None:
        if claimed:
            return Language(claimed.replace("_", "-").partition("-")[0].lower(), 1.0)
        return self.detector.detect(whole)


@dataclass(frozen=True, slots=True)
class _Document:
    """A document, of which the first `lead` characters are the title."""

    whole: str
    lead: int
    segments: Segments

    def entities(self, found: Sequence[Ranked], scores: Sequence[float]) -> tuple[Entity, ...]:
        """The entities as they are told, in the order they are given in."""
        sentence_of = [
            number
            for number, (first, last) in enumerate(self.segments.sentences)
            for _ in range(first, last)
        ]
        return tuple(self._entity(entity, scores, sentence_of) for entity in found)

    def places(self, found: Sequence[Ranked]) -> list[list[str]]:
        """The names of each place, its usual one first."""
        return [
            [entity.group.name(self.whole), *entity.group.forms(self.whole)]
            for entity in found
            if entity.group.type == "LOC"
        ]

    def _entity(
        self, entity: Ranked, scores: Sequence[float], sentence_of: Sequence[int]
    ) -> Entity:
        lead, mentions = self.lead, entity.group.mentions
        told = sorted({sentence_of[m.first] for m in mentions})
        return Entity(
            entity.group.name(self.whole),
            entity.group.type,
            len(mentions),
            entity.salience,
            summarise([scores[i] for i in told]),
            tuple((m.start - lead, m.end - lead) for m in mentions if m.start >= lead),
        )
