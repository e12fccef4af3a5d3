import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from threadpoolctl import threadpool_info

from services.enrich.nlp.entities import cnn, feature_cache
from services.enrich.nlp.entities.cnn import CnnLayer, CnnWeights, ContextCnn, cnn_arrays
from services.enrich.nlp.entities.feature_cache import FeatureCache
from services.enrich.nlp.entities.features import CaseContext, case_contexts, word_attributes
from services.enrich.nlp.lexicon import Lexicon

LEXICON = Lexicon({"paris": 0, "the": 1}, [(0, 0, 0), (1, 1, 1)], {"Paris": "c"})
WORDS = ("the", "Paris", "Kim", "of", "met", "UN", "Agnès")
WIDTH, LABELS = 6, 8

Rows = list[list[float]]


def attributes_of(word: str, context: CaseContext) -> list[str]:
    return [key for _, key in word_attributes(word, context, LEXICON)]


def layer(chance: np.random.Generator, inputs: int, outputs: int) -> CnnLayer:
    def some(*shape: int) -> NDArray[np.float32]:
        return chance.normal(size=shape).astype(np.float32)

    return CnnLayer(some(inputs, outputs), some(outputs), some(outputs), some(outputs))


def made_up() -> CnnWeights:
    """A network of random weights, as it comes from its file."""
    chance = np.random.default_rng(7)
    names = sorted(
        {key for word in WORDS for each in CaseContext for key in attributes_of(word, each)}
    )
    vectors = chance.normal(size=(len(names) + 1, 4)).astype(np.float32)
    vectors[0] = 0
    layers = [layer(chance, 4, WIDTH), *(layer(chance, 3 * WIDTH, WIDTH) for _ in range(2))]
    return CnnWeights.from_arrays(
        cnn_arrays(["", *names], vectors, layers, layer(chance, WIDTH, LABELS))
    )


WEIGHTS = made_up()


def textbook(words: list[str]) -> Rows:
    """The scores of a sentence by the formulas, one number after the other."""
    summed = map(_summed, words, case_contexts(words))
    tokens = [_normed(_times(row, WEIGHTS.layers[0]), WEIGHTS.layers[0]) for row in summed]
    for each in WEIGHTS.layers[1:]:
        blank = [0.0] * WIDTH
        seen = zip([blank, *tokens], tokens, [*tokens[1:], blank], strict=False)
        added = [_normed(_positive(_times([*a, *b, *c], each)), each) for a, b, c in seen]
        tokens = [
            [own + more for own, more in zip(*pair, strict=True)]
            for pair in zip(tokens, added, strict=True)
        ]
    return [
        [
            1.5 * (sum(x * float(w) for x, w in zip(token, column, strict=True)) + float(bias))
            for column, bias in zip(WEIGHTS.output_weights.T, WEIGHTS.output_bias, strict=True)
        ]
        for token in tokens
    ]


def _summed(word: str, context: CaseContext) -> list[float]:
    rows = [WEIGHTS.attributes[key] for key in attributes_of(word, context)]
    return [
        sum(float(WEIGHTS.vectors[row][i]) * float(WEIGHTS.scales[row]) for row in rows)
        for i in range(4)
    ]


def _positive(row: list[float]) -> list[float]:
    return [max(0.0, x) for x in row]


def _times(inputs: list[float], each: CnnLayer) -> list[float]:
    return [
        sum(x * float(w) for x, w in zip(inputs, column, strict=True)) + float(bias)
        for column, bias in zip(each.weights.T, each.bias, strict=True)
    ]


def _normed(row: list[float], each: CnnLayer) -> list[float]:
    mean = sum(row) / len(row)
    spread = math.sqrt(sum((x - mean) ** 2 for x in row) / len(row) + 1e-5)
    return [
        (x - mean) / spread * float(gain) + float(shift)
        for x, gain, shift in zip(row, each.gain, each.shift, strict=True)
    ]


def new_scorer() -> Callable[..., NDArray[np.float64]]:
    """A function that scores the words of sentences with a fresh cache."""
    cache = FeatureCache(LEXICON)
    network = ContextCnn(WEIGHTS)
    cache.register(network)

    def score(*sentences: list[str]) -> NDArray[np.float64]:
        packed = cache.pack(sentences)
        return network.scores(packed, packed.is_word)[packed.is_word]

    return score


def score(*sentences: list[str]) -> NDArray[np.float64]:
    return new_scorer()(*sentences)


def test_the_scores_are_those_of_the_formulas() -> None:
    words = list(WORDS)

    assert np.allclose(score(words), textbook(words), atol=1e-3)


def test_sentences_do_not_affect_each_other() -> None:
    one, other = ["the", "Paris"], ["Kim", "met", "UN"]

    assert np.allclose(score(one, [], other), [*score(one), *score(other)], atol=1e-4)


def test_no_words_have_no_scores() -> None:
    assert score().tolist() == score([]).tolist() == []


def test_a_word_without_known_attributes_is_scored() -> None:
    assert score(["the", "☃", "Kim"]).shape == (3, LABELS)


def test_batches_are_scored_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    sentences = [[WORDS[i % 7], WORDS[i % 5], "met"] for i in range(9)]
    whole = score(*sentences)

    monkeypatch.setattr(cnn, "_BATCH_TOKENS", 4)

    assert np.allclose(score(*sentences), whole, atol=1e-4)
    assert len(score(["Kim"] * 11)) == 11


def test_a_reset_of_the_cache_changes_no_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feature_cache, "MAX_FORMS", 4)
    score = new_scorer()

    found = [score(list(WORDS[i : i + 3])) for i in (0, 2, 4, 0)]

    assert np.allclose(found[3], found[0], atol=1e-5)
    assert np.allclose(found[1], textbook(list(WORDS[2:5])), atol=1e-3)


def test_only_tokens_near_the_wanted_ones_are_scored_and_as_if_all_were() -> None:
    cache, network = FeatureCache(LEXICON), ContextCnn(WEIGHTS)
    cache.register(network)
    packed = cache.pack([["the", *["met", "Kim", "of"] * 9, "Paris"], ["UN"] * 4])
    wanted = np.zeros_like(packed.is_word)
    wanted[[packed.firsts[0] + 12, packed.lasts[0] - 1]] = True
    scored = np.flatnonzero(wanted)[0] + np.arange(4)

    near, whole = network.scores(packed, wanted), network.scores(packed, packed.is_word)

    assert np.flatnonzero(near.any(axis=1)).tolist() == [*scored, packed.lasts[0] - 1]
    assert np.allclose(near[scored], whole[scored], atol=1e-4)
    assert np.allclose(near[wanted], whole[wanted], atol=1e-4)


def test_one_core_is_used() -> None:
    ContextCnn(WEIGHTS)

    assert {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"} == {1}
