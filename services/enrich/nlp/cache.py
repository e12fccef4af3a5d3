"""Bounded caches of what is computed for single words.

Nearly every word of an article has occurred before. A plain dictionary answers sooner than
`functools.lru_cache`, which also moves what it is asked for to the front.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

K = TypeVar("K")
V = TypeVar("V")

# The entries of one cache; when there are more, the older half is dropped.
MAX_ENTRIES = 20_000


def put_bounded(cache: dict[K, V], key: K, value: V) -> V:
    """Store a value, dropping the older half of the cache if it is full, and return the value."""
    if len(cache) >= MAX_ENTRIES:
        for old in list(islice(cache, MAX_ENTRIES // 2)):
            del cache[old]
    cache[key] = value
    return value


class BoundedCache(dict[K, V]):
    """The values of a function by its argument, each computed when it is first asked for."""

    def __init__(self, compute: Callable[[K], V]) -> None:
        super().__init__()
        self._compute = compute

    def __missing__(self, key: K) -> V:
        return put_bounded(self, key, self._compute(key))
