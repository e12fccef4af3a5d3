"""What is known of words before any text is read: clusters of similar words, names of places."""

from __future__ import annotations

import json
import sys
import unicodedata
import zlib
from array import array
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Lexicon:
    """`rows` maps a word to a row of `clusters`, whose columns run from fine to coarse; `places`
    maps a name, tokens joined by one space, to a letter for its kind; `longest` maps the first word
    of the names of several words to the number of words of the longest.
    """

    rows: dict[str, int]
    clusters: list[tuple[int, ...]]
    places: dict[str, str]
    longest: dict[str, int] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        for name in self.places:
            first, _, rest = name.partition(" ")
            if rest:
                length = rest.count(" ") + 2
                self.longest[first] = max(length, self.longest.get(first, 0))

    def clusters_of(self, word: str) -> tuple[int, ...] | None:
        """The clusters of a form."""
        row = self.row_of(word)
        return None if row is None else self.clusters[row]

    def row_of(self, word: str) -> int | None:
        """The row of the form itself, else of its lower case, else of its title case; else of what
        it is without accents, as many write it.
        """
        rows = self.rows
        row = rows.get(word)
        if row is None:
            row = rows.get(word.lower())
            if row is None:
                row = rows.get(word.title())
                if row is None and not word.isascii():
                    spread = unicodedata.normalize("NFD", word)
                    bare = "".join(c for c in spread if not unicodedata.combining(c))
                    row = self.row_of(bare) if bare != word else None
        return row


def pack(lexicon: Lexicon) -> bytes:
    """The lexicon as one compressed block: a line of JSON, then words, places and numbers."""
    words = sorted(lexicon.rows)
    places = sorted(lexicon.places)
    texts = ["\n".join(words).encode(), "\n".join(places).encode()]
    kinds = "".join(lexicon.places[place] for place in places).encode()
    numbers = array("H", [lexicon.rows[word] for word in words])
    table = array("H", [number for row in lexicon.clusters for number in row])
    width = len(lexicon.clusters[0])
    if sys.byteorder == "big":
        numbers.byteswap()
        table.byteswap()
    blocks = [*texts, kinds, numbers.tobytes(), table.tobytes()]
    head = json.dumps({"width": width, "sizes": [len(block) for block in blocks]}).encode()
    return zlib.compress(head + b"\n" + b"".join(blocks), 9)


def unpack(data: bytes) -> Lexicon:
    """The inverse of `pack`."""
    head, _, body = zlib.decompress(data).partition(b"\n")
    about = json.loads(head)
    blocks = []
    at = 0
    for size in about["sizes"]:
        blocks.append(body[at : at + size])
        at += size
    words, places, kinds = (block.decode() for block in blocks[:3])
    numbers, table = array("H", blocks[3]), array("H", blocks[4])
    if sys.byteorder == "big":
        numbers.byteswap()
        table.byteswap()
    width = about["width"]
    rows = [tuple(table[i : i + width]) for i in range(0, len(table), width)]
    # One number in memory for all the words of a row.
    shared = list(range(len(rows)))
    return Lexicon(
        dict(zip(words.split("\n"), map(shared.__getitem__, numbers), strict=True)),
        rows,
        dict(zip(places.split("\n"), kinds, strict=True)),
    )
