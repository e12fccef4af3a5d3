import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.enrich.nlp.text.segmentation import segment
from services.enrich.nlp.text.simhash import fingerprint

SAMPLE = (Path(__file__).parents[4] / "data" / "2025-12-27-new-year-greetings.txt").read_text()
# The same grammar, other words.
OTHER = re.sub(r"\b[A-Za-z]{4,}\b", lambda match: match[0][::-1], SAMPLE)


def distance(one: str, other: str) -> int:
    """The number of bits, 0 to 64, in which two fingerprints differ."""
    return (int(one, 16) ^ int(other, 16)).bit_count()


def of(text: str) -> str:
    found = fingerprint(segment(text).words)
    assert found is not None
    return found


@pytest.mark.parametrize(
    "edit",
    [
        lambda text: "SEOUL (Reuters) — " + text,
        lambda text: text.upper(),
        lambda text: text.replace(" said", " told reporters"),
        lambda text: text.replace("’", "'").replace("“", '"').replace("\n", " "),
        lambda text: text.replace("North Korean leader", "leader", 1) + " Reporting by A. Writer.",
        lambda text: text[: len(text) * 97 // 100],
    ],
)
def test_a_lightly_edited_copy_is_near(edit: Callable[[str], str]) -> None:
    assert distance(of(SAMPLE), of(edit(SAMPLE))) <= 6


def test_another_article_is_far() -> None:
    assert distance(of(SAMPLE), of(OTHER)) > 12


def test_what_it_is_never_changes() -> None:
    assert of("The quick brown fox jumps over the lazy dog.") == "31b30c2b4fbf02d6"


def test_unspaced_scripts_are_read_by_character() -> None:
    text = "東京で火曜日に大きな会議が開かれ各国の代表が気候変動について話し合った" * 3

    assert distance(of(text), of(text.replace("火曜日", "水曜日", 1))) <= 6


@given(st.text())
@example("_0")
def test_any_text_has_sixteen_digits_or_none(text: str) -> None:
    words = segment(text).words
    found = fingerprint(words)

    if found is None:
        assert not any(word[0].isalnum() for word in words)
    else:
        assert re.fullmatch("[0-9a-f]{16}", found)
        assert fingerprint(segment(f"  {text}\n").words) == found


def test_marks_alone_have_none() -> None:
    assert fingerprint(segment("… — !").words) is None


@pytest.mark.measured
def test_junk_costs_little() -> None:
    words = segment("spam " * 200_000).words

    began = time.process_time()
    fingerprint(words)

    assert time.process_time() - began < 1
