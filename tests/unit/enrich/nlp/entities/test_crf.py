from collections.abc import Sequence
from itertools import chain, pairwise
from operator import add

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.enrich.nlp.entities import feature_cache
from services.enrich.nlp.entities.crf import CrfTagger
from services.enrich.nlp.entities.features import (
    CaseContext,
    bigram_attribute,
    boundary_attributes,
    case_contexts,
    word_attributes,
)
from services.enrich.nlp.entities.weights import CrfWeights, crf_arrays
from services.enrich.nlp.lexicon import Lexicon

LABELS = ("O", "B-LOC", "I-LOC", "B-MISC", "I-MISC", "B-ORG", "I-ORG", "B-PER", "I-PER")
LEXICON = Lexicon({"paris": 0, "the": 1}, [(0, 0, 0), (1, 1, 1)], {"Paris": "c"})
# Scores of another model: for each word, of B of each type, then of I.
AddedScores = Sequence[Sequence[float]]
WORDS = ("the", "Paris", "Kim", "of", "met", "UN")


def attribute_offsets() -> dict[str, set[int]]:
    """The offsets at which each attribute of these words can be seen."""
    found = [
        each
        for context in CaseContext
        for word in WORDS
        for each in word_attributes(word, context, LEXICON)
    ]
    found += boundary_attributes(-1) + boundary_attributes(1)
    offsets: dict[str, set[int]] = {bigram_attribute(a, b): {0, 1} for a in WORDS for b in WORDS}
    for reach, key in found:
        offsets.setdefault(key, set()).update(range(-reach, reach + 1))
    return offsets


def weights() -> CrfWeights:
    """Made-up weights of realistic size, for every attribute and offset."""
    states = {
        key: {
            (offset + 2) * 9 + label: ((i * 31 + offset * 7 + label * 17) % 41 - 20) / 10
            for offset in sorted(offsets)
            for label in range(9)
        }
        for i, (key, offsets) in enumerate(sorted(attribute_offsets().items()))
        if key
    }
    transitions = {
        (a, b): ((i * 5 + j * 3) % 13 - 6) / 2.0
        for i, a in enumerate(LABELS)
        for j, b in enumerate(LABELS)
    }
    return CrfWeights.from_arrays(crf_arrays(LABELS, transitions, states))


def textbook(model: CrfWeights, words: list[str], added: AddedScores = ()) -> float:
    """The best total by plain Viterbi over CRFsuite's scores plus those of another model."""
    return max(_forward(model, words, added))


def with_added(scores: Sequence[float], more: Sequence[float]) -> list[float]:
    """The scores of a token's labels plus those of another model."""
    labels = [0.0, *chain.from_iterable(zip(more[:4], more[4:], strict=True))]
    return list(map(add, scores, labels))


def weight_range(model: CrfWeights, key: str) -> Sequence[int]:
    """The range of an attribute's weights."""
    number = model.attributes.get(key)
    return (0, 0) if number is None else model.bounds[number : number + 2].tolist()


def _emissions(model: CrfWeights, words: list[str], added: AddedScores) -> list[list[float]]:
    found: list[tuple[int, int, str]] = []
    for i, (word, context) in enumerate(zip(words, case_contexts(words), strict=True)):
        for reach, key in word_attributes(word, context, LEXICON):
            found += [(i + offset, offset, key) for offset in range(-reach, reach + 1)]
    for at, offset in ((-1, -1), (len(words), 1)):
        for reach, key in boundary_attributes(offset):
            found += [(at + shift, shift, key) for shift in range(-reach, reach + 1)]
    for i in range(1, len(words)):
        key = bigram_attribute(words[i - 1], words[i])
        found += [(i - 1, 1, key), (i, 0, key)]
    scores: list[list[float]] = [[0.0] * len(LABELS) for _ in words]
    for at, offset, key in found:
        first, last = weight_range(model, key)
        for slot, value in zip(model.slots[first:last], model.values[first:last], strict=True):
            if 0 <= at < len(words) and slot // len(LABELS) == offset + 2:
                scores[at][slot % len(LABELS)] += value * model.unit
    return [with_added(*both) for both in zip(scores, added, strict=True)] if added else scores


