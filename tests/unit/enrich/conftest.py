import pytest

from services.enrich.nlp.analyzer import TextAnalyzer


@pytest.fixture(scope="session")
def analyzer() -> TextAnalyzer:
    return TextAnalyzer.load()


@pytest.fixture(scope="session")
def accurate() -> TextAnalyzer:
    return TextAnalyzer.load(models="accurate")
