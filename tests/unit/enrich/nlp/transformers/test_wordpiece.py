import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.enrich.nlp.text.segmentation import group_by_size
from services.enrich.nlp.transformers.wordpiece import (
    DIGITS,
    INITIAL,
    LOWER,
    MAX_INPUT_PIECES,
    MIXED,
    TARGET,
    TITLE,
    UPPER,
    WordPieceTokenizer,
    target_window,
    word_case,
)

VOCABULARY = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "prime", "minister", "mini", "##ster", "##s", "-")
UNKNOWN, BEGIN, END = 1, 2, 3
WORDS = st.text(min_size=1, max_size=200)


@pytest.fixture
def tokenizer() -> WordPieceTokenizer:
    return WordPieceTokenizer.from_text("\n".join(VOCABULARY).encode())


def split(tokenizer: WordPieceTokenizer, word: str) -> list[str]:
    return [VOCABULARY[number] for number in tokenizer.encode_word(word)[0]]


def test_the_longest_piece_comes_first(tokenizer: WordPieceTokenizer) -> None:
    assert split(tokenizer, "ministers") == ["minister", "##s"]
    assert split(tokenizer, "minis") == ["mini", "##s"]


def test_case_and_accents_are_removed_and_punctuation_is_a_piece(
    tokenizer: WordPieceTokenizer,
) -> None:
    assert split(tokenizer, "Prime-MÍNISTER") == ["prime", "-", "minister"]


def test_a_word_that_cannot_be_split_is_one_unknown_piece(tokenizer: WordPieceTokenizer) -> None:
    assert split(tokenizer, "primate") == ["[UNK]"]
    assert split(tokenizer, "\u200d") == ["[UNK]"]


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("said", LOWER),
        (",", LOWER),
        ("Kim", TITLE),
        ("NATO", UPPER),
        ("U.S.", UPPER),
        ("J", INITIAL),
        ("McDonald", MIXED),
        ("iPhone", MIXED),
        ("2025", DIGITS),
        ("G7", UPPER),
    ],
)
def test_the_case_of_a_word(word: str, kind: int) -> None:
    assert word_case(word) == kind


def test_the_encoded_text_points_at_the_first_piece_of_each_word(
    tokenizer: WordPieceTokenizer,
) -> None:
    text = tokenizer.encode(["Prime", "ministers", "mini"], range(1, 2))

    assert text.ids == [BEGIN, 4, 5, 8, 6, END]
    assert text.kinds == [LOWER, TITLE, TARGET, TARGET, LOWER, LOWER]
    assert text.firsts == [1, 2, 4]


@given(st.lists(WORDS, max_size=400))
def test_no_encoded_text_is_too_long_and_every_encoded_word_has_its_piece(words: list[str]) -> None:
    tokenizer = WordPieceTokenizer.from_text("\n".join(VOCABULARY).encode())

    text = tokenizer.encode(words)

    assert len(text.ids) == len(text.kinds) <= MAX_INPUT_PIECES
    assert len(text.firsts) <= len(words)
    assert all(0 < first < len(text.ids) - 1 for first in text.firsts)
    if words:
        assert text.firsts, "the first word is always read: nothing else makes progress"


@given(st.lists(st.integers(1, 300)), st.integers(1, 128))
def test_groups_hold_every_item_once_and_none_too_many(sizes: list[int], most: int) -> None:
    runs = group_by_size(sizes, most)

    assert [number for run in runs for number in run] == list(range(len(sizes)))
    assert all(sum(sizes[i] for i in run) <= most for run in runs if len(run) > 1)


@given(st.lists(WORDS, min_size=1, max_size=300), st.data())
def test_the_target_is_among_the_words_around_it(words: list[str], data: st.DataObject) -> None:
    first = data.draw(st.integers(0, len(words) - 1))
    last = data.draw(st.integers(first + 1, len(words)))

    window, inside = target_window(words, first, last)

    assert list(window[inside.start : inside.stop]) == words[first:last]
