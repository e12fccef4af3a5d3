"""Merge aliases: group the mentions of an article by the entity that they name.

Rules, in this order, each on the names that the article itself contains:
1. the same name, whatever its case, hyphens, full stops, leading `the` or title of address;
2. a person's full names that agree in first and last word (`Donald Trump`, `Donald J. Trump`);
3. part of a person's full name, by preference its last words, then its first, then any others
   (`Putin`; `Kim` of `Kim Jong Un`); of several bearers, the one named in full most recently;
4. the first words of an organisation (`Reliance` of `Reliance Industries Ltd`);
5. an abbreviation of the initials of a longer name (`KCNA`), and the few everyone knows (`US`);
6. `the North` for North Korea, and likewise any half of a divided country.
A short form that two names match equally joins neither.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from services.enrich.nlp.entities.divided import HALVES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from services.enrich.nlp.entities.recognizer import EntityType, Mention

_TITLES = frozenset(
    (  # noqa: SIM905 - one word a line would hide the list
        "mr mrs ms miss dr sir lord lady dame prof professor president prime minister king queen "
        "prince princess pope sen senator rep gov governor gen general col colonel capt captain lt "
        "sgt rev judge justice chancellor secretary ayatollah sheikh imam mp mk"
    ).split()
)
_ABBREVIATIONS = {
    "us": "united states", "usa": "united states", "united states of america": "united states",
    "america": "united states", "uk": "united kingdom", "britain": "united kingdom",
    "great britain": "united kingdom", "uae": "united arab emirates", "un": "united nations",
    "eu": "european union", "drc": "democratic republic of congo", "dprk": "north korea",
    "democratic people s republic of korea": "north korea", "rok": "south korea",
    "prc": "china", "people s republic of china": "china",
}  # fmt: skip
_HALVES = {tuple(word.lower() for word in name) for name in HALVES}
_WITHOUT_INITIAL = frozenset({"of", "the", "and", "for", "de", "du", "des", "la", "on", "in", "s"})
_SEPARATORS = re.compile(r"[^\w]+|_")
_MIN_INITIALS = 2


@dataclass(slots=True)
class EntityGroup:
    """The mentions of one entity, and its name as the rules compare it."""

    key: tuple[str, ...]
    type: EntityType
    mentions: list[Mention] = field(default_factory=list)

    @property
    def first_token(self) -> int:
        """The first token of the first mention."""
        return min(mention.first for mention in self.mentions)

    def surface_forms(self, text: str) -> Counter[str]:
        """The forms of its name and their counts, blanks made single, in the order of mentions."""
        return Counter(" ".join(text[m.start : m.end].split()) for m in self.mentions)

    def name(self, text: str) -> str:
        """The name to show: the fullest form, of several the most frequent, of these the first;
        blanks made single. A form all in capitals gives way to the same in mixed case.
        """
        forms = self.surface_forms(text)
        order = list(forms)
        if len(order) == 1:
            return order[0]
        return max(
            order,
            key=lambda form: (
                alias_key(tuple(form.split()), self.type) == self.key,
                not form.startswith("the "),
                not form.isupper() or (self.type != "PER" and " " not in form),
                forms[form],
                -order.index(form),
            ),
        )


@lru_cache(maxsize=20_000)
def alias_key(words: tuple[str, ...], entity_type: EntityType) -> tuple[str, ...]:
    """A name normalised for comparison: lower case, without punctuation, titles or `the`."""
    plain = " ".join(words).replace(".", "").lower()
    parts = [part for part in _SEPARATORS.split(plain) if part]
    if entity_type == "PER":
        while len(parts) > 1 and parts[0] in _TITLES:
            del parts[0]
    elif len(parts) > 1 and parts[0] == "the":
        del parts[0]
    if len(parts) > 1 and parts[-1] == "s" and entity_type != "MISC":
        del parts[-1]
    return tuple(parts)


def merge_aliases(mentions: Sequence[Mention]) -> list[EntityGroup]:
    """The entities of an article, in the order of their first mentions."""
    groups: dict[tuple[tuple[str, ...], EntityType], EntityGroup] = {}
    for mention in mentions:
        key = alias_key(mention.words, mention.type)
        if key:
            group = groups.setdefault((key, mention.type), EntityGroup(key, mention.type))
            group.mentions.append(mention)
    merged = _merge_types(groups.values())
    by_type: dict[EntityType, list[EntityGroup]] = defaultdict(list)
    for group in merged:
        by_type[group.type].append(group)
    result = [
        *_merge_persons(by_type["PER"]),
        *_merge_short_forms(by_type["ORG"], _is_short_organisation),
        *_merge_short_forms(by_type["LOC"], _is_short_place),
        *by_type["MISC"],
    ]
    for group in result:
        group.mentions.sort()
    return sorted(result, key=lambda group: (group.first_token, group.type))


def _merge_types(groups: Iterable[EntityGroup]) -> list[EntityGroup]:
    """Merge groups of equal names; the type is that of most mentions, of equals the first's."""
    by_key: dict[tuple[str, ...], list[EntityGroup]] = defaultdict(list)
    for group in groups:
        by_key[group.key].append(group)
    result = []
    for same in by_key.values():
        main = max(same, key=lambda group: (len(group.mentions), -group.first_token))
        for other in same:
            if other is not main:
                main.mentions += other.mentions
        result.append(main)
    return result


