import random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.enrich.training.entities.corpus import ENTITY_TYPES, LABELS
from services.enrich.training.entities.distillation import (
    NameSwapper,
    SoftSentence,
    name_spans,
    one_hot,
)


def sentence(text: str, tags: str) -> SoftSentence:
    return text.split(), one_hot([LABELS.index(tag) for tag in tags.split()])


def chance(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - which names are drawn is no secret


ANNA = sentence("Anna Meier left Paris .", "B-PER I-PER O B-LOC O")
KARL = sentence("Karl met Li Na in Rome", "B-PER O B-PER I-PER O B-LOC")


def test_names_are_found_by_their_likeliest_labels() -> None:
    _, likely = ANNA

    assert [(a, b, ENTITY_TYPES[kind]) for a, b, kind in name_spans(likely * 0.6)] == [
        (0, 2, "PER"),
        (3, 4, "LOC"),
    ]


def test_names_side_by_side_are_two_and_an_inside_without_a_beginning_is_none() -> None:
    _, likely = sentence("a b c d", "B-PER B-PER I-LOC I-PER")

    assert [(a, b) for a, b, _ in name_spans(likely)] == [(0, 1), (1, 2)]


@given(st.integers(0, 1000))
def test_names_are_swapped_for_names_of_their_type(seed: int) -> None:
    swapper = NameSwapper([ANNA, KARL], ["New York"])

    words, likely = swapper.swap(ANNA, chance(seed))

    assert likely.shape == (len(words), len(LABELS))
    found = [(" ".join(words[a:b]), ENTITY_TYPES[kind]) for a, b, kind in name_spans(likely)]
    (person, one), (place, other) = found
    assert (one, other) == ("PER", "LOC")
    assert person in {"Anna Meier", "Karl", "Li Na"}
    assert place in {"Paris", "Rome", "New York"}
    assert [word for word in words if word in {"left", "."}] == ["left", "."]


def test_some_names_are_swapped() -> None:
    swapper = NameSwapper([ANNA, KARL], [])
    seen = {" ".join(swapper.swap(ANNA, chance(seed))[0]) for seed in range(60)}

    assert {"Anna Meier left Paris .", "Karl left Rome .", "Li Na left Paris ."} <= seen


def test_what_is_likely_of_the_other_words_stays() -> None:
    words, likely = ANNA
    unsure = likely * 0.9 + 0.1 / len(LABELS)

    _, swapped = NameSwapper([KARL], []).swap((words, unsure), chance(3))

    assert np.allclose(swapped[-1], unsure[-1])


def test_a_sentence_in_capitals_stays_as_it_is() -> None:
    loud = sentence("ANNA MEIER LEFT PARIS", "B-PER I-PER O B-LOC")
    swapper = NameSwapper([ANNA, KARL], [])

    assert all(swapper.swap(loud, chance(seed)) is loud for seed in range(20))
