"""Names of places → where they are. Data by GeoNames (https://www.geonames.org/), CC BY 4.0.

Holds countries, states and provinces, and cities, each under its usual names. A name says nothing
by itself (there are thirty Springfields): an article's other places decide, and then population.
Where neither does, nothing is said.
"""

from __future__ import annotations

import math
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from services.enrich.nlp.arrays import decode_strings, encode_strings, unpack_arrays
from services.enrich.nlp.artefacts import load

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from services.enrich.nlp.arrays import Arrays

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
_COLUMNS = ("kind", "country", "region", "latitude", "longitude", "people")


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
    firsts: NDArray[np.intp]
    numbers: NDArray[np.uint16]
    countries: Sequence[str]
    columns: Sequence[NDArray[Any]]
    version: str = ""

    @classmethod
    def from_artefacts(cls, models_dir: Path | None = None) -> Gazetteer:
        """Load the committed extract.

        :raises ArtefactUnusable: the file is missing or is not the one that was released.
        """
        artefact = load("gazetteer", models_dir)
        return cls.from_arrays(unpack_arrays(artefact.content), artefact.version)

    @classmethod
    def from_arrays(cls, arrays: Arrays, version: str = "") -> Gazetteer:
        """The gazetteer of `gazetteer_arrays`."""
        keys = decode_strings(arrays["keys"])
        return cls(
            dict(zip(keys, range(len(keys)), strict=True)),
            np.concatenate([[0], np.cumsum(arrays["counts"], dtype=np.intp)]),
            arrays["bearers"],
            decode_strings(arrays["countries"]),
            [arrays[name] for name in _COLUMNS],
            version,
        )

    def candidates(self, names: Sequence[str]) -> list[Place]:
        """The places that bear the first of these names that any place bears."""
        for name in names:
            row = self.rows.get(key_of(name))
            if row is not None:
                bearers = self.numbers[self.firsts[row] : self.firsts[row + 1]]
                return [self._place(number) for number in bearers.tolist()]
        return []

    def _place(self, number: int) -> Place:
        kind, country, region, latitude, longitude, people = (int(c[number]) for c in self.columns)
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


def gazetteer_arrays(names: Mapping[str, Sequence[int]], places: Sequence[Place]) -> Arrays:
    """A gazetteer as its file keeps it.

    :param names: for each key the numbers of the places that bear it, the largest first.
    """
    keys = sorted(names)
    countries = sorted({place.country for place in places})
    columns = {
        "kind": ("u1", [KINDS.index(place.kind) for place in places]),
        "country": ("u1", [countries.index(place.country) for place in places]),
        "region": ("u1", [place.region for place in places]),
        "latitude": ("<i2", [round(place.latitude * _HUNDREDTHS) for place in places]),
        "longitude": ("<i2", [round(place.longitude * _HUNDREDTHS) for place in places]),
        "people": ("<u2", [round(place.people * _HUNDREDTHS) for place in places]),
    }
    return {
        "countries": encode_strings(countries),
        "keys": encode_strings(keys),
        "counts": np.array([len(names[key]) for key in keys], np.uint8),
        "bearers": np.array([number for key in keys for number in names[key]], "<u2"),
        **{name: np.array(values, code) for name, (code, values) in columns.items()},
    }
