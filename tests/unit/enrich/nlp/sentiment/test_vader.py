import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from services.enrich.nlp.sentiment.vader import SentimentScorer, document_sentiment

SCORER = SentimentScorer()
VADER = SentimentIntensityAnalyzer()
WORDS = st.sampled_from(
    [
        "war",
        "good",
        "not",
        "very",
        "the",
        "GOOD!",
        ":)",
        "😀",
        "no",
        "but",
        "(hope)",
        "death,",
        "kind",
        "of",
        "But",
        "least",
        "at",
        "VERY",
        "isn't",
        "never",
        "so",
        "win?",
        "LOSS!!",
        "the",
        "shit",
        "ass",
        "bad",
        "nor",
        "without",
        "doubt",
        "this",
        "just",
        "enough",
        "kiss",
        "to",
        "die",
        "for",
        "sort",
        "almost",
        "yeah",
        "right",
        "beating",
        "heart",
        "UN",
    ]
)


@given(st.text())
def test_scores_are_bounded(text: str) -> None:
    assert -1 <= SCORER.score(text) <= 1


@given(st.lists(WORDS).map(" ".join))
def test_the_score_is_exactly_that_of_vader(sentence: str) -> None:
    assert SCORER.score(sentence) == VADER.polarity_scores(sentence)["compound"]


def test_words_in_typographic_quotes_are_scored() -> None:
    assert SCORER.score("a “wonderful” year") == SCORER.score('a "wonderful" year') > 0
    assert SCORER.score("it wasn’t good") < 0


@pytest.mark.parametrize(
    ("scores", "label", "score"),
    [
        ([0.05], "positive", 0.05),
        ([0.04], "neutral", 0.04),
        ([-0.05], "negative", -0.05),
        ([0.9, -0.9], "neutral", 0.0),
        ([0.6, 0.0, 0.0], "positive", 0.2),
        ([1.0, 1.0], "positive", 1.0),
    ],
)
def test_several_sentences_have_the_mean_score(
    scores: list[float], label: str, score: float
) -> None:
    found = document_sentiment(scores)

    assert found is not None
    assert (found.label, found.score) == (label, score)


def test_no_sentence_has_no_sentiment() -> None:
    assert document_sentiment([]) is None


@pytest.mark.measured
def test_a_long_sentence_costs_little() -> None:
    began = time.process_time()
    SCORER.score("good but bad " * 100_000)
    assert time.process_time() - began < 1
