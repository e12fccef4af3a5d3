"""Label unlabelled news by the ensemble path, to train the models of the default path.

    python -m services.enrich.training.entities.label_news --data DIR --out FILE

Reads the BBC articles and the sentences of the sentiment corpora, train parts. FILE is in the form
of the gold corpora: a token and a tag a line, a blank line after each sentence.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from services.enrich.nlp.analyzer import TextAnalyzer
from services.enrich.nlp.text.segmentation import segment
from services.enrich.training.command import argument_parser, exits_without_data
from services.enrich.training.corpora import DataMissing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.enrich.nlp.entities.recognizer import Recognizer

_ARTICLES = "articles/bbc.ndjson"
_SENTENCES = ("sentiment/newsmtsc-train.jsonl", "sentiment/sentfin-train.jsonl")


def unlabelled_texts(data: Path) -> list[str]:
    """Every text once, in a fixed order."""
    texts: dict[str, None] = {}
    for name in (_ARTICLES, *_SENTENCES):
        path = data / name
        if not path.is_file():
            raise DataMissing(f"{path} is missing: give the folder that holds it by --data")
        for line in path.read_text("utf-8").splitlines():
            record = json.loads(line)
            title = record.get("title")
            text = record.get("text") or record["sentence"]
            texts[f"{title}\n\n{text}" if title else text] = None
    return list(texts)


def label_text(text: str, recognizer: Recognizer) -> Iterator[list[tuple[str, str]]]:
    """The tokens of each sentence with their tags."""
    segments = segment(text)
    tags = ["O"] * len(segments.words)
    for mention in recognizer.find_mentions(segments):
        tags[mention.first] = f"B-{mention.type}"
        for i in range(mention.first + 1, mention.last):
            tags[i] = f"I-{mention.type}"
    for first, last in segments.sentences:
        yield list(zip(segments.words[first:last], tags[first:last], strict=True))


@exits_without_data
def main() -> None:
    """Read the arguments, label, write, print how much was written."""
    parser = argument_parser(__doc__)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    texts = unlabelled_texts(given.data)
    recognizer = TextAnalyzer.load(given.models, "accurate").recognizer
    count = 0
    with given.out.open("w", encoding="utf-8") as out:
        for text in texts:
            for sentence in label_text(text, recognizer):
                out.writelines(f"{token} {tag}\n" for token, tag in sentence)
                out.write("\n")
                count += 1
    print(f"{len(texts)} texts, {count} sentences")  # noqa: T201 - a command's output


if __name__ == "__main__":
    sys.exit(main())
