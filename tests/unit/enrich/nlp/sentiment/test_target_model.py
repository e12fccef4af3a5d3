import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.enrich.nlp.analyzer import TextAnalyser
from services.enrich.nlp.lexicon import Lexicon
from services.enrich.nlp.sentiment.target_features import SLOTS
from services.enrich.nlp.sentiment.target_model import TargetScorer, summarise
from services.enrich.nlp.sentiment.target_weights import TargetWeights, target_arrays
from services.enrich.nlp.text.segmentation import segment
from services.enrich.training.targets.data import Target, encode

LEXICON = Lexicon({"good": 0, "bad": 1}, [(1, 2, 3), (4, 5, 6)], {})
VALENCES = {"good": 1.9, "bad": -2.5}
WORDS = st.lists(
    st.sampled_from(["good", "Bad", "not", "Ann", "Smith", "the", "US", "7", ".", "never", "said"]),
    min_size=1,
    max_size=12,
)


def label(analyser: TextAnalyser, text: str, name: str) -> str:
    entity = next(e for e in analyser.analyse(None, text, "en").entities if e.name == name)
    assert entity.sentiment is not None
    return entity.sentiment.label


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("Critics accused Angela Merkel of lying and of corruption.", "Angela Merkel", "negative"),
        (
            "Angela Merkel was praised for her courage and won the prize.",
            "Angela Merkel",
            "positive",
        ),
        ("Angela Merkel said on Monday that she would travel.", "Angela Merkel", "neutral"),
        ("Shares of Siemens plunge after heavy losses", "Siemens", "negative"),
        ("Siemens profit jumps 20 percent, shares rally", "Siemens", "positive"),
    ],
)
def test_a_target_is_spoken_of_as_a_reader_would_say(
    analyser: TextAnalyser, text: str, name: str, expected: str
) -> None:
    assert label(analyser, text, name) == expected


def test_two_targets_of_one_sentence_differ(analyser: TextAnalyser) -> None:
    text = "Siemens shares surge to a record high while Bosch shares slump on weak sales"

    found = analyser.analyse(None, text, "en").entities
    scores = {e.name: e.sentiment.score for e in found if e.sentiment is not None}

    assert scores["Siemens"] > scores["Bosch"]


def test_who_it_is_makes_no_difference(analyser: TextAnalyser) -> None:
    text = "{} said on Monday that the plan had been a bad mistake."

    scores = {
        analyser.analyse(None, text.format(name), "en").entities[0].sentiment
        for name in ("Angela Merkel", "Barack Obama", "Mary Smith")
    }

    assert len(scores) == 1


@given(words=WORDS, data=st.data())
def test_serving_adds_up_what_training_weighed(words: list[str], data: st.DataObject) -> None:
    first = data.draw(st.integers(0, len(words) - 1))
    last = data.draw(st.integers(first + 1, len(words)))
    values, vectors = encode(Target(words, first, last, "", held_out=False), LEXICON, VALENCES)
    keys = sorted(values)
    weights = {key: ((i % 7) / 10 - 0.3, (i % 5) / 10 - 0.2) for i, key in enumerate(keys)}
    table = [((i * 7) % 11) / 50 - 0.1 for i in range(2 * SLOTS * 2)]
    packed = TargetWeights.from_arrays(target_arrays(weights, table, (0.1, -0.1)))
    scorer = TargetScorer(packed, LEXICON, VALENCES)

    negative, neutral, positive = scorer.score(scorer.view(words), first, last)

    count = len(packed.rows)
    for way, found in ((0, negative), (1, positive)):
        total = packed.bias[way]
        for key, value in values.items():
            if (number := packed.rows.get(key)) is not None:
                total += value * packed.values[way * count + number] * packed.unit
        for row, slot, value in vectors:
            number = (row * SLOTS + slot) * 2 + way
            total += value * packed.vectors[number] * packed.vector_unit
        assert math.log(found / neutral) == pytest.approx(total, abs=1e-9)


@pytest.mark.parametrize("text", ["", ".", "Kim", "\ud800 x", "((((", "a" * 500])
def test_any_token_can_be_the_target(analyser: TextAnalyser, text: str) -> None:
    words = segment(text).words
    if words:
        scores = analyser.targets[0].score(analyser.targets[0].view(words), 0, len(words))
        assert sum(scores) == pytest.approx(1)


def test_mentions_are_averaged() -> None:
    found = summarise([(0.8, 0.1, 0.1), (0.2, 0.3, 0.5)])

    assert found is not None
    assert (found.label, found.score) == ("negative", -0.2)
    assert summarise([]) is None


def test_only_the_most_salient_are_told_of(analyser: TextAnalyser) -> None:
    names = ["Berlin", "Paris", "London", "Rome", "Madrid", "Vienna", "Moscow", "Tokyo", "Cairo"]
    names += ["Beijing", "Lisbon", "Dublin", "Oslo"]
    text = " ".join(f"It rained in {name} on Monday." for name in names)

    found = analyser.analyse(None, text, "en").entities

    assert len(found) == len(names)
    assert [e.sentiment is not None for e in found] == [True] * 10 + [False] * 3
