"""What word forms add to the scores of the labels around them, summed once and remembered.

Scores are told over that of O, as only differences count: O is 0 everywhere. To sum the weights of
many attributes for many labels at once, they are the lanes of one large integer.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from operator import add
from typing import TYPE_CHECKING, Any

from services.enrich.features import (
    OFFSETS,
    Setting,
    attributes,
    boundary,
    casing,
    headline_of,
    opening,
    pair,
    places,
)
from services.enrich.memory import MOST, remember

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from services.enrich.lexicon import Lexicon
    from services.enrich.weights import Weights

# Attributes with more weights are summed when the model is loaded, the many others when met.
_FEW = 8
_LANE_BITS = 32
_MOST_MET = 1_000
# Fewer words begin a sentence or stand in a headline.
_MOST_ELSEWHERE = MOST // 3
_INSIDE, _FIRST = Setting.INSIDE, Setting.FIRST

# Of one form, flat because that is quickest to read: the lead of O over the labels that begin a
# name, for each offset at which a label may stand from it; then for each offset the scores of these
# labels; then for each the scores of those inside a name; then its `casing`, if it has a capital,
# and the form.
Row = tuple[Any, ...]
BEGIN, INSIDE, _CASING, _CAPITAL, FORM = 5, 10, 15, 16, 17
# The scores of all labels that begin a name, then those of all inside one.
Scores = list[float]


@dataclass(slots=True)
class Forms:
    """The scores of word forms. `shift` is added to the labels of the form itself, `before` to
    those after the beginning of a sentence, `after` to those before its end.
    """

    weights: Weights
    lexicon: Lexicon
    shift: Sequence[float]
    before: Sequence[float]
    after: Sequence[float]
    _rows: tuple[dict[str, Row], ...] = field(default_factory=lambda: tuple({} for _ in Setting))
    # Of pairs and places: the scores at the token, and at the one before it.
    _added: dict[str, tuple[Scores, Scores]] = field(default_factory=dict)
    # The attributes of the forms that were met last.
    _met: dict[tuple[str, Setting], Sequence[str]] = field(default_factory=dict)
    # By slot: the lanes that a weight there counts in.
    _lanes: Sequence[int] = field(init=False)
    _level: int = field(init=False)
    _packed: struct.Struct = field(init=False)
    _sums: Mapping[str, int] = field(init=False)
    _own: Scores = field(init=False)
    _ahead: list[Row] = field(init=False)
    _behind: list[Row] = field(init=False)

    def __post_init__(self) -> None:
        named = len(self.weights.labels) - 1
        count = len(OFFSETS) * named
        self._packed = struct.Struct(f"<{count}i")
        self._level = sum(1 << (_LANE_BITS * lane + _LANE_BITS - 1) for lane in range(count))
        self._lanes = [lane for offset in range(len(OFFSETS)) for lane in self._layout(offset)]
        bounds = self.weights.bounds
        self._sums = {
            key: self._weighed(number)
            for key, number in self.weights.states.items()
            if bounds[number + 1] - bounds[number] > _FEW
        }
        self._own = self._base(0, self.shift)
        # Two tokens either side of a sentence are looked at; the farther one is nothing at all.
        nothing = self._row((), [0.0] * count)
        self._ahead = [nothing, self._row(_names(boundary(-1)), self._base(1, self.before))]
        self._behind = [self._row(_names(boundary(1)), self._base(-1, self.after)), nothing]

    def rows(self, words: Sequence[str]) -> list[Row]:
        """A row for each word of a sentence, and for the two places before it and after it."""
        known = self._rows[_INSIDE]
        try:
            rows = [known[word] for word in words]
        except KeyError:
            rows = [self._form(word, _INSIDE) for word in words]
        headline = headline_of(sum([row[_CASING] for row in rows]))
        if headline is not None:
            rows = [self._form(word, headline) for word in words]
        elif (first := opening(words)) is not None:
            rows[first] = self._form(words[first], _FIRST)
        return [*self._ahead, *rows, *self._behind]

    def added(self, words: Sequence[str], rows: Sequence[Row]) -> dict[int, Scores]:
        """What attributes add that are no single form's, by the token whose labels they score.

        :param rows: of these words alone.
        """
        extra: dict[int, Scores] = {}
        known = self.weights.states
        capitals = [i for i, row in enumerate(rows) if row[_CAPITAL]]
        # Of two words in a row either may have the capital.
        spots = {*capitals, *(i + 1 for i in capitals)} - {0, len(words)}
        keys = [(i, pair(words[i - 1], words[i])) for i in sorted(spots)]
        for i, key in keys:
            if key in known:
                here, ahead = self._added.get(key) or self._adds(key)
                other = extra.get(i - 1)
                extra[i - 1] = ahead if other is None else list(map(add, other, ahead))
                extra[i] = here
        for i, key in places(words, self.lexicon):
            if key in known:
                here, _ = self._added.get(key) or self._adds(key)
                extra[i] = list(map(add, extra[i], here)) if i in extra else here
        return extra

    def alone(self, scores: Sequence[float]) -> Row:
        """A row that gives the labels of its own token these scores, O as well, and others none."""
        return self._row((), self._base(0, scores))

    def _form(self, word: str, setting: Setting) -> Row:
        rows = self._rows[setting]
        row = rows.get(word)
        if row is None:
            found = _names(attributes(word, setting, self.lexicon))
            row = self._row(found, self._own, word, setting)
            remember(rows, word, row, MOST if setting is _INSIDE else _MOST_ELSEWHERE)
            if len(self._met) >= _MOST_MET:
                self._met.clear()
            self._met[word, setting] = found
        return row

    def attributes_of(self, form: tuple[str, Setting]) -> Sequence[str]:
        """The attributes of a form. Who asks for those that were just met need not wait."""
        found = self._met.pop(form, None)
        return found or _names(attributes(*form, self.lexicon))

    def _adds(self, key: str) -> tuple[Scores, Scores]:
        """What an attribute gives the labels of a token, and of the one before, remembered."""
        named = len(self.weights.labels) - 1
        scores = [number * self.weights.unit for number in self._numbers([key])]
        here, ahead = (scores[at * named : (at + 1) * named] for at in (2, 3))
        return remember(self._added, key, (here, ahead))

    def _row(
        self,
        found: Iterable[str],
        base: Scores,
        word: str = ".",
        setting: Setting = Setting.INSIDE,
    ) -> Row:
        """The row of a form with these attributes."""
        unit, types = self.weights.unit, len(self.weights.labels) // 2
        numbers = self._numbers(found)
        scores = [number * unit + other for number, other in zip(numbers, base, strict=True)]
        parts = [tuple(scores[at : at + types]) for at in range(0, len(scores), types)]
        begin, inside = parts[::2], parts[1::2]
        leads = [-max(each) for each in begin]
        return (*leads, *begin, *inside, casing(word), word[0].isupper(), (word, setting))

    def _numbers(self, keys: Iterable[str]) -> tuple[int, ...]:
        """The sum of the weights of attributes for each label at each offset, in units."""
        known, sums = self.weights.states, self._sums
        total = self._level
        for key in keys:
            if key in sums:
                total += sums[key]
            elif key in known:
                total += self._weighed(known[key])
        # Begun at a level from which no lane borrows of the next; now each is lowered by as much.
        packed = (total ^ self._level).to_bytes(self._packed.size, "little")
        return self._packed.unpack(packed)

    def _weighed(self, number: int) -> int:
        """The sum of the weights of the attribute of this number, each in its lanes."""
        bounds, slots, values = self.weights.bounds, self.weights.slots, self.weights.values
        lanes = self._lanes
        return sum(
            [values[at] * lanes[slots[at]] for at in range(bounds[number], bounds[number + 1])]
        )

    def _layout(self, offset: int) -> list[int]:
        """A one in the lane of each label at an offset; of O one less in those of all others."""
        named = len(self.weights.labels) - 1
        ones = [1 << (_LANE_BITS * (offset * named + lane)) for lane in range(named)]
        # Labels come as O, then B and I of each type; lanes as all B, then all I.
        return [-sum(ones), *(ones[i // 2 + i % 2 * named // 2] for i in range(named))]

    def _base(self, offset: int, scores: Sequence[float]) -> Scores:
        """Scores of the labels at an offset in the order of the lanes, and nothing elsewhere."""
        over = [score - scores[0] for score in scores]
        nothing = [0.0] * (len(scores) - 1)
        own = [*over[1::2], *over[2::2]]
        return [score for at in OFFSETS for score in (own if at == offset else nothing)]


def _names(found: Iterable[tuple[int, str]]) -> list[str]:
    return [key for _, key in found]
