"""A title and a text → language, entities, places, sentiment, keywords, fingerprint. The one
entrance to the models.

Pure and synchronous: equal input gives equal output, nothing is fetched or written. Import and
loading take about half a second; one analyser serves one process, and no two threads at once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from services.enrich.nlp import keywords as keyword_lists
from services.enrich.nlp.document import Document, Entity
from services.enrich.nlp.entities.aliases import merge
from services.enrich.nlp.entities.recognizer import EntityRecogniser, Variant
from services.enrich.nlp.gazetteer import Gazetteer
from services.enrich.nlp.keywords import keywords
from services.enrich.nlp.salience import ranked
from services.enrich.nlp.sentiment import vader as sentiments
from services.enrich.nlp.sentiment.target_model import TargetScorer
from services.enrich.nlp.sentiment.vader import Sentiment, SentimentScorer, summarise
from services.enrich.nlp.text import language as languages
from services.enrich.nlp.text import simhash as fingerprints
from services.enrich.nlp.text.language import Language, LanguageDetector
from services.enrich.nlp.text.segmentation import segment
from services.enrich.nlp.text.simhash import fingerprint

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from services.enrich.nlp.artefacts import ModelSet
    from services.enrich.nlp.entities.recognizer import Recogniser
    from services.enrich.nlp.sentiment.target_model import Scorer

# Of the most salient entities the sentiment is told: the rest are named in passing and too seldom.
MOST_TARGETS = 10
# Between title and text, so that both are one document and no sentence spans them.
_BREAK = "\n\n"
# What is read for names and sentiment: more than any article has, and a bound on what junk costs.
MAX_TOKENS = 100_000


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
    """The loaded models. `targets` are the scorers of the most salient entities, one for each."""

    recogniser: Recogniser
    scorer: SentimentScorer
    targets: Sequence[Scorer]
    detector: LanguageDetector
    gazetteer: Gazetteer

    @classmethod
    def load(cls, models_dir: Path | None = None, models: ModelSet = "default") -> TextAnalyser:
        """Load and verify every model.

        :raises ArtefactUnusable: a file is missing or is not the one that was released.
        """
        variant: Variant = "open" if models == "open" else "default"
        crf = EntityRecogniser.from_artefacts(models_dir, variant)
        scorer = SentimentScorer()
        regression = TargetScorer.from_artefacts(crf.tagger.lexicon, scorer.valences, models_dir)
        recogniser: Recogniser = crf.with_context(models_dir) if models == "default" else crf
        targets: list[Scorer] = [regression] * MOST_TARGETS
        if models == "accurate":
            # Not imported elsewhere: the default path does without what it imports.
            from services.enrich.nlp.transformers import ensemble as accurate  # noqa: PLC0415 - as just said

            recogniser, closest = accurate.load_models(crf, regression, models_dir)
            targets[: accurate.MOST_TARGETS] = [closest] * accurate.MOST_TARGETS
        return cls(
            recogniser,
            scorer,
            targets,
            LanguageDetector(),
            Gazetteer.from_artefacts(models_dir),
        )

    @property
    def versions(self) -> Mapping[str, tuple[str, str]]:
        """Stage → the model and version that carried it out."""
        return {
            "language": languages.MODEL,
            "entities": (self.recogniser.name, self.recogniser.version),
            "sentiment": sentiments.MODEL,
            "entity_sentiment": (self.targets[0].name, self.targets[0].version),
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
        return self._read(plain, Document(whole, len(lead), segments))

    def _read(self, plain: Analysis, document: Document) -> Analysis:
        """The analysis of an English document, completed."""
        whole, segments = document.whole, document.segments
        scores = [self.scorer.score(whole[start:end]) for start, end in segments.spans()]
        mentions = self.recogniser.find(segments)
        found = ranked(merge(mentions), len(whole))
        return replace(
            plain,
            entities=document.entities(found, self.targets),
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
