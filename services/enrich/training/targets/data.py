"""The corpora of target sentiment, cut into tokens as the service cuts them."""

from __future__ import annotations

import json
import zlib
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.enrich.nlp.sentiment.target_features import (
    ANYWHERE,
    CLOSE,
    CLOSE_LEFT,
    CLOSE_RIGHT,
    LEFT,
    MOST_WORDS,
    NEARNESS,
    PAIR_WORTH,
    RIGHT,
    around,
    features,
    pair_keys,
    sentence,
)
from services.enrich.nlp.text.segmentation import segment
from services.enrich.training.corpora import DataMissing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from services.enrich.nlp.lexicon import Lexicon

CORPORA = ("newsmtsc", "sentfin")
# A row of the lexicon, a slot, how much it counts there.
Placed = list[tuple[int, int, float]]
LABELS = ("negative", "neutral", "positive")
# One sentence in so many is held out, with all its targets.
_HELD_OUT = 10


@dataclass(frozen=True, slots=True)
class Target:
    """Tokens `first` to `last` (exclusive) of a sentence, and how it speaks of them."""

    words: list[str]
    first: int
    last: int
    label: str
    held_out: bool


def read_targets(folder: Path, corpus: str) -> list[Target]:
    """The targets of `sentiment/<corpus>-train.jsonl`; no sentence is both held out and not."""
    path = folder / "sentiment" / f"{corpus}-train.jsonl"
    if not path.is_file():
        raise DataMissing(f"{path} is missing: give the folder that holds sentiment/ by --data")
    targets = []
    for line in path.read_text("utf-8").splitlines():
        told = json.loads(line)
        segments = segment(told["sentence"])
        inside = [
            i
            for i, (start, end) in enumerate(zip(segments.starts, segments.ends, strict=True))
            if end > told["from"] and start < told["to"]
        ]
        if inside:
            held_out = zlib.crc32(told["sentence"].encode()) % _HELD_OUT == 0
            targets.append(
                Target(segments.words, inside[0], inside[-1] + 1, told["label"], held_out)
            )
    return targets


def placed(first: int, last: int, count: int) -> Iterator[tuple[int, dict[int, float]]]:
    """Each word outside the target, and how much it counts in which slots."""
    for i in range(max(0, first - MOST_WORDS), min(count, last + MOST_WORDS)):
        if first <= i < last:
            continue
        left = i < first
        distance = first - i if left else i - last + 1
        slots = {LEFT if left else RIGHT: NEARNESS[distance], ANYWHERE: 1.0}
        if distance <= CLOSE:
            slots[CLOSE_LEFT if left else CLOSE_RIGHT] = 1.0
        yield i, slots


def encode(
    target: Target, lexicon: Lexicon, valences: Mapping[str, float]
) -> tuple[dict[str, float], Placed]:
    """The features of a target and their values; where the vectors of its words count."""
    words, first, last = target.words, target.first, target.last
    seen = sentence(words)
    values: dict[str, float] = defaultdict(float)
    vectors: Placed = []
    for i, slots in placed(first, last, len(words)):
        row = lexicon.row_of(words[i])
        found = features(
            seen.forms[i],
            negated=seen.negated[i],
            headline=seen.headline,
            clusters=None if row is None else lexicon.clusters[row],
            valence=valences.get(words[i].lower(), 0.0),
        )
        for slot, key, value in found:
            if slot in slots:
                values[key] += value * slots[slot]
        if row is not None:
            vectors += [(row, slot, value) for slot, value in slots.items()]
        side, slot = ("L", LEFT) if i < first else ("R", RIGHT)
        if i + 1 < min(len(words), last + MOST_WORDS) and i + 1 != first:
            pair = pair_keys(side, seen.forms[i], seen.forms[i + 1], headline=seen.headline)
            for key in pair:
                values[key] += slots[slot] * PAIR_WORTH
    for key in around(seen.forms, first, last, headline=seen.headline):
        values[key] += 1
    return values, vectors
