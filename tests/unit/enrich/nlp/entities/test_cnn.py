import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from threadpoolctl import threadpool_info

from services.enrich.nlp.entities import cnn as convolution
from services.enrich.nlp.entities import feature_cache as forms
from services.enrich.nlp.entities.cnn import ContextNetwork, Layer, Parts, cnn_arrays
from services.enrich.nlp.entities.feature_cache import Forms
from services.enrich.nlp.entities.features import Setting, attributes, settings_of
from services.enrich.nlp.lexicon import Lexicon

LEXICON = Lexicon({"paris": 0, "the": 1}, [(0, 0, 0), (1, 1, 1)], {"Paris": "c"})
WORDS = ("the", "Paris", "Kim", "of", "met", "UN", "Agnès")
WIDTH, LABELS = 6, 8

Rows = list[list[float]]


def attributes_of(word: str, setting: Setting) -> list[str]:
    return [key for _, key in attributes(word, setting, LEXICON)]


def layer(chance: np.random.Generator, inputs: int, outputs: int) -> Layer:
    def some(*shape: int) -> NDArray[np.float32]:
        return chance.normal(size=shape).astype(np.float32)

    return Layer(some(inputs, outputs), some(outputs), some(outputs), some(outputs))


def made_up() -> Parts:
    """A network of random weights, as it comes from its file."""
    chance = np.random.default_rng(7)
    names = sorted({key for word in WORDS for each in Setting for key in attributes_of(word, each)})
    vectors = chance.normal(size=(len(names) + 1, 4)).astype(np.float32)
    vectors[0] = 0
    layers = [layer(chance, 4, WIDTH), *(layer(chance, 3 * WIDTH, WIDTH) for _ in range(2))]
    return Parts.from_arrays(
        cnn_arrays(["", *names], vectors, layers, layer(chance, WIDTH, LABELS))
    )


PARTS = made_up()


def textbook(words: list[str]) -> Rows:
    """What the network says of a sentence, one number after the other."""
    summed = map(_summed, words, settings_of(words))
    tokens = [_normed(_times(row, PARTS.layers[0]), PARTS.layers[0]) for row in summed]
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


def _summed(word: str, setting: Setting) -> list[float]:
    rows = [PARTS.attributes[key] for key in attributes_of(word, setting)]
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


def reader() -> Callable[..., NDArray[np.float64]]:
    """What tells what the network says of the words of sentences."""
    known = Forms(LEXICON)
    network = ContextNetwork(PARTS)
    known.remember(network)

    def said(*sentences: list[str]) -> NDArray[np.float64]:
        places = known.read(sentences)
        return network(places, places.solid)[places.solid]

    return said


def said(*sentences: list[str]) -> NDArray[np.float64]:
    return reader()(*sentences)


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
    monkeypatch.setattr(forms, "MOST", 4)
    say = reader()

    told = [say(list(WORDS[i : i + 3])) for i in (0, 2, 4, 0)]

    assert np.allclose(told[3], told[0], atol=1e-5)
    assert np.allclose(told[1], textbook(list(WORDS[2:5])), atol=1e-3)


def test_only_what_is_near_is_read_and_as_if_all_were() -> None:
    known, network = Forms(LEXICON), ContextNetwork(PARTS)
    known.remember(network)
    places = known.read([["the", *["met", "Kim", "of"] * 9, "Paris"], ["UN"] * 4])
    wanted = np.zeros_like(places.solid)
    wanted[[places.firsts[0] + 12, places.lasts[0] - 1]] = True
    told = np.flatnonzero(wanted)[0] + np.arange(4)

    near, whole = network(places, wanted), network(places, places.solid)

    assert np.flatnonzero(near.any(axis=1)).tolist() == [*told, places.lasts[0] - 1]
    assert np.allclose(near[told], whole[told], atol=1e-4)
    assert np.allclose(near[wanted], whole[wanted], atol=1e-4)


def test_it_computes_on_one_core() -> None:
    ContextNetwork(PARTS)

    assert {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"} == {1}