def _forward(model: CrfWeights, words: list[str], added: AddedScores) -> list[float]:
    emissions = _emissions(model, words, added)
    best = [s if LABELS[j][0] != "I" else -1e4 for j, s in enumerate(emissions[0])]
    for scores in emissions[1:]:
        best = [
            max(best[i] + model.transitions[i][j] for i in range(len(LABELS))) + scores[j]
            for j in range(len(LABELS))
        ]
    return best


def total(model: CrfWeights, words: list[str], labels: list[int], added: AddedScores = ()) -> float:
    emissions = _emissions(model, words, added)
    score = sum(emissions[i][label] for i, label in enumerate(labels))
    return score + sum(model.transitions[a][b] for a, b in pairwise(labels))


MODEL = weights()
TAGGER = CrfTagger(MODEL, LEXICON)


@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=12))
def test_without_pruning_the_labels_are_those_of_a_plain_search(words: list[str]) -> None:
    labels = CrfTagger(MODEL, LEXICON, margin=1e9).tag(words)

    assert abs(total(MODEL, words, labels) - textbook(MODEL, words)) < 1e-6


@given(st.lists(st.sampled_from(WORDS), max_size=12))
def test_an_inside_label_follows_only_its_own_name(words: list[str]) -> None:
    labels = [LABELS[label] for label in CrfTagger(MODEL, LEXICON).tag(words)]

    for before, label in zip(["O", *labels], labels, strict=False):
        assert label[0] != "I" or before[1:] == label[1:]


def test_cached_forms_give_the_same_labels() -> None:
    tagger = CrfTagger(MODEL, LEXICON)
    words = list(WORDS)

    assert tagger.tag(words) == tagger.tag(words) == CrfTagger(MODEL, LEXICON).tag(words)


@given(st.lists(st.lists(st.sampled_from(WORDS), max_size=6), max_size=6))
def test_sentences_do_not_affect_each_other(sentences: list[list[str]]) -> None:
    tagger = CrfTagger(MODEL, LEXICON)

    assert list(tagger.decode(tagger.emissions(sentences))) == list(map(tagger.tag, sentences))


@given(st.lists(st.lists(st.sampled_from(WORDS), max_size=6), max_size=9))
def test_a_reset_of_the_cache_changes_no_labels(sentences: list[list[str]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(feature_cache, "MAX_FORMS", 5)
        small = CrfTagger(MODEL, LEXICON)

        assert list(map(small.tag, sentences)) == list(map(TAGGER.tag, sentences))


@given(st.data(), st.lists(st.sampled_from(WORDS), min_size=1, max_size=12))
def test_the_scores_of_another_model_are_added(data: st.DataObject, words: list[str]) -> None:
    tagger = CrfTagger(MODEL, LEXICON, margin=1e9)
    few = st.lists(st.integers(-9, 9), min_size=8, max_size=8)
    added = data.draw(st.lists(few, min_size=len(words), max_size=len(words)))

    emissions = tagger.emissions([words])
    emissions.scores[emissions.sentences.is_word] += added
    labels = next(tagger.decode(emissions))

    # Two paths may be equally good: not the labels are compared, but what they add up to.
    assert abs(total(MODEL, words, labels, added) - textbook(MODEL, words, added)) < 1e-6


def test_added_scores_change_the_labels_and_are_not_cached() -> None:
    tagger = CrfTagger(MODEL, LEXICON)
    words = ["the", "Kim", "met"]
    before = tagger.tag(words)
    emissions = tagger.emissions([words])
    emissions.scores[emissions.sentences.firsts[0] + 1, 3] += 1000

    assert LABELS[next(tagger.decode(emissions))[1]] == "B-PER"
    assert tagger.tag(words) == before
