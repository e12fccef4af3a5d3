"""Mentions → entities: every name for the same person, organisation or place in one article.

Rules, in this order, each on the forms that the article itself contains:
1. the same name, whatever its case, hyphens, full stops, leading `the` or title of address;
2. a person's full names that agree in first and last word (`Donald Trump`, `Donald J. Trump`);
3. part of a person's full name, by preference the last word, then the first, then any run of them
   (`Putin`; `Kim` of `Kim Jong Un`); of several bearers, the one named in full most recently;
4. the first words of an organisation (`Reliance` of `Reliance Industries Ltd`);
5. an abbreviation of the initials of a longer name (`KCNA`), and the few everyone knows (`US`);
6. `the North` and `the South` for North and South Korea.
A short form that two names could claim equally joins neither.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from services.enrich.nlp.entities.recognizer import EntityType, Mention

_ADDRESS = frozenset(
    (  # noqa: SIM905 - one word a line would hide the list
        "mr mrs ms miss dr sir lord lady dame prof professor president prime minister king queen "
        "prince princess pope sen senator rep gov governor gen general col colonel capt captain lt "
        "sgt rev judge justice chancellor secretary ayatollah sheikh imam mp mk"
    ).split()
)
_KNOWN = {
    "us": "united states", "usa": "united states", "united states of america": "united states",
    "america": "united states", "uk": "united kingdom", "britain": "united kingdom",
    "great britain": "united kingdom", "uae": "united arab emirates", "un": "united nations",
    "eu": "european union", "drc": "democratic republic of congo", "dprk": "north korea",
    "democratic people s republic of korea": "north korea", "rok": "south korea",
    "prc": "china", "people s republic of china": "china",
    "north": "north korea", "south": "south korea",
}  # fmt: skip
_UNINITIALLED = frozenset({"of", "the", "and", "for", "de", "du", "des", "la", "on", "in", "s"})
_APART = re.compile(r"[^\w]+|_")
_FEWEST_INITIALS = 2


@dataclass(slots=True)
class Group:
    """The mentions of one entity, and the words of its names as rules compare them."""

    key: tuple[str, ...]
    type: EntityType
    mentions: list[Mention] = field(default_factory=list)

    @property
    def first(self) -> int:
        """The first token of the first mention."""
        return min(mention.first for mention in self.mentions)

    def forms(self, text: str) -> Counter[str]:
        """The forms it is named by and how often, blanks made single, in the order of mentions."""
        return Counter(" ".join(text[m.start : m.end].split()) for m in self.mentions)

    def name(self, text: str) -> str:
        """The fullest form, of several the most frequent, of these the first; blanks made single.

        A form in capitals alone gives way to the same in mixed case.
        """
        forms = self.forms(text)
        order = list(forms)
        if len(order) == 1:
            return order[0]
        return max(
            order,
            key=lambda form: (
                key_of(tuple(form.split()), self.type) == self.key,
                not form.startswith("the "),
                not form.isupper() or (self.type != "PER" and " " not in form),
                forms[form],
                -order.index(form),
            ),
        )


@lru_cache(maxsize=20_000)
def key_of(words: tuple[str, ...], entity_type: EntityType) -> tuple[str, ...]:
    """A name as rules compare it."""
    plain = " ".join(words).replace(".", "").lower()
    parts = [part for part in _APART.split(plain) if part]
    if entity_type == "PER":
        while len(parts) > 1 and parts[0] in _ADDRESS:
            del parts[0]
    elif len(parts) > 1 and parts[0] == "the":
        del parts[0]
    if len(parts) > 1 and parts[-1] == "s" and entity_type != "MISC":
        del parts[-1]
    return tuple(parts)


def merge(mentions: Sequence[Mention]) -> list[Group]:
    """The entities of an article, in the order of their first mentions."""
    groups: dict[tuple[tuple[str, ...], EntityType], Group] = {}
    for mention in mentions:
        key = key_of(mention.words, mention.type)
        if key:
            group = groups.setdefault((key, mention.type), Group(key, mention.type))
            group.mentions.append(mention)
    merged = _one_type(groups.values())
    by_type: dict[EntityType, list[Group]] = defaultdict(list)
    for group in merged:
        by_type[group.type].append(group)
    result = [
        *_persons(by_type["PER"]),
        *_absorbed(by_type["ORG"], _organisation_of),
        *_absorbed(by_type["LOC"], _place_of),
        *by_type["MISC"],
    ]
    for group in result:
        group.mentions.sort()
    return sorted(result, key=lambda group: (group.first, group.type))


def _one_type(groups: Iterable[Group]) -> list[Group]:
    """Groups of equal names made one, of the type that most mentions have, else the first's."""
    by_key: dict[tuple[str, ...], list[Group]] = defaultdict(list)
    for group in groups:
        by_key[group.key].append(group)
    result = []
    for same in by_key.values():
        main = max(same, key=lambda group: (len(group.mentions), -group.first))
        for other in same:
            if other is not main:
                main.mentions += other.mentions
        result.append(main)
    return result


