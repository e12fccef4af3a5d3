"""What the model of target sentiment sees of a sentence. Training calls the same functions.

A feature belongs to one word, to two in a row, or to what touches the target. How a word's features
count depends on the side of the target it stands on and how far from it (their slot), so that all
that a form adds can be summed once and remembered.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.enrich.nlp.cache import Memory

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# How a feature counts: by nearness on the left or the right, wherever it stands, or close by only.
LEFT, RIGHT, ANYWHERE, CLOSE_LEFT, CLOSE_RIGHT = range(5)
SLOTS = 5
# A word at this distance counts half.
_HALF = 6.0
CLOSE = 3
# So many words on either side of the target are read: more tells nothing, and junk stays cheap.
MOST_WORDS = 60
NEARNESS = [1 / (1 + distance / _HALF) for distance in range(MOST_WORDS + 1)]
_NEGATED_WITHIN = 3
_NEGATIONS = frozenset(
    (  # noqa: SIM905 - one word a line would hide the list
        "not n't n’t no never without hardly barely neither nor none cannot rarely seldom despite "
        "fails failed fail deny denied denies refuse refused refuses unlikely lack lacks stop "
        "stopped against reject rejects rejected"
    ).split()
)
_FULL_STOPS = frozenset(".!?\"”'’…")
# What stands for a name, whichever it is.
NAME = "N"
_WORTH_ANYWHERE = 0.7
_CLUSTER_WORTH = 0.5
_LEXICON_WORTH = 0.75
_FLIPPED = -0.7
PAIR_WORTH = 0.7

Feature = tuple[int, str, float]


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence as the model sees it; `negated` tells of each word if a negation is before it."""

    forms: Sequence[str]
    words: Sequence[str]
    negated: Sequence[bool]
    headline: bool


def _form(word: str) -> tuple[str, str, bool]:
    """A word in a headline, a word within another sentence, whether it negates."""
    lower = word.lower()
    if word[0].isdigit():
        return "0", "0", False
    inside = NAME if word[0].isupper() and not word.isupper() else lower
    return lower, inside, lower in _NEGATIONS


_forms = Memory(_form)


def sentence(words: Sequence[str]) -> Sentence:
    """What is seen of a sentence, given its tokens."""
    last = words[-1]
    headline = not (last in _FULL_STOPS or (len(last) > 1 and last[-1] in _FULL_STOPS))
    known = [_forms[word] for word in words]
    # A capital tells of a name but at the beginning, and in headlines, where all may have one.
    forms = [known[0][0], *[form[0] if headline else form[1] for form in known[1:]]]
    negated = [False] * len(words)
    for i, form in enumerate(known):
        if form[2]:
            negated[i + 1 : i + 1 + _NEGATED_WITHIN] = [True] * len(
                negated[i + 1 : i + 1 + _NEGATED_WITHIN]
            )
    return Sentence(forms, words, negated, headline)


def features(
    form: str,
    *,
    negated: bool,
    headline: bool,
    clusters: Sequence[int] | None,
    valence: float,
) -> Iterator[Feature]:
    """What is seen of one word: the slot each feature counts in, its name and its value."""
    mark = "!" if negated else ""
    own = "H" if headline else "S"
    for kind in ("", own):
        yield LEFT, f"{kind}L{form}{mark}", 1.0
        yield RIGHT, f"{kind}R{form}{mark}", 1.0
        yield ANYWHERE, f"{kind}B{form}{mark}", _WORTH_ANYWHERE
    yield CLOSE_LEFT, f"l{form}", 1.0
    yield CLOSE_RIGHT, f"r{form}", 1.0
    if clusters is not None:
        for name, cluster in zip("cd", clusters, strict=False):
            yield LEFT, f"L{name}{cluster}{mark}", _CLUSTER_WORTH
            yield RIGHT, f"R{name}{cluster}{mark}", _CLUSTER_WORTH
    if valence:
        felt = valence * _LEXICON_WORTH * (_FLIPPED if negated else 1.0)
        sign = "+" if felt > 0 else "-"
        yield LEFT, f"LV{sign}", abs(felt)
        yield RIGHT, f"RV{sign}", abs(felt)
        yield ANYWHERE, f"V{sign}", abs(felt)


def pair_keys(side: str, one: str, other: str, *, headline: bool) -> tuple[str, str]:
    """The features of two words in a row."""
    key = f"{side}{one} {other}"
    return key, f"{'H' if headline else 'S'}{key}"


def around(forms: Sequence[str], first: int, last: int, *, headline: bool) -> list[str]:
    """The features of the words that touch the target, tokens `first` to `last` (exclusive)."""
    before2, before = ("<", "<", *forms[max(0, first - 2) : first])[-2:]
    after, after2, after3 = (*forms[last : last + 3], ">", ">", ">")[:3]
    own = "H" if headline else "S"
    return [
        own,
        f"1{before}",
        f"2{after}",
        f"3{after} {after2}",
        f"{own}1{before}",
        f"{own}2{after}",
        f"{own}3{after} {after2}",
        f"4{before2} {before}",
        f"5{after2} {after3}",
        f"6{before} {after}",
    ]
