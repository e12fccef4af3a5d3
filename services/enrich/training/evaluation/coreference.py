"""Coreference and salience on GUM's news articles (WebAnno TSV).

The text is the tokens joined by spaces, a blank line after each sentence. A mention's salience is
the number of summaries, of five, that mention it. A chain is of a named entity if GUM links one of
its mentions to Wikipedia.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.enrich.training.corpora import DataMissing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from services.enrich.nlp.entities.aliases import EntityGroup

_ITEM = re.compile(r"([^|\[]+)(?:\[(\d+)\])?")
_LINK = re.compile(r"([\d-]+)(?:\[(\d+)_(\d+)\])?")
# The links of coreference: GUM also has links to parts and to what is inferred.
_SAME_LINKS = ("coref", "ana", "appos", "cata", "pred")
_KINDS = frozenset({"person", "organization", "place"})
# How much longer than the name alone what GUM marks may be: it marks whole phrases.
_MAX_LENGTH_RATIO = 2.5
_THE = 4
# An entity in so many of five summaries counts as salient.
MIN_SUMMARIES = 3


@dataclass(slots=True)
class GoldMention:
    """A mention, `text[start:end]`; `chain` identifies the entity."""

    start: int
    end: int
    kind: str
    salience: int
    linked: bool
    chain: str = ""


@dataclass(frozen=True, slots=True)
class CorefDocument:
    """An article and its gold mentions."""

    text: str
    mentions: tuple[GoldMention, ...]

    def chains(self) -> dict[str, list[GoldMention]]:
        """The mentions of each person, organisation or place that has a name."""
        by_chain: dict[str, list[GoldMention]] = defaultdict(list)
        for mention in self.mentions:
            by_chain[mention.chain].append(mention)
        return {
            chain: found
            for chain, found in by_chain.items()
            if any(m.linked for m in found) and any(m.kind in _KINDS for m in found)
        }

    def chain_at(self, start: int, end: int) -> str | None:
        """The entity of a found mention: of the equal gold mention, else of the shortest around."""
        for opening in (start, start - _THE):
            for mention in self.mentions:
                if (mention.start, mention.end) == (opening, end):
                    return mention.chain
        around = [
            (m.end - m.start, i)
            for i, m in enumerate(self.mentions)
            if m.start <= start and end <= m.end and m.kind in _KINDS
        ]
        if around and min(around)[0] < (end - start) * _MAX_LENGTH_RATIO:
            return self.mentions[min(around)[1]].chain
        return None


def read_coref(folder: Path) -> list[CorefDocument]:
    """The articles of `coref/`, by name."""
    paths = sorted((folder / "coref").glob("*.tsv"))
    if not paths:
        raise DataMissing(f"{folder / 'coref'} has no articles: give its folder by --data")
    return [parse_webanno(path.read_text("utf-8")) for path in paths]


def parse_webanno(content: str) -> CorefDocument:
    """Parse one article."""
    text = ""
    mentions: dict[str, GoldMention] = {}
    parents: dict[str, str] = {}
    for line in content.splitlines():
        if line.startswith("#Text="):
            text += "\n\n" if text else ""
        if line.startswith("#") or not line.strip():
            continue
        token, _, word, *columns = line.split("\t")
        text += " " if text and not text.endswith("\n") else ""
        start, text = len(text), text + word
        for key, kind, salience, linked in _marks(token, columns):
            mention = mentions.setdefault(
                key, GoldMention(start, start, kind, salience.count("s"), linked)
            )
            mention.end = len(text)
        for one, other in _links(token, columns):
            parents[_root(parents, one)] = _root(parents, other)
    for key, mention in mentions.items():
        mention.chain = _root(parents, key)
    return CorefDocument(text, tuple(mentions.values()))


def _marks(token: str, columns: Sequence[str]) -> Iterator[tuple[str, str, str, bool]]:
    """The mentions that a token is part of: key, kind, salience, whether linked to Wikipedia."""
    kinds, _, salience, identity = columns[:4]
    if kinds == "_":
        return
    degrees = {key or token: degree for degree, key in _ITEM.findall(salience)}
    linked = {key or token for _, key in _ITEM.findall(identity)} if identity != "_" else set()
    for kind, key in _ITEM.findall(kinds):
        name = key or token
        yield name, kind, degrees.get(name, ""), name in linked


def _links(token: str, columns: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The pairs of coreferent mentions that a token lists."""
    if len(columns) < 7 or columns[5] == "_":  # noqa: PLR2004 - the format's columns
        return
    for kind, target in zip(columns[5].split("|"), columns[6].split("|"), strict=True):
        link = _LINK.match(target)
        if link is None or not kind.startswith(_SAME_LINKS):
            continue
        there, one, other = link[1], link[2] or "0", link[3] or "0"
        yield (there if one == "0" else one), (token if other == "0" else other)


def _root(parents: dict[str, str], key: str) -> str:
    while (parent := parents.setdefault(key, key)) != key:
        key = parent
    return key


def b_cubed(pairs: Sequence[tuple[object, object]]) -> tuple[float, float, float]:
    """B³ precision, recall and F1 in percent, given the found and gold entity of each mention."""
    precision = recall = 0.0
    for found, gold in pairs:
        same_found = {i for i, pair in enumerate(pairs) if pair[0] == found}
        same_gold = {i for i, pair in enumerate(pairs) if pair[1] == gold}
        both = len(same_found & same_gold)
        precision += both / len(same_found)
        recall += both / len(same_gold)
    count = max(len(pairs), 1)
    precision, recall = 100 * precision / count, 100 * recall / count
    return precision, recall, 2 * precision * recall / max(precision + recall, 1e-9)


def pair_with_gold(document: CorefDocument, groups: Sequence[EntityGroup]) -> list[tuple[int, str]]:
    """The group and the gold chain of each found mention that is also in the gold data."""
    return [
        (number, chain)
        for number, group in enumerate(groups)
        for mention in group.mentions
        if (chain := document.chain_at(mention.start, mention.end)) is not None
    ]


def average_precision(order: Sequence[bool]) -> float | None:
    """Average precision in percent of a ranking, given which items are salient; None if none is."""
    hits = [rank for rank, salient in enumerate(order, 1) if salient]
    if not hits:
        return None
    return 100 * sum(i / rank for i, rank in enumerate(hits, 1)) / len(hits)
