import subprocess
import sys
import time
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.contracts.articles import AcceptedArticle, EnrichedArticle
from services.enrich.enrichment import enrich
from services.enrich.nlp.analyzer import Analysis, TextAnalyzer

SAMPLE = Path(__file__).parents[3] / "data" / "2025-12-27-new-year-greetings.txt"
TEXTS = st.lists(
    st.sampled_from(
        ["Kim Jong Un ", "Putin’s ", "U.S. ", "met ", "\n\n", "the North", "North Korea. "]
    )
    | st.text(max_size=6)
).map("".join)


def sample(analyzer: TextAnalyzer) -> tuple[Analysis, str]:
    headline, _, text = SAMPLE.read_text("utf-8").partition("\n")
    text = text.strip()
    return analyzer.analyze(headline.strip().removeprefix("date 2025-12-27 "), text), text


def names(analysis: Analysis, entity_type: str) -> list[str]:
    return sorted(e.name for e in analysis.entities if e.type == entity_type)


def test_the_sample_has_exactly_the_entities_that_a_reader_finds(
    analyzer: TextAnalyzer,
) -> None:
    analysis, _ = sample(analyzer)

    assert names(analysis, "PER") == ["Kim Jong Un", "Vladimir Putin"]
    assert names(analysis, "ORG") == ["Korean Central News Agency", "Yonhap"]
    assert names(analysis, "LOC") == sorted(
        [
            "North Korea",
            "South Korea",
            "Russia",
            "Ukraine",
            "Pyongyang",
            "Moscow",
            "Kursk",
            "United States",
        ]
    )
    assert analysis.language is not None
    assert analysis.language.code == "en"
    assert analysis.sentiment is not None


def test_the_sample_counts_every_mention(analyzer: TextAnalyzer) -> None:
    analysis, text = sample(analyzer)
    kim = next(e for e in analysis.entities if e.name == "Kim Jong Un")
    agency = next(e for e in analysis.entities if e.name == "Korean Central News Agency")

    assert kim.mentions == len(kim.offsets) == text.count("Kim")
    assert [text[a:b] for a, b in agency.offsets] == ["Korean Central News Agency", "KCNA"]


def test_the_people_and_places_of_the_headline_are_salient(analyzer: TextAnalyzer) -> None:
    analysis, _ = sample(analyzer)
    salience = {e.name: e.salience for e in analysis.entities}

    assert salience["Kim Jong Un"] > salience["Yonhap"] > 0
    assert salience["Russia"] > salience["United States"]


def test_a_surname_is_its_bearer_also_before_the_full_name(analyzer: TextAnalyzer) -> None:
    text = "Merkel spoke in Berlin on Monday. Later Angela Merkel travelled to Paris."

    people = [e for e in analyzer.analyze(None, text).entities if e.type == "PER"]

    assert [(e.name, e.mentions) for e in people] == [("Angela Merkel", 2)]


def test_the_full_name_may_stand_in_the_title(analyzer: TextAnalyzer) -> None:
    analysis = analyzer.analyze(
        "Angela Merkel visits Paris", "Merkel said she was glad to be there."
    )
    merkel = next(e for e in analysis.entities if e.type == "PER")

    assert (merkel.name, merkel.mentions, merkel.offsets) == ("Angela Merkel", 2, ((0, 6),))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(title=st.none() | TEXTS, text=TEXTS)
def test_any_text_is_analysed_within_bounds(
    analyzer: TextAnalyzer, title: str | None, text: str
) -> None:
    analysis = analyzer.analyze(title, text, "en")

    keys = [(e.name, e.type) for e in analysis.entities]
    assert len(keys) == len(set(keys))
    spans = sorted(span for e in analysis.entities for span in e.offsets)
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert all(a[1] <= b[0] for a, b in pairwise(spans))
    for entity in analysis.entities:
        assert entity.name
        assert entity.mentions >= max(len(entity.offsets), 1)
        assert 0 <= entity.salience <= 1
        if entity.sentiment is not None:
            assert -1 <= entity.sentiment.score <= 1
        forms = {" ".join(text[a:b].split()) for a, b in entity.offsets}
        assert entity.name in forms or title is not None
    assert analyzer.analyze(title, text, "en") == analysis


