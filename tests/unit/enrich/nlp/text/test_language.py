import socket

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.enrich.nlp.text.language import LanguageDetector

DETECTOR = LanguageDetector()


@settings(deadline=None)  # the first of all reads the model
@given(st.text() | st.text(st.characters(categories=["Cs", "Cc", "Zs", "So"])))
def test_any_text_has_a_language_or_none(text: str) -> None:
    language = DETECTOR.detect(text)

    assert language is None or (2 <= len(language.code) <= 3 and 0 <= language.score <= 1)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("The president met farmers in the north of the country.", "en"),
        ("THE PRESIDENT MET FARMERS IN THE NORTH OF THE COUNTRY", "en"),
        ("Der Präsident traf Bauern\nim Norden des Landes.", "de"),
        ("Le président a rencontré des agriculteurs dans le nord du pays.", "fr"),
        ("Президент встретился с фермерами на севере страны.", "ru"),  # noqa: RUF001 - it is Cyrillic
        ("总统在该国北部会见了农民。", "zh"),
    ],
)
def test_known_languages(text: str, code: str) -> None:
    language = DETECTOR.detect(text)

    assert language is not None
    assert language.code == code


@pytest.mark.parametrize("text", ["", " \n ", "12 34 !?", "\x00\ud800", "😀😀"])
def test_without_letters_there_is_no_language(text: str) -> None:
    assert DETECTOR.detect(text) is None


def test_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(socket.socket, "connect", refuse)

    assert LanguageDetector().detect("This is an English sentence.") is not None


def test_a_megabyte_is_no_dearer_than_a_page() -> None:
    assert DETECTOR.detect("word " * 200_000) is not None
