"""What is remembered of words, within bounds.

Nearly every word of an article is one that came before. A plain dictionary answers sooner than
`functools.lru_cache`, which also moves what it is asked for to the front.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

K = TypeVar("K")
V = TypeVar("V")

# So many are remembered of each kind; when there are more, the older half is forgotten.
MOST = 20_000


def remember(known: dict[K, V], key: K, value: V) -> V:
    """Keep a value and return it."""
    if len(known) >= MOST:
        for old in list(islice(known, MOST // 2)):
            del known[old]
    known[key] = value
    return value


class Memory(dict[K, V]):
    """The values of a function, each found out when it is first asked for."""

    def __init__(self, of: Callable[[K], V]) -> None:
        super().__init__()
        self._of = of

    def __missing__(self, key: K) -> V:
        return remember(self, key, self._of(key))