def _merge_persons(groups: list[EntityGroup]) -> list[EntityGroup]:
    full: dict[tuple[str, str], EntityGroup] = {}
    kept: list[EntityGroup] = []
    for group in sorted(groups, key=lambda group: (-len(group.mentions), group.first_token)):
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
            if other is not group and (rank := _part_rank(group.key, other.key))
        ]
        if bearers:
            best = min(rank for rank, _ in bearers)
            _absorb(
                _nearest_bearer(group, [other for rank, other in bearers if rank == best]), group
            )
            kept.remove(group)
    return kept


def _part_rank(short: tuple[str, ...], full: tuple[str, ...]) -> int:
    """The part of a full name that a short form is: 1 last words, 2 first, 3 others, 0 none."""
    n = len(short)
    if n >= len(full):
        return 0
    if full[-n:] == short:
        return 1
    if full[:n] == short:
        return 2
    return 3 if any(full[i : i + n] == short for i in range(1, len(full) - n)) else 0


def _nearest_bearer(group: EntityGroup, bearers: list[EntityGroup]) -> EntityGroup:
    """The bearer named most recently before the short form's first use, else soonest after."""
    first = group.first_token
    before = [other for other in bearers if other.first_token < first]
    if before:
        return max(before, key=lambda o: max(m.first for m in o.mentions if m.first < first))
    return min(bearers, key=lambda other: other.first_token)


def _absorb(main: EntityGroup, other: EntityGroup) -> None:
    main.mentions += other.mentions
    if len(other.key) > len(main.key):
        main.key = other.key


def _merge_short_forms(
    groups: list[EntityGroup], matches: Callable[[EntityGroup, EntityGroup], bool]
) -> list[EntityGroup]:
    """Merge each short form into the full name that it matches, if there is exactly one."""
    kept = list(groups)
    for group in sorted(groups, key=lambda group: len(group.key)):
        matching = [other for other in kept if other is not group and matches(group, other)]
        if len(matching) == 1:
            main = matching[0]
            main.mentions += group.mentions
            kept.remove(group)
    return kept


def _abbreviates(short: tuple[str, ...], full: tuple[str, ...]) -> bool:
    if len(short) != 1 or len(full) < _MIN_INITIALS:
        return False
    initials = "".join(word[0] for word in full if word not in _WITHOUT_INITIAL)
    return short[0] in {initials, "".join(word[0] for word in full)} and len(short[0]) > 1


def _is_known_abbreviation(short: tuple[str, ...], full: tuple[str, ...]) -> bool:
    return short != full and _ABBREVIATIONS.get(" ".join(short)) == " ".join(full)


def _is_half(short: tuple[str, ...], full: tuple[str, ...]) -> bool:
    return len(short) == 1 and short[0] == full[0] and full in _HALVES


def _is_short_organisation(group: EntityGroup, other: EntityGroup) -> bool:
    short, full = group.key, other.key
    if _is_short_place(group, other):
        return True
    return len(short) < len(full) and full[: len(short)] == short


def _is_short_place(group: EntityGroup, other: EntityGroup) -> bool:
    short, full = group.key, other.key
    return any(rule(short, full) for rule in (_abbreviates, _is_known_abbreviation, _is_half))
