"""Countries that are or were divided, whose halves newspapers call `the North` or `the East`."""

from __future__ import annotations

# The name of each half as it is written in full.
HALVES = frozenset(
    (half, country)
    for halves, countries in (
        (("North", "South"), ("Korea", "Sudan", "Vietnam", "Yemen")),
        (("East", "West"), ("Germany",)),
    )
    for half in halves
    for country in countries
)
