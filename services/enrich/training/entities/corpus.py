"""The training sentences of the entity models, in tokens as serving makes them."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING

from services.enrich.nlp.text.segmentation import segment
from services.enrich.training.corpora import read_corpus, read_raw_corpus

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from services.enrich.nlp.entities.recognizer import CrfVariant
    from services.enrich.training.corpora import AnnotatedDocument

SEED = 20260101
ENTITY_TYPES = ("LOC", "MISC", "ORG", "PER")
LABELS = ("O", *(f"{mark}-{kind}" for kind in ENTITY_TYPES for mark in "BI"))
# The share of sentences repeated in title case and in capitals: what headlines look like.
_RECASED_SHARE = 0.06
# The share of WorldWide that is read a second time as tokens joined by spaces, the rarer form.
_JOINED_SHARE = 0.25
# The share of a word's uses that must be MISC for it to be MISC in a corpus without that type.
_MISC_SHARE = 0.8
# Corpora of tokens that have all four types, and those without MISC.
_WITH_MISC: dict[CrfVariant, tuple[str, ...]] = {
    "default": ("conll2003-train", "wikigold"),
    "open": ("wikigold", "crossner-politics-train"),
}
_WITHOUT_MISC = ("uner-ewt-a", "uner-ewt-b")

# Words and their labels.
LabelledSentence = tuple[list[str], list[str]]


def training_documents(data: Path, variant: CrfVariant) -> list[list[LabelledSentence]]:
    """The sentences of every training document, in a fixed order; each re-cased sentence is a
    document of its own.
    """
    documents: list[AnnotatedDocument] = []
    if variant == "default":
        documents += read_raw_corpus(data, "worldwide-train")
        chance = random.Random(SEED)  # noqa: S311 - a sample, not a secret
        joined = read_corpus(data, "worldwide-train")
        documents += [document for document in joined if chance.random() < _JOINED_SHARE]
    for name in _WITH_MISC[variant]:
        documents += read_corpus(data, name)
    found = [list(label_document(document)) for document in documents]
    known = [sentence for document in found for sentence in document]
    for name in _WITHOUT_MISC:
        web = read_corpus(data, name)
        found += [add_misc(list(label_document(document)), known) for document in web]
    found += [[sentence] for sentence in recase([s for document in found for s in document])]
    return [document for document in found if document]


def training_sentences(data: Path, variant: CrfVariant) -> list[LabelledSentence]:
    """Every training sentence, in a fixed order."""
    return [sentence for document in training_documents(data, variant) for sentence in document]


def label_document(document: AnnotatedDocument) -> Iterator[LabelledSentence]:
    """The sentences as serving splits them. A gold span covers every token that it overlaps."""
    segments = segment(document.text)
    labels = ["O"] * len(segments.words)
    token = 0
    for start, end, kind in document.gold:
        while segments.ends[token] <= start:
            token += 1
        mark = "B"
        while token < len(labels) and segments.starts[token] < end:
            labels[token] = f"{mark}-{kind}"
            mark = "I"
            token += 1
    for first, last in segments.sentences:
        yield segments.words[first:last], labels[first:last]


def recase(sentences: list[LabelledSentence]) -> list[LabelledSentence]:
    """Some of the sentences in title case, some in capitals, chosen by a seed."""
    chance = random.Random(SEED)  # noqa: S311 - a sample, not a secret
    extra: list[LabelledSentence] = []
    for words, labels in sentences:
        drawn = chance.random()
        if drawn < _RECASED_SHARE:
            change = str.upper if drawn < _RECASED_SHARE / 3 else _title
            extra.append(([change(word) for word in words], labels))
    return extra


def _title(word: str) -> str:
    small = len(word) < 4 or word in {"with", "from", "over"}  # noqa: PLR2004 - as headlines do
    return word if small else word[0].upper() + word[1:]


def add_misc(
    sentences: list[LabelledSentence], known: list[LabelledSentence]
) -> list[LabelledSentence]:
    """Sentences of a corpus without MISC, in which the words that are MISC by themselves nearly
    everywhere in `known` (nationalities, for the most part) are labelled so.
    """
    uses: Counter[str] = Counter()
    misc: Counter[str] = Counter()
    for words, labels in known:
        for word, label, after in zip(words, labels, [*labels[1:], "O"], strict=True):
            uses[word] += 1
            misc[word] += label == "B-MISC" and after != "I-MISC"
    sure = {word for word, count in misc.items() if count > 1 and count > uses[word] * _MISC_SHARE}
    return [
        (
            words,
            ["B-MISC" if w in sure and k == "O" else k for w, k in zip(words, labels, strict=True)],
        )
        for words, labels in sentences
    ]
