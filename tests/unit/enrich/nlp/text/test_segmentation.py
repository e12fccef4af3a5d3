import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.enrich.nlp.text.segmentation import MAX_SENTENCE_TOKENS, segment

NEWS = st.lists(
    st.sampled_from(
        [
            "U.S.",
            "Kim’s",
            "don't",
            "“Yes,”",
            "a.m.",
            "J.K.",
            "-",
            "\n\n",
            "\u0301",
            "。",
            "😀",
            " ",
            "…",
        ]
    )
    | st.text(max_size=8)
).map("".join)

JUNK = {
    "letter": "a",
    "bracket": "(",
    "newline": "\n",
    "dots": ".",
    "initials": "A.",
    "spaced dots": ". ",
    "marks": "()",
    "hyphens": "a-",
    "capital hyphens": "A-",
    "apostrophes": "a'",
    "contractions": "n't",
    "numbers": "1.",
    "ampersands": "A&",
    "combining": "\u0301",
    "wide": "中。",
}


@given(NEWS)
def test_every_token_is_where_it_says(text: str) -> None:
    """
    For any text, tokens are slices of it, in order, apart, and leave nothing but blanks out.
    """
    segments = segment(text)

    end = 0
    for word, start, stop in zip(segments.words, segments.starts, segments.ends, strict=True):
        assert text[start:stop] == word != ""
        assert start >= end
        assert not text[end:start].strip()
        end = stop
    assert not text[end:].strip()


@given(NEWS)
def test_sentences_cover_all_tokens_once(text: str) -> None:
    segments = segment(text)

    assert [i for pair in segments.sentences for i in range(*pair)] == list(
        range(len(segments.words))
    )
    assert all(0 < last - first <= MAX_SENTENCE_TOKENS + 3 for first, last in segments.sentences)


@pytest.mark.parametrize("unit", JUNK.values(), ids=JUNK.keys())
@pytest.mark.measured
def test_a_megabyte_of_junk_costs_little(unit: str) -> None:
    text = unit * (1_000_000 // len(unit))

    began = time.process_time()
    segment(text)

    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Kim’s son", ["Kim", "’s", "son"]),
        ("They can't", ["They", "ca", "n't"]),
        ("U.S.-led talks", ["U.S.", "-", "led", "talks"]),
        ("a US-led, state-run firm", ["a", "US", "-", "led", ",", "state-run", "firm"]),
        ("AT&T and O’Brien", ["AT&T", "and", "O’Brien"]),
        ("J.K. Rowling", ["J.K.", "Rowling"]),
        ("$1,000.50 (£5)", ["$", "1,000.50", "(", "£", "5", ")"]),
        ("Mr. Smith left.", ["Mr.", "Smith", "left", "."]),
        ("https://a.b/c?d=1 ends", ["https://a.b/c?d=1", "ends"]),
    ],
)
def test_tokens_follow_the_training_data(text: str, words: list[str]) -> None:
    assert segment(text).words == words


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("He left. She stayed.", ["He left.", "She stayed."]),
        ("“Go!” he said. Then he went.", ["“Go!” he said.", "Then he went."]),
        ("He said: “Go.” She went.", ["He said: “Go.”", "She went."]),
        ("Mr. Smith met Gen. J. R. Jones.", ["Mr. Smith met Gen. J. R. Jones."]),
        ("He is in the U.S. Senate.", ["He is in the U.S. Senate."]),
        ("He is in the U.S. The end.", ["He is in the U.S.", "The end."]),
        ("A headline\n\nA paragraph", ["A headline", "A paragraph"]),
        ("A line\nthat goes on", ["A line\nthat goes on"]),
        ("It rose 3.5 percent. 20 died.", ["It rose 3.5 percent.", "20 died."]),
        (" \n ", []),
    ],
)
def test_sentences_end_where_a_reader_would_end_them(text: str, sentences: list[str]) -> None:
    assert [text[start:end] for start, end in segment(text).spans()] == sentences
