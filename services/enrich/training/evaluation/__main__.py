"""Evaluate the models: `python -m services.enrich.training.evaluation --data DIR`.

Prints a table, all on development parts. Entities: exact-span F1 per type and micro over all, from
raw text through the tokenizer, with and without the reading of the document as a whole; words per
CPU-second. Sentiment of targets: macro F1, and F1 per label. Aliases: B³. Salience: average
precision. Speed: articles per CPU-second through all stages.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from typing import TYPE_CHECKING, get_args

from services.enrich.nlp.analyzer import TextAnalyzer
from services.enrich.nlp.artefacts import ModelSet
from services.enrich.nlp.text.segmentation import segment
from services.enrich.training.command import argument_parser, exits_without_data
from services.enrich.training.corpora import AnnotatedDocument, read_corpus, read_raw_corpus
from services.enrich.training.evaluation.articles import (
    coreference_scores,
    speed_score,
    target_scores,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from services.enrich.nlp.entities.recognizer import Mention
    from services.enrich.nlp.text.segmentation import Segments

KINDS = ("PER", "ORG", "LOC", "MISC")
# A title, how the corpus is read, the corpus, its types.
PARTS = (
    ("CoNLL-2003 dev", read_corpus, "conll2003-dev", KINDS),
    ("WorldWide dev, raw text", read_raw_corpus, "worldwide-dev", KINDS),
    ("WorldWide dev, tokens", read_corpus, "worldwide-dev", KINDS),
    ("CrossNER politics dev", read_corpus, "crossner-politics-dev", KINDS),
)


def count_spans(
    documents: Sequence[AnnotatedDocument],
    find: Callable[[Segments], list[Mention]],
    kinds: Sequence[str],
) -> tuple[Counter[tuple[str, str]], float]:
    """The counts of spans by (type, "both" | "found" | "gold"), and words per CPU-second."""
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


def entity_scores(counts: Counter[tuple[str, str]], kinds: Sequence[str]) -> str:
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


def score_table(data: Path, analyzer: TextAnalyzer) -> Iterator[str]:
    """The table, line by line."""
    recognizer = analyzer.recognizer
    yield f"{'':46}{'P':>7}{'R':>7}{'F1':>7} |{'PER':>7}{'ORG':>7}{'LOC':>7}{'MISC':>7}   words/s"
    for title, reader, corpus, kinds in PARTS:
        documents = reader(data, corpus)
        for how, find in (
            ("", recognizer.find_mentions),
            (" (each sentence alone)", recognizer.sentence_mentions),
        ):
            counts, rate = count_spans(documents, find, kinds)
            yield f"{title + how:46}{entity_scores(counts, kinds):44}{rate:10.0f}"
    yield f"{'':46}{'macro':>7} |{'neg':>7}{'neu':>7}{'pos':>7}"
    yield from target_scores(data, analyzer)
    yield from coreference_scores(data, recognizer)
    yield from speed_score(data, analyzer)


@exits_without_data
def main() -> None:
    """Read the arguments, evaluate, print."""
    parser = argument_parser(__doc__)
    parser.add_argument("--variant", choices=get_args(ModelSet), default="default")
    given = parser.parse_args()
    for row in score_table(given.data, TextAnalyzer.load(given.models, given.variant)):
        print(row, flush=True)  # noqa: T201 - a command's output


if __name__ == "__main__":
    sys.exit(main())
