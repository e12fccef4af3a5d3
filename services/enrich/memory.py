"""What is remembered of words, within bounds."""

from __future__ import annotations

from itertools import islice
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


def remember(known: dict[K, V], key: K, value: V, most: int) -> V:
    """Keep a value and return it; where there are too many, forget the older half first."""
    if len(known) >= most:
        for old in list(islice(known, most // 2)):
            del known[old]
    known[key] = value
    return value
