"""Scores of targets and of whole articles, each a line of the evaluation's table."""

from __future__ import annotations

import gc
import json
import time
from statistics import fmean
from typing import TYPE_CHECKING

from services.enrich.nlp.entities.aliases import merge_aliases
from services.enrich.nlp.salience import MentionStats, rank_entities, salience
from services.enrich.nlp.text.segmentation import segment
from services.enrich.training.evaluation.coreference import (
    MIN_SUMMARIES,
    CorefDocument,
    average_precision,
    b_cubed,
    pair_with_gold,
    read_coref,
)
from services.enrich.training.targets.dataset import CORPORA, LABELS, read_targets

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from services.enrich.nlp.analyzer import TextAnalyzer
    from services.enrich.nlp.entities.recognizer import Recognizer

# One article in so many, and the words that count as one.
_SAMPLE = 8
_WORDS = 400


def target_scores(folder: Path, analyzer: TextAnalyzer) -> Iterator[str]:
    """Macro F1 of target sentiment, on the sentences that training did not see."""
    scorer = analyzer.targets[0]
    for corpus in CORPORA:
        held_out = [t for t in read_targets(folder, corpus) if t.held_out]
        began = time.process_time()
        found = []
        for target in held_out:
            scores = scorer.score(scorer.prepare(target.words), target.first, target.last)
            found.append(LABELS[scores.index(max(scores))])
        seconds = time.process_time() - began
        f1 = []
        for label in LABELS:
            both = sum(f == label == t.label for f, t in zip(found, held_out, strict=True))
            either = found.count(label) + sum(t.label == label for t in held_out)
            f1.append(200 * both / max(either, 1))
        by_label = "".join(f"{score:7.1f}" for score in f1)
        rate = f"{len(held_out) / max(seconds, 1e-9):8.0f} targets/s"
        yield f"{corpus + ', held out':46}{fmean(f1):7.1f} |{by_label}{rate}"


def coreference_scores(folder: Path, recognizer: Recognizer) -> Iterator[str]:
    """B³ of alias merging, and average precision of salience, on GUM's news articles."""
    pairs: list[tuple[object, object]] = []
    by_gold, by_found = [], []
    for number, document in enumerate(read_coref(folder)):
        groups = merge_aliases(recognizer.find_mentions(segment(document.text)))
        matched = pair_with_gold(document, groups)
        pairs += [((number, group), (number, chain)) for group, chain in matched]
        by_gold.append(_gold_ranking(document))
        salient = {chain: _salient(document, chain) for chain in document.chains()}
        chain_of = dict(reversed(matched))
        order = [
            chain_of.get(groups.index(e.group)) for e in rank_entities(groups, len(document.text))
        ]
        by_found.append(average_precision([salient[c] for c in order if c in salient]))
    precision, recall, whole = b_cubed(pairs)
    yield f"{'GUM news, aliases, B3':46}{precision:7.1f}{recall:7.1f}{whole:7.1f}"
    for how, scores in (("gold mentions", by_gold), ("found mentions", by_found)):
        known = [score for score in scores if score is not None]
        yield f"{f'GUM news, salience, AP, {how}':60}{fmean(known):7.1f}"


def _gold_ranking(document: CorefDocument) -> float | None:
    chains = document.chains()
    max_count = max((len(mentions) for mentions in chains.values()), default=1)
    scored = {
        chain: salience(MentionStats(len(m), m[0].start), max_count, len(document.text))
        for chain, m in chains.items()
    }
    order = sorted(chains, key=lambda chain: -scored[chain])
    return average_precision([_salient(document, chain) for chain in order])


def _salient(document: CorefDocument, chain: str) -> bool:
    degrees = [m.salience for m in document.mentions if m.chain == chain]
    return max(degrees) >= MIN_SUMMARIES


def speed_score(folder: Path, analyzer: TextAnalyzer) -> Iterator[str]:
    """Articles of 400 words per CPU-second through all stages, once the models are warm."""
    lines = (folder / "articles" / "bbc.ndjson").read_text("utf-8").splitlines()[::_SAMPLE]
    articles = [(record["title"], record["text"]) for record in map(json.loads, lines)]
    words = sum(len(text.split()) for _, text in articles)
    # As the worker does once its models are loaded.
    gc.collect()
    gc.freeze()
    rates = []
    for _ in range(3):
        began = time.process_time()
        for title, text in articles:
            analyzer.analyze(title, text)
        rates.append(words / _WORDS / (time.process_time() - began))
    yield f"{'articles of 400 words per CPU-second':60}{max(rates):7.1f}"
