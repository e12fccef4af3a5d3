import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.enrich.nlp.analyzer import TextAnalyzer
from services.enrich.nlp.lexicon import Lexicon
from services.enrich.nlp.sentiment.target_features import SLOTS
from services.enrich.nlp.sentiment.target_model import LinearTargetScorer, entity_sentiment
from services.enrich.nlp.sentiment.target_weights import TargetWeights, target_arrays
from services.enrich.nlp.text.segmentation import segment
from services.enrich.training.targets.dataset import LabelledTarget, encode_target

LEXICON = Lexicon({"good": 0, "bad": 1}, [(1, 2, 3), (4, 5, 6)], {})
VALENCES = {"good": 1.9, "bad": -2.5}
WORDS = st.lists(
    st.sampled_from(["good", "Bad", "not", "Ann", "Smith", "the", "US", "7", ".", "never", "said"]),
    min_size=1,
    max_size=12,
)


def label(analyzer: TextAnalyzer, text: str, name: str) -> str:
    entity = next(e for e in analyzer.analyze(None, text, "en").entities if e.name == name)
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
def test_the_sentiment_towards_a_target_is_that_of_a_reader(
    analyzer: TextAnalyzer, text: str, name: str, expected: str
) -> None:
    assert label(analyzer, text, name) == expected


def test_two_targets_of_one_sentence_differ(analyzer: TextAnalyzer) -> None:
    text = "Siemens shares surge to a record high while Bosch shares slump on weak sales"

    found = analyzer.analyze(None, text, "en").entities
    scores = {e.name: e.sentiment.score for e in found if e.sentiment is not None}

    assert scores["Siemens"] > scores["Bosch"]


def test_the_name_of_the_target_makes_no_difference(analyzer: TextAnalyzer) -> None:
    text = "{} said on Monday that the plan had been a bad mistake."

    scores = {
        analyzer.analyze(None, text.format(name), "en").entities[0].sentiment
        for name in ("Angela Merkel", "Barack Obama", "Mary Smith")
    }

    assert len(scores) == 1


@given(words=WORDS, data=st.data())
def test_serving_computes_the_sum_of_the_trained_weights(
    words: list[str], data: st.DataObject
) -> None:
    first = data.draw(st.integers(0, len(words) - 1))
    last = data.draw(st.integers(first + 1, len(words)))
    values, vectors = encode_target(
        LabelledTarget(words, first, last, "", held_out=False), LEXICON, VALENCES
    )
    keys = sorted(values)
    weights = {key: ((i % 7) / 10 - 0.3, (i % 5) / 10 - 0.2) for i, key in enumerate(keys)}
    table = [((i * 7) % 11) / 50 - 0.1 for i in range(2 * SLOTS * 2)]
    model = TargetWeights.from_arrays(target_arrays(weights, table, (0.1, -0.1)))
    scorer = LinearTargetScorer(model, LEXICON, VALENCES)

    negative, neutral, positive = scorer.score(scorer.prepare(words), first, last)

    count = len(model.features)
    for way, found in ((0, negative), (1, positive)):
        total = model.bias[way]
        for key, value in values.items():
            if (number := model.features.get(key)) is not None:
                total += value * model.values[way * count + number] * model.unit
        for row, slot, value in vectors:
            number = (row * SLOTS + slot) * 2 + way
            total += value * model.vectors[number] * model.vector_unit
        assert math.log(found / neutral) == pytest.approx(total, abs=1e-9)


@pytest.mark.parametrize("text", ["", ".", "Kim", "\ud800 x", "((((", "a" * 500])
def test_any_token_can_be_the_target(analyzer: TextAnalyzer, text: str) -> None:
    words = segment(text).words
    if words:
        scores = analyzer.targets[0].score(analyzer.targets[0].prepare(words), 0, len(words))
        assert sum(scores) == pytest.approx(1)


def test_the_probabilities_of_mentions_are_averaged() -> None:
    found = entity_sentiment([(0.8, 0.1, 0.1), (0.2, 0.3, 0.5)])

    assert found is not None
    assert (found.label, found.score) == ("negative", -0.2)
    assert entity_sentiment([]) is None


def test_only_the_most_salient_entities_have_a_sentiment(analyzer: TextAnalyzer) -> None:
    names = ["Berlin", "Paris", "London", "Rome", "Madrid", "Vienna", "Moscow", "Tokyo", "Cairo"]
    names += ["Beijing", "Lisbon", "Dublin", "Oslo"]
    text = " ".join(f"It rained in {name} on Monday." for name in names)

    found = analyzer.analyze(None, text, "en").entities

    assert len(found) == len(names)
    assert [e.sentiment is not None for e in found] == [True] * 10 + [False] * 3
