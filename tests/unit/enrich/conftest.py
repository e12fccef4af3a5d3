import pytest
from hypothesis import settings

from services.enrich.nlp.analyzer import TextAnalyzer

# A deadline for each example fails on a busy machine, whatever the code does.
settings.register_profile("without deadline", deadline=None)
settings.load_profile("without deadline")


@pytest.fixture(scope="session")
def analyzer() -> TextAnalyzer:
    return TextAnalyzer.load()


@pytest.fixture(scope="session")
def accurate() -> TextAnalyzer:
    return TextAnalyzer.load(models="accurate")
