"""Names of places → where they are. Data by GeoNames (https://www.geonames.org/), CC BY 4.0.

Holds countries, states and provinces, and cities, each under its usual names. A name says nothing
by itself (there are thirty Springfields): an article's other places decide, and then population.
Where neither does, nothing is said.
"""

from __future__ import annotations

import json
import math
import sys
import unicodedata
import zlib
from array import array
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Literal, NamedTuple

from services.enrich.nlp.artefacts import load

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

Kind = Literal["country", "region", "city"]
KINDS: tuple[Kind, ...] = ("country", "region", "city")
# A name without support by another place is believed of a city of this size (in ln of people) …
_LARGE = math.log(100_000)
# … if no other bearer of the name has more than a fifth of its people.
_CLEARLY = math.log(5)
# What support by another place of the article is worth, as a factor of people: the same country
# named, a state or province named.
_SAME_COUNTRY = math.log(200)
_SAME_REGION = math.log(2_000)
_COUNTRY = math.log(1_000_000_000)
_REGION = math.log(3_000_000)
_HUNDREDTHS = 100


class Place(NamedTuple):
    """`region` is the number of the state or province, 0 for none that we know of; `people` the
    natural logarithm of its population.
    """

    kind: Kind
    country: str
    region: int
    latitude: float
    longitude: float
    people: float


@dataclass(frozen=True, slots=True)
class Gazetteer:
    """`rows` maps a key (see `key_of`) to a row; the places of row i, largest first, are
    `numbers[firsts[i]:firsts[i + 1]]`; `columns` hold what is known of each place.
    """

    rows: Mapping[str, int]
    firsts: Sequence[int]
    numbers: Sequence[int]
    countries: Sequence[str]
    columns: Sequence[Sequence[int]]
    version: str = ""

    @classmethod
    def from_artefacts(cls, models_dir: Path | None = None) -> Gazetteer:
        """Load the committed extract.

        :raises ArtefactUnusable: the file is missing or is not the one that was released.
        """
        artefact = load("gazetteer", models_dir)
        return unpack(artefact.content, artefact.version)

    def candidates(self, names: Sequence[str]) -> list[Place]:
        """The places that bear the first of these names that any place bears."""
        for name in names:
            row = self.rows.get(key_of(name))
            if row is not None:
                bearers = self.numbers[self.firsts[row] : self.firsts[row + 1]]
                return [self._place(number) for number in bearers]
        return []

    def _place(self, number: int) -> Place:
        kind, country, region, latitude, longitude, people = (c[number] for c in self.columns)
        return Place(
            KINDS[kind],
            self.countries[country],
            region,
            latitude / _HUNDREDTHS,
            longitude / _HUNDREDTHS,
            people / _HUNDREDTHS,
        )

    def locate(self, entities: Sequence[Sequence[str]]) -> Place | None:
        """Where an article plays: the first of its places that can be told for sure.

        :param entities: the names of each place that it speaks of, the most salient place first,
            the usual name first.
        """
        found = [self.candidates(names) for names in entities]
        for i, bearers in enumerate(found):
            if not bearers:
                continue
            others = [other for j, other in enumerate(found) if j != i and other]
            if (place := _resolved(bearers, others)) is not None:
                return place
        return None


def _resolved(bearers: Sequence[Place], others: Sequence[Sequence[Place]]) -> Place | None:
    """The bearer that is meant, given the bearers of the article's other names."""
    ranked = sorted(((_weight(b, others), b) for b in bearers), key=lambda pair: -pair[0])
    weight, best = ranked[0]
    if weight < _LARGE:
        return None
    if len(ranked) > 1 and weight - ranked[1][0] < _CLEARLY:
        return None
    return best


def _weight(place: Place, others: Sequence[Sequence[Place]]) -> float:
    """How likely a place is meant, on the scale of ln of people."""
    if place.kind == "country":
        base = _COUNTRY
    else:
        base = max(place.people, _REGION) if place.kind == "region" else place.people
    support = 0.0
    for bearers in others:
        for other in bearers:
            if other.country != place.country or (len(bearers) > 1 and other.kind == "city"):
                continue
            if other.kind == "region" and other.region == place.region and place.kind == "city":
                support = max(support, _SAME_REGION)
            elif other.kind == "country" or place.kind != "city":
                support = max(support, _SAME_COUNTRY)
            elif other.kind == "region":
                support = max(support, _SAME_COUNTRY / 2)
    return base + support


def key_of(name: str) -> str:
    """A name as the gazetteer looks it up: no case, accents, marks, or leading `the`."""
    plain = name
    if not name.isascii():
        parts = unicodedata.normalize("NFKD", name)
        plain = "".join(c for c in parts if not unicodedata.combining(c))
    words = "".join(c if c.isalnum() else " " for c in plain.lower() if c not in ".'’`").split()
    if len(words) > 1 and words[0] == "the":
        del words[0]
    return " ".join(words)


def pack(names: Mapping[str, Sequence[int]], places: Sequence[Place]) -> bytes:
    """The gazetteer as one compressed block: a line of JSON, then names and columns of numbers."""
    keys = sorted(names)
    countries = sorted({place.country for place in places})
    columns = [
        array("B", [len(names[key]) for key in keys]),
        array("H", [number for key in keys for number in names[key]]),
        array("B", [KINDS.index(place.kind) for place in places]),
        array("B", [countries.index(place.country) for place in places]),
        array("B", [place.region for place in places]),
        array("h", [round(place.latitude * _HUNDREDTHS) for place in places]),
        array("h", [round(place.longitude * _HUNDREDTHS) for place in places]),
        array("H", [round(place.people * _HUNDREDTHS) for place in places]),
    ]
    if sys.byteorder == "big":
        for column in columns:
            column.byteswap()
    blocks = ["\n".join(keys).encode(), *(column.tobytes() for column in columns)]
    head = {"countries": countries, "sizes": [len(block) for block in blocks]}
    return zlib.compress(json.dumps(head).encode() + b"\n" + b"".join(blocks), 9)


def unpack(data: bytes, version: str = "") -> Gazetteer:
    """The inverse of `pack`."""
    line, _, body = zlib.decompress(data).partition(b"\n")
    head = json.loads(line)
    blocks = []
    at = 0
    for size in head["sizes"]:
        blocks.append(body[at : at + size])
        at += size
    columns = [array(code, block) for code, block in zip("BHBBBhhH", blocks[1:], strict=True)]
    if sys.byteorder == "big":
        for column in columns:
            column.byteswap()
    counts, numbers, *about = columns
    keys = blocks[0].decode().split("\n")
    rows = {key: row for row, key in enumerate(keys)}
    firsts = array("I", accumulate(counts, initial=0))
    return Gazetteer(rows, firsts, numbers, head["countries"], about, version)
