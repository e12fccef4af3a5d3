import shutil
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
from services.enrich.nlp.analyzer import TextAnalyzer
from services.enrich.nlp.artefacts import MODELS_DIR, ArtefactUnusable

SAMPLE = Path(__file__).parents[4] / "data" / "2025-12-27-new-year-greetings.txt"
TEXTS = st.lists(
    st.sampled_from(["Kim Jong Un ", "Putin’s ", "U.S. ", "met ", "\n\n", "North Korea. "])
    | st.text(max_size=6)
).map("".join)
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def sample() -> tuple[str, str]:
    headline, _, text = SAMPLE.read_text("utf-8").partition("\n")
    return headline.strip().removeprefix("date 2025-12-27 "), text.strip()


def test_the_sample_has_exactly_the_entities_that_a_reader_finds(
    accurate: TextAnalyzer,
) -> None:
    found = {
        kind: sorted(e.name for e in accurate.analyze(*sample()).entities if e.type == kind)
        for kind in ("PER", "ORG", "LOC")
    }

    assert found == {
        "PER": ["Kim Jong Un", "Vladimir Putin"],
        "ORG": ["Korean Central News Agency", "Yonhap"],
        "LOC": [
            "Kursk",
            "Moscow",
            "North Korea",
            "Pyongyang",
            "Russia",
            "South Korea",
            "Ukraine",
            "United States",
        ],
    }


def test_the_transformer_finds_a_name_that_the_crf_does_not_know(
    analyzer: TextAnalyzer, accurate: TextAnalyzer
) -> None:
    """That the transformer counts at all shows where both paths differ."""
    titles = [line for line in sample()[1].split("\n") if line.strip()]
    lower = [title.lower() for title in titles]

    def scores(one: TextAnalyzer) -> list[tuple[str, ...]]:
        return [tuple(e.name for e in one.analyze(None, text, "en").entities) for text in lower]

    assert scores(accurate) != scores(analyzer)


@pytest.mark.parametrize(
    ("sentence", "label"),
    [
        ("Critics accused Ann Porter of fraud and lies, and voters despise her.", "negative"),
        ("Ann Porter won praise for her brilliant and generous work.", "positive"),
        ("Ann Porter will speak in the town hall on Tuesday.", "neutral"),
    ],
)
def test_the_sentiment_towards_a_target_is_that_of_a_reader(
    accurate: TextAnalyzer, sentence: str, label: str
) -> None:
    (porter,) = (e for e in accurate.analyze(None, sentence, "en").entities if e.type == "PER")

    assert porter.sentiment is not None
    assert porter.sentiment.label == label


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)
@given(title=st.none() | TEXTS, text=TEXTS)
def test_every_mention_is_where_its_offsets_say(
    accurate: TextAnalyzer, title: str | None, text: str
) -> None:
    analysis = accurate.analyze(title, text, "en")

    spans = sorted(span for e in analysis.entities for span in e.offsets)
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert all(a[1] <= b[0] for a, b in pairwise(spans))
    for entity in analysis.entities:
        forms = {" ".join(text[a:b].split()) for a, b in entity.offsets}
        assert entity.name in forms or title is not None
    assert accurate.analyze(title, text, "en") == analysis


@pytest.mark.parametrize("unit", ["A", "(", "Kim ", "a. ", "A-", "日", "Kim" * 100 + " "])
@pytest.mark.measured
def test_a_hundred_kilobytes_of_junk_are_survived(accurate: TextAnalyzer, unit: str) -> None:
    text = unit * (100_000 // len(unit))

    began = time.process_time()
    accurate.analyze(None, text, "en")

    assert time.process_time() - began < 30


def test_a_target_behind_a_long_run_of_junk_is_scored_all_the_same(accurate: TextAnalyzer) -> None:
    junk = " ".join(f"{n}qxz-zqx" * 6 for n in range(58))

    analysis = accurate.analyze(None, f"{junk} Angela Merkel praised them.", "en")

    assert all(e.sentiment is not None for e in analysis.entities if e.type == "PER")


def test_the_document_has_the_same_shape_and_states_its_models(
    analyzer: TextAnalyzer, accurate: TextAnalyzer
) -> None:
    title, text = sample()
    article = AcceptedArticle(
        article_id="0" * 32,
        version=1,
        title=title,
        text=text,
        received_at=NOW,
        accepted_at=NOW,
        word_count=1,
    )

    plain, close = (
        EnrichedArticle.decode(enrich(article, one, NOW).encode()) for one in (analyzer, accurate)
    )

    assert close.enrichment["entities"].model == "newsline-minilm-entities"
    assert close.enrichment["entity_sentiment"].model == "newsline-minilm-targets"
    assert set(close.enrichment) == set(plain.enrichment)
    same = {"keywords", "entities", "enrichment", "people", "organizations", "places", "location"}
    assert plain.model_dump(exclude=same) == close.model_dump(exclude=same)
    assert {frozenset(e.model_dump()) for e in plain.entities} == {
        frozenset(e.model_dump()) for e in close.entities
    }
    # As many entities have a sentiment: the regression alone scores those past the first five.
    assert sum(e.sentiment is not None for e in close.entities) == 10


@pytest.mark.measured
def test_a_new_process_needs_less_than_600_megabytes() -> None:
    code = (
        "import psutil\n"
        "from services.enrich.nlp.analyzer import TextAnalyzer\n"
        "analyzer = TextAnalyzer.load(models='accurate')\n"
        "for n in (40, 400, 4000):\n"
        "    analyzer.analyze('A title', 'Kim met Putin in Moscow. ' * n, 'en')\n"
        "print(psutil.Process().memory_info().rss)\n"
    )

    done = subprocess.run(  # noqa: S603 - our own interpreter, our own code
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert int(done.stdout) < 600_000_000


def test_the_default_path_does_not_import_onnx_runtime() -> None:
    code = (
        "import sys\n"
        "from services.enrich.nlp.analyzer import TextAnalyzer\n"
        "TextAnalyzer.load().analyze('A title', 'Kim met Putin in Moscow.', 'en')\n"
        "print('onnxruntime' in sys.modules)\n"
    )

    done = subprocess.run(  # noqa: S603 - our own interpreter, our own code
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert done.stdout == "False\n"


@pytest.mark.parametrize("name", ["entities-minilm", "targets-minilm", "wordpieces"])
def test_a_damaged_file_is_named(tmp_path: Path, name: str) -> None:
    shutil.copytree(MODELS_DIR, tmp_path, dirs_exist_ok=True)
    (damaged,) = (tmp_path / "artefacts").glob(f"{name}-*")
    damaged.write_bytes(damaged.read_bytes()[:-1])

    with pytest.raises(ArtefactUnusable, match=name):
        TextAnalyzer.load(tmp_path, "accurate")
