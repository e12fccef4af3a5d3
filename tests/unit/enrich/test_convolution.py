import math

import numpy as np
import pytest
from numpy.typing import NDArray
from threadpoolctl import threadpool_info

from services.enrich import convolution
from services.enrich.convolution import ContextNetwork, Layer, Parts, pack, unpack
from services.enrich.features import Setting, attributes
from services.enrich.lexicon import Lexicon

LEXICON = Lexicon({"paris": 0, "the": 1}, [(0, 0, 0), (1, 1, 1)], {"Paris": "c"})
WORDS = ("the", "Paris", "Kim", "of", "met", "UN", "Agnès")
WIDTH, LABELS = 6, 8

Form = tuple[str, Setting]
Rows = list[list[float]]


def form(word: str) -> Form:
    return word, Setting.INSIDE


def attributes_of(form: Form) -> list[str]:
    return [key for _, key in attributes(*form, LEXICON)]


def layer(chance: np.random.Generator, inputs: int, outputs: int) -> Layer:
    def some(*shape: int) -> NDArray[np.float32]:
        return chance.normal(size=shape).astype(np.float32)

    return Layer(some(inputs, outputs), some(outputs), some(outputs), some(outputs))


def made_up() -> Parts:
    """A network of random weights, as it comes from its file."""
    chance = np.random.default_rng(7)
    names = sorted({key for word in WORDS for _, key in attributes(*form(word), LEXICON)})
    vectors = chance.normal(size=(len(names) + 1, 4)).astype(np.float32)
    vectors[0] = 0
    layers = [layer(chance, 4, WIDTH), *(layer(chance, 3 * WIDTH, WIDTH) for _ in range(2))]
    return unpack(pack(["", *names], vectors, layers, layer(chance, WIDTH, LABELS)))


PARTS = made_up()


def textbook(words: list[str]) -> Rows:
    """What the network says of a sentence, one number after the other."""
    tokens = [_normed(_times(_summed(word), PARTS.layers[0]), PARTS.layers[0]) for word in words]
    for each in PARTS.layers[1:]:
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
            for column, bias in zip(PARTS.out.T, PARTS.out_bias, strict=True)
        ]
        for token in tokens
    ]


def _summed(word: str) -> list[float]:
    rows = [PARTS.attributes[k] for _, k in attributes(*form(word), LEXICON)]
    return [
        sum(float(PARTS.table[row][i]) * float(PARTS.scales[row]) for row in rows) for i in range(4)
    ]


def _positive(row: list[float]) -> list[float]:
    return [max(0.0, x) for x in row]


def _times(inputs: list[float], each: Layer) -> list[float]:
    return [
        sum(x * float(w) for x, w in zip(inputs, column, strict=True)) + float(bias)
        for column, bias in zip(each.weights.T, each.bias, strict=True)
    ]


def _normed(row: list[float], each: Layer) -> list[float]:
    mean = sum(row) / len(row)
    spread = math.sqrt(sum((x - mean) ** 2 for x in row) / len(row) + 1e-5)
    return [
        (x - mean) / spread * float(gain) + float(shift)
        for x, gain, shift in zip(row, each.gain, each.shift, strict=True)
    ]


def said(*sentences: list[str]) -> NDArray[np.float64]:
    network = ContextNetwork(PARTS, attributes_of)
    return np.array(list(network([[form(word) for word in sentence] for sentence in sentences])))


def test_it_says_what_the_formulas_say() -> None:
    words = list(WORDS)

    assert np.allclose(said(words), textbook(words), atol=1e-3)


def test_sentences_do_not_see_each_other() -> None:
    one, other = ["the", "Paris"], ["Kim", "met", "UN"]

    assert np.allclose(said(one, [], other), [*said(one), *said(other)], atol=1e-4)


def test_nothing_is_said_of_nothing() -> None:
    assert said().tolist() == said([]).tolist() == []


def test_a_word_of_which_nothing_is_known_changes_no_length() -> None:
    assert said(["the", "☃", "Kim"]).shape == (3, LABELS)


def test_what_is_read_in_parts_is_told_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    sentences = [[WORDS[i % 7], WORDS[i % 5], "met"] for i in range(9)]
    whole = said(*sentences)

    monkeypatch.setattr(convolution, "_AT_ONCE", 4)

    assert np.allclose(said(*sentences), whole, atol=1e-4)
    assert len(said(["Kim"] * 11)) == 11


def test_forgetting_forms_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(convolution, "_AT_ONCE", 3)
    monkeypatch.setattr(convolution, "MOST", 1)
    network = ContextNetwork(PARTS, attributes_of)

    told = [list(network([[form(word) for word in WORDS[i : i + 3]]])) for i in (0, 2, 4, 0)]

    assert np.allclose(told[3], told[0], atol=1e-5)
    assert np.allclose(told[1], textbook(list(WORDS[2:5])), atol=1e-3)


def test_it_computes_on_one_core() -> None:
    ContextNetwork(PARTS, attributes_of)

    assert {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"} == {1}
