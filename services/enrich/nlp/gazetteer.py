"""Resolve place names to coordinates. Data by GeoNames (https://www.geonames.org/), CC BY 4.0.

Holds countries, states and provinces, and cities, each under its usual names. A name alone is
ambiguous (there are thirty Springfields): the article's other places decide, and then population.
Where neither does, nothing is returned.
"""

from __future__ import annotations

import math
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from services.enrich.nlp.arrays import decode_strings, encode_strings, unpack_arrays
from services.enrich.nlp.artefacts import load_artefact

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from services.enrich.nlp.arrays import Arrays

ToponymKind = Literal["country", "region", "city"]
KINDS: tuple[ToponymKind, ...] = ("country", "region", "city")
# Without support by another place, a name is resolved to a city of this size (in ln of people) …
_LARGE = math.log(100_000)
# … if no other bearer of the name has more than a fifth of its population.
_CLEAR_MARGIN = math.log(5)
# What support by another place of the article is worth, as a factor of population: the same
# country named, a state or province named.
_SAME_COUNTRY = math.log(200)
_SAME_REGION = math.log(2_000)
_COUNTRY = math.log(1_000_000_000)
_REGION = math.log(3_000_000)
_HUNDREDTHS = 100
_COLUMNS = ("kind", "country", "region", "latitude", "longitude", "people")


class Toponym(NamedTuple):
    """A place. `country` is its ISO code; `region` the number of its state or province, 0 if
    unknown; `latitude` and `longitude` are degrees north and east; `people` is the natural
    logarithm of its population.
    """

    kind: ToponymKind
    country: str
    region: int
    latitude: float
    longitude: float
    people: float


@dataclass(frozen=True, slots=True)
class Gazetteer:
    """Places by name. `rows` maps a key (see `toponym_key`) to a row; the places of row i, largest
    first, are `numbers[firsts[i]:firsts[i + 1]]`; `columns` hold the fields of all places.
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
        artefact = load_artefact("gazetteer", models_dir)
        return cls.from_arrays(unpack_arrays(artefact.content), artefact.version)

    @classmethod
    def from_arrays(cls, arrays: Arrays, version: str = "") -> Gazetteer:
        """The gazetteer that `gazetteer_arrays` made arrays of."""
        keys = decode_strings(arrays["keys"])
        return cls(
            dict(zip(keys, range(len(keys)), strict=True)),
            np.concatenate([[0], np.cumsum(arrays["counts"], dtype=np.intp)]),
            arrays["bearers"],
            decode_strings(arrays["countries"]),
            [arrays[name] for name in _COLUMNS],
            version,
        )

    def candidates(self, names: Sequence[str]) -> list[Toponym]:
        """The places that bear the first of these names that is in the gazetteer."""
        for name in names:
            row = self.rows.get(toponym_key(name))
            if row is not None:
                bearers = self.numbers[self.firsts[row] : self.firsts[row + 1]]
                return [self._toponym(number) for number in bearers.tolist()]
        return []

    def _toponym(self, number: int) -> Toponym:
        kind, country, region, latitude, longitude, people = (int(c[number]) for c in self.columns)
        return Toponym(
            KINDS[kind],
            self.countries[country],
            region,
            latitude / _HUNDREDTHS,
            longitude / _HUNDREDTHS,
            people / _HUNDREDTHS,
        )

    def locate(self, places: Sequence[Sequence[str]]) -> Toponym | None:
        """The location of an article: the first of its places that can be resolved.

        :param places: the names of each place mentioned, the most salient place first, the usual
            name first.
        """
        found = [self.candidates(names) for names in places]
        for i, bearers in enumerate(found):
            if not bearers:
                continue
            others = [other for j, other in enumerate(found) if j != i and other]
            if (toponym := _resolve(bearers, others)) is not None:
                return toponym
        return None


def _resolve(bearers: Sequence[Toponym], others: Sequence[Sequence[Toponym]]) -> Toponym | None:
    """The bearer that is meant, given the bearers of the article's other names."""
    ranked = sorted(((_weight(b, others), b) for b in bearers), key=lambda pair: -pair[0])
    weight, best = ranked[0]
    if weight < _LARGE:
        return None
    if len(ranked) > 1 and weight - ranked[1][0] < _CLEAR_MARGIN:
        return None
    return best


def _weight(toponym: Toponym, others: Sequence[Sequence[Toponym]]) -> float:
    """How likely a bearer is meant, on the scale of ln of people."""
    if toponym.kind == "country":
        base = _COUNTRY
    else:
        base = max(toponym.people, _REGION) if toponym.kind == "region" else toponym.people
    support = 0.0
    for bearers in others:
        for other in bearers:
            if other.country != toponym.country or (len(bearers) > 1 and other.kind == "city"):
                continue
            same_region = other.region == toponym.region and toponym.kind == "city"
            if other.kind == "region" and same_region:
                support = max(support, _SAME_REGION)
            elif other.kind == "country" or toponym.kind != "city":
                support = max(support, _SAME_COUNTRY)
            elif other.kind == "region":
                support = max(support, _SAME_COUNTRY / 2)
    return base + support


def toponym_key(name: str) -> str:
    """A name normalised for look-up: without case, accents, punctuation, or leading `the`."""
    plain = name
    if not name.isascii():
        parts = unicodedata.normalize("NFKD", name)
        plain = "".join(c for c in parts if not unicodedata.combining(c))
    words = "".join(c if c.isalnum() else " " for c in plain.lower() if c not in ".'’`").split()
    if len(words) > 1 and words[0] == "the":
        del words[0]
    return " ".join(words)


def gazetteer_arrays(names: Mapping[str, Sequence[int]], toponyms: Sequence[Toponym]) -> Arrays:
    """The arrays of a gazetteer's file.

    :param names: for each key the numbers of the places that bear it, the largest first.
    """
    keys = sorted(names)
    countries = sorted({toponym.country for toponym in toponyms})
    columns = {
        "kind": ("u1", [KINDS.index(toponym.kind) for toponym in toponyms]),
        "country": ("u1", [countries.index(toponym.country) for toponym in toponyms]),
        "region": ("u1", [toponym.region for toponym in toponyms]),
        "latitude": ("<i2", [round(toponym.latitude * _HUNDREDTHS) for toponym in toponyms]),
        "longitude": ("<i2", [round(toponym.longitude * _HUNDREDTHS) for toponym in toponyms]),
        "people": ("<u2", [round(toponym.people * _HUNDREDTHS) for toponym in toponyms]),
    }
    return {
        "countries": encode_strings(countries),
        "keys": encode_strings(keys),
        "counts": np.array([len(names[key]) for key in keys], np.uint8),
        "bearers": np.array([number for key in keys for number in names[key]], "<u2"),
        **{name: np.array(values, code) for name, (code, values) in columns.items()},
    }
