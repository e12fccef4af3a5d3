"""Analyze an article: language, entities, location, sentiment, keywords and fingerprint. The only
entry point to the models.

Pure and synchronous: equal input gives equal output, nothing is fetched or written. Import and
loading take about half a second.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from services.enrich.nlp import keywords
from services.enrich.nlp.document import DocumentContext, ScoredEntity
from services.enrich.nlp.entities.aliases import merge_aliases
from services.enrich.nlp.entities.recognizer import CrfVariant, EntityRecognizer
from services.enrich.nlp.gazetteer import Gazetteer
from services.enrich.nlp.salience import rank_entities
from services.enrich.nlp.sentiment import vader
from services.enrich.nlp.sentiment.target_model import LinearTargetScorer
from services.enrich.nlp.sentiment.vader import SentimentResult, SentimentScorer, document_sentiment
from services.enrich.nlp.text import language as languages
from services.enrich.nlp.text import simhash
from services.enrich.nlp.text.language import Language, LanguageDetector
from services.enrich.nlp.text.segmentation import segment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from services.enrich.nlp.artefacts import ModelSet
    from services.enrich.nlp.entities.recognizer import Recognizer
    from services.enrich.nlp.sentiment.target_model import TargetScorer

# Only the most salient entities get a sentiment: the rest are named in passing and too seldom.
MAX_TARGETS = 10
# Between title and text, so that both are one document and no sentence spans them.
_TITLE_BREAK = "\n\n"
# What is read for names and sentiment: more than any article has, and a bound on what junk costs.
MAX_TOKENS = 100_000


class Coordinates(NamedTuple):
    """Degrees north and east."""

    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Analysis:
    """What was found in an article. `understood` is False where there are no models for its
    language: then all but `language` and `fingerprint` is empty or None because it was not looked
    for, not because there is nothing.
    """

    language: Language | None
    understood: bool
    fingerprint: str | None
    entities: tuple[ScoredEntity, ...] = ()
    sentiment: SentimentResult | None = None
    keywords: tuple[str, ...] = ()
    location: Coordinates | None = None


@dataclass(frozen=True, slots=True)
class TextAnalyzer:
    """The loaded models; not thread-safe. `targets` holds the scorer of each of the most salient
    entities, in their order.
    """

    recognizer: Recognizer
    scorer: SentimentScorer
    targets: Sequence[TargetScorer]
    detector: LanguageDetector
    gazetteer: Gazetteer

    @classmethod
    def load(cls, models_dir: Path | None = None, models: ModelSet = "default") -> TextAnalyzer:
        """Load and verify every model.

        :raises ArtefactUnusable: a file is missing or is not the one that was released.
        """
        variant: CrfVariant = "open" if models == "open" else "default"
        crf = EntityRecognizer.from_artefacts(models_dir, variant)
        scorer = SentimentScorer()
        linear = LinearTargetScorer.from_artefacts(crf.tagger.lexicon, scorer.valences, models_dir)
        recognizer: Recognizer = crf.with_cnn(models_dir) if models == "default" else crf
        targets: list[TargetScorer] = [linear] * MAX_TARGETS
        if models == "accurate":
            # Not imported elsewhere: the default path does without ONNX Runtime.
            from services.enrich.nlp.transformers import ensemble  # noqa: PLC0415 - as just said

            recognizer, target_ensemble = ensemble.load_ensembles(crf, linear, models_dir)
            targets[: ensemble.MAX_TARGETS] = [target_ensemble] * ensemble.MAX_TARGETS
        return cls(
            recognizer,
            scorer,
            targets,
            LanguageDetector(),
            Gazetteer.from_artefacts(models_dir),
        )

    @property
    def versions(self) -> Mapping[str, tuple[str, str]]:
        """The name and version of the model of each stage."""
        return {
            "language": languages.MODEL,
            "entities": (self.recognizer.name, self.recognizer.version),
            "sentiment": vader.MODEL,
            "entity_sentiment": (self.targets[0].name, self.targets[0].version),
            "keywords": keywords.MODEL,
            "location": ("newsline-gazetteer", self.gazetteer.version),
            "fingerprint": simhash.MODEL,
        }

    def analyze(self, title: str | None, text: str, language: str | None = None) -> Analysis:
        """Analyze an article. Offsets are code points of `text`. Entities and sentiment are those
        of its first `MAX_TOKENS` tokens.

        :param language: what the publisher states (BCP 47), which is believed; else it is detected.
        """
        lead = f"{title}{_TITLE_BREAK}" if title else ""
        whole = lead + text
        spoken = self._language(whole, language)
        segments = segment(whole)
        title_tokens = sum(start < len(lead) for start in segments.starts[: len(lead)])
        basic = Analysis(
            spoken,
            understood=spoken is not None and spoken.code == "en",
            fingerprint=simhash.fingerprint(segments.words[title_tokens:]),
        )
        if not basic.understood:
            return basic
        sentences = [pair for pair in segments.sentences if pair[1] <= MAX_TOKENS]
        segments = replace(segments, sentences=sentences)
        return self._analyze_english(basic, DocumentContext(whole, len(lead), segments))

    def _analyze_english(self, basic: Analysis, document: DocumentContext) -> Analysis:
        """The analysis of an English document, completed."""
        whole, segments = document.whole, document.segments
        scores = [self.scorer.score(whole[start:end]) for start, end in segments.spans()]
        mentions = self.recognizer.find_mentions(segments)
        entities = rank_entities(merge_aliases(mentions), len(whole))
        return replace(
            basic,
            entities=document.scored_entities(entities, self.targets),
            sentiment=document_sentiment(scores),
            keywords=keywords.extract_keywords(segments, mentions, document.title_end),
            location=self._location(document.places(entities)),
        )

    def _location(self, places: Sequence[Sequence[str]]) -> Coordinates | None:
        toponym = self.gazetteer.locate(places)
        return None if toponym is None else Coordinates(toponym.latitude, toponym.longitude)

    def _language(self, whole: str, stated: str | None) -> Language | None:
        if stated:
            return Language(stated.replace("_", "-").partition("-")[0].lower(), 1.0)
        return self.detector.detect(whole)
