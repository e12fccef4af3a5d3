"""Measure the models: `python -m services.enrich.training.evaluation.evaluate --data DIR`.

Prints a table, all on development parts. Entities: exact-span F1 per type and micro over all, from
raw text through the tokeniser, with and without the reading of the document as a whole; words per
CPU-second. Sentiment of targets: macro F1, and F1 per label. Aliases: B³. Salience: average
precision. Speed: articles per CPU-second through all stages.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from services.enrich.nlp.analyzer import TextAnalyser
from services.enrich.nlp.artefacts import ModelSet
from services.enrich.nlp.text.segmentation import segment
from services.enrich.training.corpora import DataMissing, Document, read, read_raw
from services.enrich.training.evaluation import articles as evaluate_articles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from services.enrich.nlp.entities.recognizer import Mention
    from services.enrich.nlp.text.segmentation import Segments

KINDS = ("PER", "ORG", "LOC", "MISC")
# What is measured: a title, how it is read, the corpus, the types it knows.
PARTS = (
    ("CoNLL-2003 dev", read, "conll2003-dev", KINDS),
    ("WorldWide dev, raw text", read_raw, "worldwide-dev", KINDS),
    ("WorldWide dev, tokens", read, "worldwide-dev", KINDS),
    ("CrossNER politics dev", read, "crossner-politics-dev", KINDS),
)


def score(
    documents: Sequence[Document],
    find: Callable[[Segments], list[Mention]],
    kinds: Sequence[str],
) -> tuple[Counter[tuple[str, str]], float]:
    """Counts by (type, "both" | "found" | "gold"), and words per CPU-second."""
    counts: Counter[tuple[str, str]] = Counter()
    words = 0
    began = time.process_time()
    for document in documents:
        segments = segment(document.text)
        words += len(segments.words)
        found = {(m.start, m.end, m.type) for m in find(segments) if m.type in kinds}
        gold = {span for span in document.gold if span[2] in kinds}
        for name, spans in (("both", found & gold), ("found", found), ("gold", gold)):
            counts.update((span[2], name) for span in spans)
    return counts, words / max(time.process_time() - began, 1e-9)


def line(counts: Counter[tuple[str, str]], kinds: Sequence[str]) -> str:
    """Micro precision, recall and F1 in percent, then F1 per type."""
    total = {name: sum(counts[kind, name] for kind in kinds) for name in ("both", "found", "gold")}
    precision = 100 * total["both"] / max(total["found"], 1)
    recall = 100 * total["both"] / max(total["gold"], 1)
    whole = 200 * total["both"] / max(total["found"] + total["gold"], 1)
    each = "".join(
        f"{200 * counts[kind, 'both'] / max(counts[kind, 'found'] + counts[kind, 'gold'], 1):7.1f}"
        for kind in kinds
    )
    return f"{precision:7.1f}{recall:7.1f}{whole:7.1f} |{each}"


def lines(data: Path, analyser: TextAnalyser) -> Iterator[str]:
    """The table, line by line."""
    recogniser = analyser.recogniser
    yield f"{'':46}{'P':>7}{'R':>7}{'F1':>7} |{'PER':>7}{'ORG':>7}{'LOC':>7}{'MISC':>7}   words/s"
    for title, reader, corpus, kinds in PARTS:
        documents = reader(data, corpus)
        for how, find in (("", recogniser.find), (" (each sentence alone)", recogniser.tagged)):
            counts, speed = score(documents, find, kinds)
            yield f"{title + how:46}{line(counts, kinds):44}{speed:10.0f}"
    yield f"{'':46}{'macro':>7} |{'neg':>7}{'neu':>7}{'pos':>7}"
    yield from evaluate_articles.targets(data, analyser)
    yield from evaluate_articles.coreference(data, recogniser)
    yield from evaluate_articles.speed(data, analyser)


def main() -> int:
    """Read the arguments, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--models", type=Path, default=None)
    parser.add_argument("--variant", choices=get_args(ModelSet), default="default")
    given = parser.parse_args()
    try:
        for told in lines(given.data, TextAnalyser.load(given.models, given.variant)):
            print(told, flush=True)  # noqa: T201 - a command's output
    except DataMissing as missing:
        print(missing, file=sys.stderr)  # noqa: T201 - a command's output
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
