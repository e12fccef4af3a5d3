import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.enrich.nlp.text.segmentation import windows
from services.enrich.nlp.transformers.wordpiece import (
    DIGITS,
    INITIAL,
    LOWER,
    MIXED,
    MOST_INPUTS,
    TARGET,
    TITLE,
    UPPER,
    WordPieces,
    around,
    written,
)

VOCABULARY = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "prime", "minister", "mini", "##ster", "##s", "-")
UNKNOWN, BEGIN, END = 1, 2, 3
WORDS = st.text(min_size=1, max_size=200)


@pytest.fixture
def pieces() -> WordPieces:
    return WordPieces.unpack("\n".join(VOCABULARY).encode())


def cut(pieces: WordPieces, word: str) -> list[str]:
    return [VOCABULARY[number] for number in pieces.of(word)[0]]


def test_the_longest_piece_comes_first(pieces: WordPieces) -> None:
    assert cut(pieces, "ministers") == ["minister", "##s"]
    assert cut(pieces, "minis") == ["mini", "##s"]


def test_case_and_accents_are_not_seen_and_marks_stand_alone(pieces: WordPieces) -> None:
    assert cut(pieces, "Prime-MÍNISTER") == ["prime", "-", "minister"]


def test_what_cannot_be_cut_is_one_unknown_piece(pieces: WordPieces) -> None:
    assert cut(pieces, "primate") == ["[UNK]"]
    assert cut(pieces, "\u200d") == ["[UNK]"]


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
def test_how_a_word_is_written_is_told(word: str, kind: int) -> None:
    assert written(word) == kind


def test_inputs_point_at_the_first_piece_of_each_word(pieces: WordPieces) -> None:
    inputs = pieces.inputs(["Prime", "ministers", "mini"], range(1, 2))

    assert inputs.ids == [BEGIN, 4, 5, 8, 6, END]
    assert inputs.kinds == [LOWER, TITLE, TARGET, TARGET, LOWER, LOWER]
    assert inputs.firsts == [1, 2, 4]


@given(st.lists(WORDS, max_size=400))
def test_no_input_is_too_long_and_every_word_that_is_read_has_its_piece(words: list[str]) -> None:
    pieces = WordPieces.unpack("\n".join(VOCABULARY).encode())

    inputs = pieces.inputs(words)

    assert len(inputs.ids) == len(inputs.kinds) <= MOST_INPUTS
    assert len(inputs.firsts) <= len(words)
    assert all(0 < first < len(inputs.ids) - 1 for first in inputs.firsts)
    if words:
        assert inputs.firsts, "the first word is always read: nothing else makes progress"


@given(st.lists(st.integers(1, 300)), st.integers(1, 128))
def test_windows_hold_every_neighbour_once_and_none_too_many(sizes: list[int], most: int) -> None:
    runs = windows(sizes, most)

    assert [number for run in runs for number in run] == list(range(len(sizes)))
    assert all(sum(sizes[i] for i in run) <= most for run in runs if len(run) > 1)


@given(st.lists(WORDS, min_size=1, max_size=300), st.data())
def test_the_target_is_among_the_words_around_it(words: list[str], data: st.DataObject) -> None:
    first = data.draw(st.integers(0, len(words) - 1))
    last = data.draw(st.integers(first + 1, len(words)))

    window, inside = around(words, first, last)

    assert list(window[inside.start : inside.stop]) == words[first:last]
