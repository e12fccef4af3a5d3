"""The corpora of target sentiment, in tokens as serving makes them, and their features."""

from __future__ import annotations

import json
import zlib
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.enrich.nlp.sentiment.target_features import (
    ANYWHERE,
    BIGRAM_WEIGHT,
    CLOSE,
    CLOSE_LEFT,
    CLOSE_RIGHT,
    LEFT,
    MAX_CONTEXT_WORDS,
    PROXIMITY,
    RIGHT,
    adjacent_features,
    bigram_features,
    sentence_features,
    word_features,
)
from services.enrich.nlp.text.segmentation import segment
from services.enrich.training.corpora import DataMissing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from services.enrich.nlp.lexicon import Lexicon

CORPORA = ("newsmtsc", "sentfin")
# A row of the lexicon, a slot, its weight there.
VectorTerms = list[tuple[int, int, float]]
LABELS = ("negative", "neutral", "positive")
# One sentence in so many is held out, with all its targets.
_HELD_OUT = 10


@dataclass(frozen=True, slots=True)
class LabelledTarget:
    """Tokens `first` to `last` (exclusive) of a sentence, and its sentiment towards them."""

    words: list[str]
    first: int
    last: int
    label: str
    held_out: bool


def read_targets(folder: Path, corpus: str) -> list[LabelledTarget]:
    """The targets of `sentiment/<corpus>-train.jsonl`; no sentence is both held out and not."""
    path = folder / "sentiment" / f"{corpus}-train.jsonl"
    if not path.is_file():
        raise DataMissing(f"{path} is missing: give the folder that holds sentiment/ by --data")
    targets = []
    for line in path.read_text("utf-8").splitlines():
        record = json.loads(line)
        segments = segment(record["sentence"])
        inside = [
            i
            for i, (start, end) in enumerate(zip(segments.starts, segments.ends, strict=True))
            if end > record["from"] and start < record["to"]
        ]
        if inside:
            held_out = zlib.crc32(record["sentence"].encode()) % _HELD_OUT == 0
            targets.append(
                LabelledTarget(segments.words, inside[0], inside[-1] + 1, record["label"], held_out)
            )
    return targets


def slot_weights(first: int, last: int, count: int) -> Iterator[tuple[int, dict[int, float]]]:
    """Each word outside the target, and its weight in each of its slots."""
    for i in range(max(0, first - MAX_CONTEXT_WORDS), min(count, last + MAX_CONTEXT_WORDS)):
        if first <= i < last:
            continue
        left = i < first
        distance = first - i if left else i - last + 1
        slots = {LEFT if left else RIGHT: PROXIMITY[distance], ANYWHERE: 1.0}
        if distance <= CLOSE:
            slots[CLOSE_LEFT if left else CLOSE_RIGHT] = 1.0
        yield i, slots


def encode_target(
    target: LabelledTarget, lexicon: Lexicon, valences: Mapping[str, float]
) -> tuple[dict[str, float], VectorTerms]:
    """The features of a target and their values; the vectors of its words and their weights."""
    words, first, last = target.words, target.first, target.last
    sentence = sentence_features(words)
    values: dict[str, float] = defaultdict(float)
    vectors: VectorTerms = []
    for i, slots in slot_weights(first, last, len(words)):
        row = lexicon.row_of(words[i])
        found = word_features(
            sentence.forms[i],
            negated=sentence.negated[i],
            headline=sentence.headline,
            clusters=None if row is None else lexicon.clusters[row],
            valence=valences.get(words[i].lower(), 0.0),
        )
        for slot, key, value in found:
            if slot in slots:
                values[key] += value * slots[slot]
        if row is not None:
            vectors += [(row, slot, value) for slot, value in slots.items()]
        side, slot = ("L", LEFT) if i < first else ("R", RIGHT)
        if i + 1 < min(len(words), last + MAX_CONTEXT_WORDS) and i + 1 != first:
            bigrams = bigram_features(
                side, sentence.forms[i], sentence.forms[i + 1], headline=sentence.headline
            )
            for key in bigrams:
                values[key] += slots[slot] * BIGRAM_WEIGHT
    for key in adjacent_features(sentence.forms, first, last, headline=sentence.headline):
        values[key] += 1
    return values, vectors
