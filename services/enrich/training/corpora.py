"""Read the entity corpora as raw text with gold spans, the form in which articles arrive.

A BIO corpus keeps tokens and loses the text they came from. Where that text is known (WorldWide)
the tokens are aligned with it; elsewhere they are joined by spaces. Both go through the tokenizer
of the service, so that training and evaluation see what serving sees.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Span = tuple[int, int, str]
_BLANKS = re.compile(r"[\s_]+")


class DataMissing(FileNotFoundError):
    """The folder of corpora lacks a file that training or evaluation reads."""


@dataclass(frozen=True, slots=True)
class AnnotatedDocument:
    """A text and its gold spans: (start, end, type), ordered. Where the text is joined from tokens,
    a blank line separates its sentences.
    """

    text: str
    gold: tuple[Span, ...]


def read_corpus(folder: Path, corpus: str) -> list[AnnotatedDocument]:
    """The documents of `ner/<corpus>.bio`, tokens joined by spaces."""
    return [_joined(sentences) for _, sentences in _bio(folder / "ner" / f"{corpus}.bio")]


def read_raw_corpus(folder: Path, corpus: str) -> list[AnnotatedDocument]:
    """The documents of a WorldWide corpus as their outlets printed them, without the few whose text
    is not in `articles/worldwide.ndjson`.
    """
    path = folder / "articles" / "worldwide.ndjson"
    if not path.is_file():
        raise DataMissing(_missing(path))
    articles = [json.loads(line)["text"] for line in path.read_text("utf-8").splitlines() if line]
    by_opening = {_BLANKS.sub("", text)[:60]: text for text in articles}
    documents = []
    for _, sentences in _bio(folder / "ner" / f"{corpus}.bio"):
        opening = "".join(token for sentence in sentences for token, _ in sentence)
        text = by_opening.get(_BLANKS.sub("", opening)[:60])
        document = None if text is None else _aligned(text, sentences)
        if document is not None:
            documents.append(document)
    return documents


def read_labelled_news(path: Path) -> list[tuple[list[str], list[str]]]:
    """The sentences that `label_news` wrote, as words and tags; those without a name are left out,
    since the gold sentences have enough of them.
    """
    labelled = []
    for _, sentences in _bio(path):
        for sentence in sentences:
            words, tags = [token for token, _ in sentence], [tag for _, tag in sentence]
            if any(tag != "O" for tag in tags):
                labelled.append((words, tags))
    return labelled


def _missing(path: Path) -> str:
    return f"{path} is missing: give the folder that holds ner/ and articles/ by --data"


def _bio(path: Path) -> Iterator[tuple[str, list[list[tuple[str, str]]]]]:
    if not path.is_file():
        raise DataMissing(_missing(path))
    name = ""
    sentences: list[list[tuple[str, str]]] = []
    sentence: list[tuple[str, str]] = []
    for line in [*path.read_text("utf-8").split("\n"), "", "-DOCSTART- end"]:
        if line.startswith("-DOCSTART-"):
            if sentences:
                yield name, sentences
            name, sentences = line.split(" ", 1)[-1], []
        elif line:
            token, _, tag = line.rpartition(" ")
            sentence.append((token, tag))
        elif sentence:
            sentences.append(sentence)
            sentence = []


def _joined(sentences: list[list[tuple[str, str]]]) -> AnnotatedDocument:
    parts: list[str] = []
    tokens: list[tuple[int, int, str]] = []
    at = 0
    for sentence in sentences:
        for i, (token, tag) in enumerate(sentence):
            words = token.replace("_", " ").strip() or "_"
            tokens.append((at, at + len(words), tag))
            gap = " " if i + 1 < len(sentence) else "\n\n"
            parts += (words, gap)
            at += len(words) + len(gap)
    return AnnotatedDocument("".join(parts), _spans(tokens))


def _aligned(text: str, sentences: list[list[tuple[str, str]]]) -> AnnotatedDocument | None:
    """The document with each token aligned to the raw text, or None where they differ."""
    solid = [i for i, character in enumerate(text) if not _BLANKS.match(character)]
    tokens: list[tuple[int, int, str]] = []
    at = 0
    for token, tag in (pair for sentence in sentences for pair in sentence):
        wanted = _BLANKS.sub("", token)
        if not wanted:
            continue
        taken = solid[at : at + len(wanted)]
        if "".join(text[i] for i in taken) != wanted:
            return None
        tokens.append((taken[0], taken[-1] + 1, tag))
        at += len(wanted)
    return AnnotatedDocument(text[: tokens[-1][1]], _spans(tokens))


def _spans(tokens: list[tuple[int, int, str]]) -> tuple[Span, ...]:
    spans: list[Span] = []
    inside = ""
    for start, end, tag in tokens:
        mark, _, kind = tag.partition("-")
        if mark == "I" and kind == inside:
            spans[-1] = (spans[-1][0], end, kind)
        elif mark in {"B", "I"}:
            spans.append((start, end, kind))
        inside = kind
    return tuple(spans)
