from collections.abc import Sequence
from itertools import chain, pairwise
from operator import add

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.enrich.nlp.entities import feature_cache as forms
from services.enrich.nlp.entities.crf import Tagger
from services.enrich.nlp.entities.features import Setting, attributes, boundary, pair, settings_of
from services.enrich.nlp.entities.weights import Weights, crf_arrays
from services.enrich.nlp.lexicon import Lexicon

LABELS = ("O", "B-LOC", "I-LOC", "B-MISC", "I-MISC", "B-ORG", "I-ORG", "B-PER", "I-PER")
LEXICON = Lexicon({"paris": 0, "the": 1}, [(0, 0, 0), (1, 1, 1)], {"Paris": "c"})
# What is said beside: for each word, of B of each type, then of I.
Beside = Sequence[Sequence[float]]
WORDS = ("the", "Paris", "Kim", "of", "met", "UN")


def reaches() -> dict[str, set[int]]:
    """The offsets at which each attribute of these words can be seen."""
    found = [
        each for place in Setting for word in WORDS for each in attributes(word, place, LEXICON)
    ]
    found += boundary(-1) + boundary(1)
    offsets: dict[str, set[int]] = {pair(a, b): {0, 1} for a in WORDS for b in WORDS}
    for reach, key in found:
        offsets.setdefault(key, set()).update(range(-reach, reach + 1))
    return offsets


def weights() -> Weights:
    """Made-up weights of realistic size, for every attribute and offset."""
    states = {
        key: {
            (offset + 2) * 9 + label: ((i * 31 + offset * 7 + label * 17) % 41 - 20) / 10
            for offset in sorted(offsets)
            for label in range(9)
        }
        for i, (key, offsets) in enumerate(sorted(reaches().items()))
        if key
    }
    transitions = {
        (a, b): ((i * 5 + j * 3) % 13 - 6) / 2.0
        for i, a in enumerate(LABELS)
        for j, b in enumerate(LABELS)
    }
    return Weights.from_arrays(crf_arrays(LABELS, transitions, states))


def textbook(model: Weights, words: list[str], beside: Beside = ()) -> float:
    """The best total by plain Viterbi over what CRFsuite would sum, and what is said beside."""
    return max(_forward(model, words, beside))


def added(scores: Sequence[float], more: Sequence[float]) -> list[float]:
    """The scores of a token's labels and what is said beside: of B of each type, then of I."""
    told = [0.0, *chain.from_iterable(zip(more[:4], more[4:], strict=True))]
    return list(map(add, scores, told))


def weighed(model: Weights, key: str) -> Sequence[int]:
    """Where the weights of an attribute begin and end."""
    number = model.states.get(key)
    return (0, 0) if number is None else model.bounds[number : number + 2].tolist()


def _emissions(model: Weights, words: list[str], beside: Beside) -> list[list[float]]:
    found: list[tuple[int, int, str]] = []
    for i, (word, setting) in enumerate(zip(words, settings_of(words), strict=True)):
        for reach, key in attributes(word, setting, LEXICON):
            found += [(i + offset, offset, key) for offset in range(-reach, reach + 1)]
    for at, offset in ((-1, -1), (len(words), 1)):
        for reach, key in boundary(offset):
            found += [(at + shift, shift, key) for shift in range(-reach, reach + 1)]
    for i in range(1, len(words)):
        key = pair(words[i - 1], words[i])
        found += [(i - 1, 1, key), (i, 0, key)]
    scores: list[list[float]] = [[0.0] * len(LABELS) for _ in words]
    for at, offset, key in found:
        first, last = weighed(model, key)
        for slot, value in zip(model.slots[first:last], model.values[first:last], strict=True):
            if 0 <= at < len(words) and slot // len(LABELS) == offset + 2:
                scores[at][slot % len(LABELS)] += value * model.unit
    return [added(*both) for both in zip(scores, beside, strict=True)] if beside else scores


def _forward(model: Weights, words: list[str], beside: Beside) -> list[float]:
    emissions = _emissions(model, words, beside)
    best = [s if LABELS[j][0] != "I" else -1e4 for j, s in enumerate(emissions[0])]
    for scores in emissions[1:]:
        best = [
            max(best[i] + model.transitions[i][j] for i in range(len(LABELS))) + scores[j]
            for j in range(len(LABELS))
        ]
    return best


def total(model: Weights, words: list[str], labels: list[int], beside: Beside = ()) -> float:
    emissions = _emissions(model, words, beside)
    score = sum(emissions[i][label] for i, label in enumerate(labels))
    return score + sum(model.transitions[a][b] for a, b in pairwise(labels))


MODEL = weights()
TAGGER = Tagger(MODEL, LEXICON)


@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=12))
def test_without_pruning_the_labels_are_those_of_a_plain_search(words: list[str]) -> None:
    labels = Tagger(MODEL, LEXICON, margin=1e9).tag(words)

    assert abs(total(MODEL, words, labels) - textbook(MODEL, words)) < 1e-6


@given(st.lists(st.sampled_from(WORDS), max_size=12))
def test_an_inside_label_follows_only_its_own_name(words: list[str]) -> None:
    labels = [LABELS[label] for label in Tagger(MODEL, LEXICON).tag(words)]

    for before, label in zip(["O", *labels], labels, strict=False):
        assert label[0] != "I" or before[1:] == label[1:]


def test_remembering_forms_changes_nothing() -> None:
    tagger = Tagger(MODEL, LEXICON)
    words = list(WORDS)

    assert tagger.tag(words) == tagger.tag(words) == Tagger(MODEL, LEXICON).tag(words)


@given(st.lists(st.lists(st.sampled_from(WORDS), max_size=6), max_size=6))
def test_sentences_do_not_see_each_other(sentences: list[list[str]]) -> None:
    tagger = Tagger(MODEL, LEXICON)

    assert list(tagger.decode(tagger.read(sentences))) == list(map(tagger.tag, sentences))


@given(st.lists(st.lists(st.sampled_from(WORDS), max_size=6), max_size=9))
def test_forgetting_forms_changes_nothing(sentences: list[list[str]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(forms, "MOST", 5)
        forgetful = Tagger(MODEL, LEXICON)

        assert list(map(forgetful.tag, sentences)) == list(map(TAGGER.tag, sentences))


@given(st.data(), st.lists(st.sampled_from(WORDS), min_size=1, max_size=12))
def test_what_is_said_beside_adds_to_the_scores(data: st.DataObject, words: list[str]) -> None:
    tagger = Tagger(MODEL, LEXICON, margin=1e9)
    few = st.lists(st.integers(-9, 9), min_size=8, max_size=8)
    beside = data.draw(st.lists(few, min_size=len(words), max_size=len(words)))

    reading = tagger.read([words])
    reading.leads[reading.places.solid] += beside
    labels = next(tagger.decode(reading))

    # Two paths may be equally good: not the labels are compared, but what they add up to.
    assert abs(total(MODEL, words, labels, beside) - textbook(MODEL, words, beside)) < 1e-6


def test_what_is_said_beside_counts_and_is_not_kept() -> None:
    tagger = Tagger(MODEL, LEXICON)
    words = ["the", "Kim", "met"]
    before = tagger.tag(words)
    reading = tagger.read([words])
    reading.leads[reading.places.firsts[0] + 1, 3] += 1000

    assert LABELS[next(tagger.decode(reading))[1]] == "B-PER"
    assert tagger.tag(words) == before
