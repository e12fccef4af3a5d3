import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.enrich.nlp.analyzer import TextAnalyzer
from services.enrich.nlp.keywords import extract_keywords
from services.enrich.nlp.text.segmentation import segment
from services.enrich.nlp.text.stopwords import FUNCTION_WORDS, NEWS_WORDS, PHRASE_WORDS

TITLE = "Flood defences fail as river bursts its banks"
TEXT = (
    "The flood defences of Carlisle failed on Monday. Engineers said the flood defences were old. "
    "The river had risen for days, and insurers expect claims of millions. Insurers said that "
    "climate change makes such storms likelier. Storms and climate change, Anna Miller said, are "
    "what insurers fear. The repairs will take months; the repairs need stone."
)


def test_the_repeated_phrases_come_first_and_hold_no_name(analyzer: TextAnalyzer) -> None:
    found = analyzer.analyze(TITLE, TEXT).keywords

    assert found[0] == "flood defences"
    assert {"climate change", "insurers", "river", "storms", "repairs"} <= set(found)
    assert not {"carlisle", "anna", "miller", "monday"} & set(" ".join(found).split())
    assert 5 <= len(found) <= 10


def test_no_keyword_says_again_what_another_says(analyzer: TextAnalyzer) -> None:
    found = analyzer.analyze(TITLE, TEXT).keywords

    assert "flood" not in found
    assert "defences" not in found
    assert "storm" not in found


@given(
    st.lists(
        st.sampled_from(
            ["the", "of", "flood", "Kim", "very", "said", "not.", "\n\n", "a-b", "it’s", "東京"]
        )
    )
)
def test_any_text_has_at_most_ten_in_bounds(words: list[str]) -> None:
    segments = segment(" ".join(words))

    found = extract_keywords(segments, [], 0)

    assert len(found) <= 10
    assert len(set(found)) == len(found)
    assert extract_keywords(segments, [], 0) == found
    for keyword in found:
        edges = keyword.split()
        assert 1 <= len(edges) <= 3
        assert not {edges[0], edges[-1]} & (FUNCTION_WORDS | NEWS_WORDS)


def test_a_subject_of_every_article_is_none() -> None:
    assert (
        extract_keywords(
            segment("The government said people will pay. The government said so."), [], 0
        )
        == ()
    )
    assert "government debt" in extract_keywords(
        segment("The government debt grew. Government debt!"), [], 0
    )


@pytest.mark.parametrize("words", [FUNCTION_WORDS, NEWS_WORDS, PHRASE_WORDS])
def test_the_lists_are_lower_case(words: frozenset[str]) -> None:
    assert all(word == word.lower() for word in words)


def test_a_language_without_stop_words_has_none(analyzer: TextAnalyzer) -> None:
    assert analyzer.analyze(None, "Der Fluss trat über die Ufer.", "de").keywords == ()


@pytest.mark.measured
def test_junk_costs_little() -> None:
    segments = segment("spam eggs " * 100_000)

    began = time.process_time()
    extract_keywords(segments, [], 0)

    assert time.process_time() - began < 1
