"""The lexicon: clusters of words with similar vectors, and names of places."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from services.enrich.nlp.arrays import decode_strings, encode_strings, unpack_arrays
from services.enrich.nlp.artefacts import load_artefact

if TYPE_CHECKING:
    from pathlib import Path

    from services.enrich.nlp.arrays import Arrays


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Word clusters and place names. `rows` maps a word to a row of `clusters`, whose columns run
    from fine to coarse; `places` maps a name, tokens joined by one space, to a letter for its kind;
    `max_lengths` maps the first word of the names of several words to the number of words of the
    longest.
    """

    rows: dict[str, int]
    clusters: list[tuple[int, ...]]
    places: dict[str, str]
    max_lengths: dict[str, int] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        for name in self.places:
            first, _, rest = name.partition(" ")
            if rest:
                length = rest.count(" ") + 2
                self.max_lengths[first] = max(length, self.max_lengths.get(first, 0))

    @classmethod
    def from_artefacts(cls, models_dir: Path | None = None) -> Lexicon:
        """Load the committed lexicon.

        :raises ArtefactUnusable: the file is missing or is not the one that was released.
        """
        return cls.from_arrays(unpack_arrays(load_artefact("lexicon", models_dir).content))

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Lexicon:
        """The inverse of `to_arrays`."""
        clusters = [tuple(row) for row in arrays["clusters"].tolist()]
        # One number in memory for all the words of a row.
        shared = list(range(len(clusters)))
        rows = map(shared.__getitem__, arrays["rows"].tolist())
        kinds = arrays["place_kinds"].tobytes().decode()
        return cls(
            dict(zip(decode_strings(arrays["words"]), rows, strict=True)),
            clusters,
            dict(zip(decode_strings(arrays["places"]), kinds, strict=True)),
        )

    def to_arrays(self) -> Arrays:
        """The arrays of the lexicon's file."""
        words, places = sorted(self.rows), sorted(self.places)
        kinds = "".join(self.places[place] for place in places)
        return {
            "words": encode_strings(words),
            "rows": np.array([self.rows[word] for word in words], "<u2"),
            "clusters": np.array(self.clusters, "<u2"),
            "places": encode_strings(places),
            "place_kinds": np.frombuffer(kinds.encode(), np.uint8),
        }

    def clusters_of(self, word: str) -> tuple[int, ...] | None:
        """The clusters of a word, None if the lexicon does not have it."""
        row = self.row_of(word)
        return None if row is None else self.clusters[row]

    def row_of(self, word: str) -> int | None:
        """The row of the word as written, else in lower case, else in title case, else without
        accents, which many writers leave out.
        """
        rows = self.rows
        row = rows.get(word)
        if row is None:
            row = rows.get(word.lower())
            if row is None:
                row = rows.get(word.title())
                if row is None and not word.isascii():
                    decomposed = unicodedata.normalize("NFD", word)
                    bare = "".join(c for c in decomposed if not unicodedata.combining(c))
                    row = self.row_of(bare) if bare != word else None
        return row
