"""Label news that nobody has labelled, by the accurate path, to teach the fast model.

    python -m services.enrich.training.entities.label_news --data DIR --out FILE

Reads the BBC articles and the sentences of the sentiment corpora, train parts. FILE is in the form
of the gold corpora: a token and a tag a line, a blank line after each sentence.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from services.enrich.nlp.analyzer import TextAnalyser
from services.enrich.nlp.text.segmentation import segment
from services.enrich.training.corpora import DataMissing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.enrich.nlp.entities.recognizer import Recogniser

_ARTICLES = "articles/bbc.ndjson"
_SENTENCES = ("sentiment/newsmtsc-train.jsonl", "sentiment/sentfin-train.jsonl")


def texts(data: Path) -> list[str]:
    """Every text once, in a fixed order."""
    found: dict[str, None] = {}
    for name in (_ARTICLES, *_SENTENCES):
        path = data / name
        if not path.is_file():
            raise DataMissing(f"{path} is missing: give the folder that holds it by --data")
        for line in path.read_text("utf-8").splitlines():
            told = json.loads(line)
            title = told.get("title")
            text = told.get("text") or told["sentence"]
            found[f"{title}\n\n{text}" if title else text] = None
    return list(found)


def labelled(text: str, recogniser: Recogniser) -> Iterator[list[tuple[str, str]]]:
    """The tokens of each sentence with their tags."""
    segments = segment(text)
    tags = ["O"] * len(segments.words)
    for mention in recogniser.find(segments):
        tags[mention.first] = f"B-{mention.type}"
        for i in range(mention.first + 1, mention.last):
            tags[i] = f"I-{mention.type}"
    for first, last in segments.sentences:
        yield list(zip(segments.words[first:last], tags[first:last], strict=True))


def main() -> int:
    """Read the arguments, label, write, say how much was written."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--models", type=Path, default=None)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    try:
        found = texts(given.data)
    except DataMissing as missing:
        print(missing, file=sys.stderr)  # noqa: T201 - a command's output
        return 2
    recogniser = TextAnalyser.load(given.models, "accurate").recogniser
    count = 0
    with given.out.open("w", encoding="utf-8") as out:
        for text in found:
            for sentence in labelled(text, recogniser):
                out.writelines(f"{token} {tag}\n" for token, tag in sentence)
                out.write("\n")
                count += 1
    print(f"{len(found)} texts, {count} sentences")  # noqa: T201 - a command's output
    return 0


if __name__ == "__main__":
    sys.exit(main())