@pytest.mark.parametrize("unit", ["a", "A", "(", "\n", "()", "A.", "Kim ", "a. ", "A-", "😀"])
@pytest.mark.measured
def test_a_megabyte_of_junk_is_survived(analyzer: TextAnalyzer, unit: str) -> None:
    text = unit * (1_000_000 // len(unit))

    began = time.process_time()
    analyzer.analyze(None, text, "en")

    assert time.process_time() - began < 10


def test_a_language_without_models_has_no_entities(analyzer: TextAnalyzer) -> None:
    text = "Angela Merkel traf am Montag in Berlin den Präsidenten von Frankreich."

    analysis = analyzer.analyze(None, text)

    assert analysis.language is not None
    assert (analysis.language.code, analysis.understood) == ("de", False)
    assert (analysis.entities, analysis.sentiment, analysis.keywords) == ((), None, ())


def test_the_publisher_is_believed_about_the_language(analyzer: TextAnalyzer) -> None:
    analysis = analyzer.analyze(None, "Paris, Berlin, Wien", "en-GB")

    assert analysis.language is not None
    assert (analysis.language.code, analysis.understood) == ("en", True)


def test_every_stage_states_its_model(analyzer: TextAnalyzer) -> None:
    assert set(analyzer.versions) == {
        "language",
        "entities",
        "sentiment",
        "entity_sentiment",
        "keywords",
        "location",
        "fingerprint",
    }
    assert all(model and version for model, version in analyzer.versions.values())


@pytest.mark.measured
def test_a_new_process_is_ready_within_a_second_of_work_and_250_megabytes() -> None:
    code = (
        "import psutil, time\n"
        "from services.enrich.nlp.analyzer import TextAnalyzer\n"
        "TextAnalyzer.load().analyze('A title', 'Kim met Putin in Moscow. ' * 40)\n"
        "print(time.process_time(), psutil.Process().memory_info().rss)\n"
    )

    done = subprocess.run(  # noqa: S603 - our own interpreter, our own code
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    seconds, bytes_resident = map(float, done.stdout.split())
    assert seconds < 3  # one, on a machine that does nothing else
    assert bytes_resident < 250_000_000


def test_the_open_models_find_entities_and_have_another_version(analyzer: TextAnalyzer) -> None:
    opened = TextAnalyzer.load(models="open")

    found = opened.analyze(None, "Angela Merkel met Barack Obama in Berlin on Monday.")

    assert {e.name for e in found.entities} == {"Angela Merkel", "Barack Obama", "Berlin"}
    assert opened.versions["entities"] != analyzer.versions["entities"]


def test_the_sample_has_a_place_keywords_and_a_fingerprint(analyzer: TextAnalyzer) -> None:
    analysis, _ = sample(analyzer)

    assert analysis.location is not None
    assert (round(analysis.location.latitude), round(analysis.location.longitude)) in {
        (40, 127),  # North Korea
        (62, 105),  # Russia
    }
    assert "greetings" in " ".join(analysis.keywords)
    assert len(analysis.keywords) >= 5
    assert analysis.fingerprint is not None


def test_an_article_is_enriched_with_every_field(analyzer: TextAnalyzer) -> None:
    analysis, text = sample(analyzer)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    article = AcceptedArticle(
        article_id="0" * 32, version=1, text=text, received_at=now, accepted_at=now, word_count=1
    )

    enriched = EnrichedArticle.decode(enrich(article, analyzer, now).encode())

    assert enriched.fingerprint == analysis.fingerprint
    assert enriched.keywords
    assert enriched.location is not None
    assert any(entity.sentiment is not None for entity in enriched.entities)
    assert set(enriched.enrichment) == set(analyzer.versions)
