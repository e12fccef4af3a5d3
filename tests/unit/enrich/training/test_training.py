from pathlib import Path

import pytest

from services.enrich.nlp.arrays import pack_arrays
from services.enrich.nlp.entities.crf import CrfTagger
from services.enrich.nlp.entities.weights import CrfWeights
from services.enrich.nlp.lexicon import Lexicon
from services.enrich.training.corpora import (
    AnnotatedDocument,
    DataMissing,
    read_corpus,
    read_raw_corpus,
)
from services.enrich.training.entities.corpus import add_misc, label_document
from services.enrich.training.entities.train_crf import main, train_crf

BIO = """-DOCSTART- one

Anna B-PER
Meier I-PER
left O
New_York B-LOC
. O

She O
is O
German B-MISC
. O
"""
RAW = '{"text": "Anna Meier left New York.\\nShe is German."}\n'
LEXICON = Lexicon({"she": 0}, [(0, 0, 0)], {})


def corpora(folder: Path) -> Path:
    (folder / "ner").mkdir()
    (folder / "articles").mkdir()
    (folder / "ner" / "small.bio").write_text(BIO)
    (folder / "articles" / "worldwide.ndjson").write_text(RAW)
    return folder


def gold(document: AnnotatedDocument) -> list[tuple[str, str]]:
    return [(document.text[start:end], kind) for start, end, kind in document.gold]


def test_tokens_are_joined_and_their_names_kept(tmp_path: Path) -> None:
    (document,) = read_corpus(corpora(tmp_path), "small")

    assert document.text == "Anna Meier left New York .\n\nShe is German .\n\n"
    assert gold(document) == [("Anna Meier", "PER"), ("New York", "LOC"), ("German", "MISC")]


def test_tokens_are_found_again_in_the_text_they_came_from(tmp_path: Path) -> None:
    (document,) = read_raw_corpus(corpora(tmp_path), "small")

    assert document.text == "Anna Meier left New York.\nShe is German."
    assert gold(document) == [("Anna Meier", "PER"), ("New York", "LOC"), ("German", "MISC")]


def test_missing_data_is_named_with_the_option_that_mends_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DataMissing, match=r"nothing\.bio is missing.*--data"):
        read_corpus(tmp_path, "nothing")

    monkeypatch.setattr("sys.argv", ["train_crf", "--data", str(tmp_path), "--out", "x"])
    assert main() == 2
    assert "--data" in capsys.readouterr().err


def test_labels_follow_the_tokens_of_the_service() -> None:
    document = AnnotatedDocument("Kim’s US-led team", ((0, 3, "PER"), (6, 8, "LOC")))

    assert list(label_document(document)) == [
        (["Kim", "’s", "US", "-", "led", "team"], ["B-PER", "O", "B-LOC", "O", "O", "O"])
    ]


def test_a_corpus_without_other_names_gets_the_sure_ones() -> None:
    known = [(["German", "cars"], ["B-MISC", "O"])] * 3

    marked = add_misc([(["A", "German", "May"], ["O", "O", "B-PER"])], known)

    assert marked == [(["A", "German", "May"], ["O", "B-MISC", "B-PER"])]


def test_training_twice_gives_the_same_bytes_and_learns() -> None:
    sentences = [
        (["Anna", "Meier", "left", "Paris", "."], ["B-PER", "I-PER", "O", "B-LOC", "O"]),
        (
            ["She", "met", "Karl", "Marx", "in", "Rome", "."],
            ["O", "O", "B-PER", "I-PER", "O", "B-LOC", "O"],
        ),
        (["It", "rained", "."], ["O", "O", "O"]),
    ] * 5

    model = train_crf(sentences, LEXICON)

    assert pack_arrays(train_crf(sentences, LEXICON)) == pack_arrays(model)
    weights = CrfWeights.from_arrays(model)
    tagged = CrfTagger(weights, LEXICON).tag(["Karl", "Marx", "left", "Rome", "."])
    assert [weights.labels[label] for label in tagged] == ["B-PER", "I-PER", "O", "B-LOC", "O"]