def _persons(groups: list[Group]) -> list[Group]:
    full: dict[tuple[str, str], Group] = {}
    kept: list[Group] = []
    for group in sorted(groups, key=lambda group: (-len(group.mentions), group.first)):
        ends = (group.key[0], group.key[-1])
        if len(group.key) > 1 and ends in full:
            _absorb(full[ends], group)
            continue
        if len(group.key) > 1:
            full[ends] = group
        kept.append(group)
    for group in sorted(kept, key=lambda group: len(group.key)):
        bearers = [
            (rank, other)
            for other in kept
            if other is not group and (rank := _part_of(group.key, other.key))
        ]
        if bearers:
            best = min(rank for rank, _ in bearers)
            _absorb(_nearest(group, [other for rank, other in bearers if rank == best]), group)
            kept.remove(group)
    return kept


def _part_of(short: tuple[str, ...], full: tuple[str, ...]) -> int:
    """How a short form stands for a full name: 1 its last words, 2 first, 3 others, 0 not."""
    n = len(short)
    if n >= len(full):
        return 0
    if full[-n:] == short:
        return 1
    if full[:n] == short:
        return 2
    return 3 if any(full[i : i + n] == short for i in range(1, len(full) - n)) else 0


def _nearest(group: Group, bearers: list[Group]) -> Group:
    """The bearer named most recently before the short form's first use, else soonest after."""
    first = group.first
    before = [other for other in bearers if other.first < first]
    if before:
        return max(before, key=lambda o: max(m.first for m in o.mentions if m.first < first))
    return min(bearers, key=lambda other: other.first)


def _absorb(main: Group, other: Group) -> None:
    main.mentions += other.mentions
    if len(other.key) > len(main.key):
        main.key = other.key


def _absorbed(groups: list[Group], claims: Callable[[Group, Group], bool]) -> list[Group]:
    """Groups after each short form with exactly one claimant has joined it."""
    kept = list(groups)
    for group in sorted(groups, key=lambda group: len(group.key)):
        claimants = [other for other in kept if other is not group and claims(group, other)]
        if len(claimants) == 1:
            main = claimants[0]
            main.mentions += group.mentions
            kept.remove(group)
    return kept


def _abbreviates(short: tuple[str, ...], full: tuple[str, ...]) -> bool:
    if len(short) != 1 or len(full) < _FEWEST_INITIALS:
        return False
    initials = "".join(word[0] for word in full if word not in _UNINITIALLED)
    return short[0] in {initials, "".join(word[0] for word in full)} and len(short[0]) > 1


def _known(short: tuple[str, ...], full: tuple[str, ...]) -> bool:
    return short != full and _KNOWN.get(" ".join(short)) == " ".join(full)


def _organisation_of(group: Group, other: Group) -> bool:
    short, full = group.key, other.key
    if _abbreviates(short, full) or _known(short, full):
        return True
    return len(short) < len(full) and full[: len(short)] == short


def _place_of(group: Group, other: Group) -> bool:
    short, full = group.key, other.key
    return _abbreviates(short, full) or _known(short, full)
