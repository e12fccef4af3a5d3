import pytest

from services.enrich.nlp.analyzer import TextAnalyser


@pytest.fixture(scope="session")
def analyser() -> TextAnalyser:
    return TextAnalyser.load()


@pytest.fixture(scope="session")
def accurate() -> TextAnalyser:
    return TextAnalyser.load(models="accurate")
