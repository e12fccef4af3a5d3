"""The features of a sentence that the model of target sentiment sees. Training calls the same
functions.

A feature is of one word, of two consecutive words, or of the words next to the target. How a word's
features count depends on its side of the target and its distance from it (their slot), so that all
that a form adds can be summed once and cached.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.enrich.nlp.cache import BoundedCache

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# The slots of a feature: by proximity on the left or the right, anywhere, or close by only.
LEFT, RIGHT, ANYWHERE, CLOSE_LEFT, CLOSE_RIGHT = range(5)
SLOTS = 5
# A word at this distance counts half.
_HALF_DISTANCE = 6.0
CLOSE = 3
# Words on either side of the target that are read: more does not help, and junk stays cheap.
MAX_CONTEXT_WORDS = 60
PROXIMITY = [1 / (1 + distance / _HALF_DISTANCE) for distance in range(MAX_CONTEXT_WORDS + 1)]
_NEGATION_REACH = 3
_NEGATIONS = frozenset(
    (  # noqa: SIM905 - one word a line would hide the list
        "not n't n’t no never without hardly barely neither nor none cannot rarely seldom despite "
        "fails failed fail deny denied denies refuse refused refuses unlikely lack lacks stop "
        "stopped against reject rejects rejected"
    ).split()
)
_FULL_STOPS = frozenset(".!?\"”'’…")
# Replaces names, so that the model does not learn opinions of whom a text is about.
NAME = "N"
_ANYWHERE_WEIGHT = 0.7
_CLUSTER_WEIGHT = 0.5
_VALENCE_WEIGHT = 0.75
_NEGATED_VALENCE = -0.7
BIGRAM_WEIGHT = 0.7

Feature = tuple[int, str, float]


@dataclass(frozen=True, slots=True)
class SentenceFeatures:
    """A sentence as the model sees it; `negated` states for each word if it is negated."""

    forms: Sequence[str]
    words: Sequence[str]
    negated: Sequence[bool]
    headline: bool


def _form(word: str) -> tuple[str, str, bool]:
    """The form of a word in a headline, its form in another sentence, whether it is a negation."""
    lower = word.lower()
    if word[0].isdigit():
        return "0", "0", False
    inside = NAME if word[0].isupper() and not word.isupper() else lower
    return lower, inside, lower in _NEGATIONS


_form_cache = BoundedCache(_form)


def sentence_features(words: Sequence[str]) -> SentenceFeatures:
    """The features of a sentence, given its tokens."""
    last = words[-1]
    headline = not (last in _FULL_STOPS or (len(last) > 1 and last[-1] in _FULL_STOPS))
    both = [_form_cache[word] for word in words]
    # A capital marks a name, except at the beginning and in headlines, where all may have one.
    forms = [both[0][0], *[form[0] if headline else form[1] for form in both[1:]]]
    negated = [False] * len(words)
    for i, form in enumerate(both):
        if form[2]:
            negated[i + 1 : i + 1 + _NEGATION_REACH] = [True] * len(
                negated[i + 1 : i + 1 + _NEGATION_REACH]
            )
    return SentenceFeatures(forms, words, negated, headline)


def word_features(
    form: str,
    *,
    negated: bool,
    headline: bool,
    clusters: Sequence[int] | None,
    valence: float,
) -> Iterator[Feature]:
    """The features of one word: the slot, the name and the value of each."""
    mark = "!" if negated else ""
    own = "H" if headline else "S"
    for kind in ("", own):
        yield LEFT, f"{kind}L{form}{mark}", 1.0
        yield RIGHT, f"{kind}R{form}{mark}", 1.0
        yield ANYWHERE, f"{kind}B{form}{mark}", _ANYWHERE_WEIGHT
    yield CLOSE_LEFT, f"l{form}", 1.0
    yield CLOSE_RIGHT, f"r{form}", 1.0
    if clusters is not None:
        for name, cluster in zip("cd", clusters, strict=False):
            yield LEFT, f"L{name}{cluster}{mark}", _CLUSTER_WEIGHT
            yield RIGHT, f"R{name}{cluster}{mark}", _CLUSTER_WEIGHT
    if valence:
        valence_weight = valence * _VALENCE_WEIGHT * (_NEGATED_VALENCE if negated else 1.0)
        sign = "+" if valence_weight > 0 else "-"
        yield LEFT, f"LV{sign}", abs(valence_weight)
        yield RIGHT, f"RV{sign}", abs(valence_weight)
        yield ANYWHERE, f"V{sign}", abs(valence_weight)


def bigram_features(side: str, one: str, other: str, *, headline: bool) -> tuple[str, str]:
    """The features of two consecutive words."""
    key = f"{side}{one} {other}"
    return key, f"{'H' if headline else 'S'}{key}"


def adjacent_features(forms: Sequence[str], first: int, last: int, *, headline: bool) -> list[str]:
    """The features of the words next to the target, tokens `first` to `last` (exclusive)."""
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
