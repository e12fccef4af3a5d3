"""Split text into tokens and sentences, each with exact character offsets.

For any string, `text[start:end]` is the token, tokens are in order and never overlap, and every
sentence is a run of tokens. Time is linear in the text: each pattern below advances without
backtracking over more than a bounded number of characters, or fails at its first one.

The conventions are those of the entity model's training data: `'s` and `n't` are tokens, initials
and abbreviations keep their full stop, lower-case compounds stay whole (`state-run`) and compounds
with a capital or a digit are split at the hyphen (`US`, `-`, `led`), so that the name inside them
can be found.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# A sentence longer than this is cut: what reads sentences may cost more than linearly in one.
MAX_SENTENCE_TOKENS = 200

# Combining marks and joiners are no \w, yet belong to the word they stand in.
_W = r"[\w\u0300-\u036f\u200c\u200d]"
_CLITIC = r"(?:[sS]|[rR][eE]|[vV][eE]|[lL][lL]|[dDmM])"
_ABBREVIATIONS = (
    "Adm|Apr|Assn|Aug|Ave|Bros|Brig|Bt|Cap|Capt|Cie|Cmdr|Co|Col|Corp|Cos|Cpl|Dec|Dept|Dr|Dra|Drs|"
    "Eng|Feb|Fr|Ft|Gen|Gov|Hon|Inc|Insp|Jan|Jr|Jun|Lt|Ltd|Maj|Messrs|Mgr|Mme|Mlle|Mr|Mrs|Ms|Mt|"
    "No|Nov|Oct|Ph|Prof|Pty|Pvt|Rep|Reps|Rev|Rt|Sen|Sens|Sep|Sept|Sgt|Sr|Sra|St|Ste|Supt|Univ|"
    "cf|ca|ed|eds|etc|pp|vs|viz|approx|dept|est|max|min"
)
_TOKEN = re.compile(
    rf"""
    (?=\S)(?:                  # most places between tokens are blank, and need no more than this
      [A-Za-z]++(?=[\s,;)])     # most words: none of what follows would make another token of them
    | (?:(?<={_W})|(?<=\s))(?:['’]{_CLITIC}|[nN]['’][tT])(?!{_W})   # 's 're n't, after a word
    | (?<!{_W})(?:[^\W\d_]\.){{1,8}}(?<=[^\W\d_a-z]\.)   # U.S. J.K.
    | (?<!{_W})(?:[a-z]\.){{2,8}}                        # a.m. e.g.
    | (?<!{_W})(?:{_ABBREVIATIONS})\.
    | (?:https?://|www\.)[^\s<>"”’]{{1,2000}}
    | \d+(?:[.,:]\d+)+
    | {_W}{{1,24}}?(?=[nN]['’][tT](?!{_W}))              # does | n't
    | [A-Z]{{1,8}}(?:&[A-Z]{{1,8}})+                     # AT&T
    | [a-z]+(?:-[a-z]+)+(?!{_W})
    | {_W}+(?:['’](?!{_CLITIC}(?!{_W})){_W}+)*           # O'Brien, not Kim's
    | (?:(?P<mark>[^\w\s])(?P=mark)*)(?![^\w\s]{{6}})    # one mark, or a run of the same
    | [^\w\s]+                                           # junk is one token, however long
    )
    """,
    re.VERBOSE,
)
_ENDS = frozenset(".!?…。！？")  # noqa: RUF001 - these are the full stops of other scripts
_WIDE_ENDS = frozenset("。！？")  # noqa: RUF001 - no space follows these
_CLOSERS = frozenset("\"'”’)]»")
# A sentence may follow an abbreviation where one of these, never part of a name, comes next.
_STARTERS = frozenset(
    (  # noqa: SIM905 - one word a line would hide the list
        "A After Although An And As At But By For From He Her His However I If In It Its Meanwhile "
        "My On Our She Since So That The Their There These They This Those Though To Under We What "
        "When While With You"
    ).split()
)
_ENDING_ABBREVIATIONS = frozenset({"Inc.", "Corp.", "Co.", "Ltd.", "Jr.", "Sr.", "etc."})


@dataclass(frozen=True, slots=True)
class Segments:
    """The tokens and sentences of a text. Token i is `words[i]`, at `text[starts[i]:ends[i]]`; a
    sentence is a range of tokens.
    """

    words: list[str]
    starts: list[int]
    ends: list[int]
    sentences: list[tuple[int, int]]

    def spans(self) -> Iterator[tuple[int, int]]:
        """The start and end of each sentence in the text."""
        for first, last in self.sentences:
            yield self.starts[first], self.ends[last - 1]


def segment(text: str) -> Segments:
    """Split a text into tokens and sentences. Whitespace alone gives none of either."""
    matches = list(_TOKEN.finditer(text))
    words = [match[0] for match in matches]
    starts = [match.start() for match in matches]
    ends = [match.end() for match in matches]
    bounds = _bounds(text, words, starts, ends)
    return Segments(words, starts, ends, list(pairwise(bounds)))


def group_by_size(sizes: Sequence[int], max_size: int) -> list[range]:
    """Group consecutive items so that no group exceeds `max_size`, but for an item that does alone.

    :returns: the item numbers of each group.
    """
    groups: list[range] = []
    begin = total = 0
    for i, size in enumerate(sizes):
        if i > begin and total + size > max_size:
            groups.append(range(begin, i))
            begin, total = i, 0
        total += size
    if begin < len(sizes):
        groups.append(range(begin, len(sizes)))
    return groups


def _bounds(text: str, words: list[str], starts: list[int], ends: list[int]) -> list[int]:
    """The token numbers at which sentences begin, and the number of tokens after the last."""
    bounds = [0] if words else []
    count = len(words)
    i = 0
    while i < count:
        word = words[i]
        i += 1
        if word[-1] in _ENDS:
            while i < count and words[i][0] in _CLOSERS and starts[i] == ends[i - 1]:
                i += 1
            # Quotes set off by spaces close a sentence only where nothing else can be meant.
            if i < count and _ends_sentence(word, words, i, spaced=starts[i] > ends[i - 1]):
                bounds.append(i)
                continue
        if i < count and (
            i - bounds[-1] >= MAX_SENTENCE_TOKENS
            or (starts[i] - ends[i - 1] > 1 and _blank_line(text, ends[i - 1], starts[i]))
        ):
            bounds.append(i)
    if words:
        bounds.append(count)
    return bounds


def _blank_line(text: str, start: int, end: int) -> bool:
    return text.count("\n", start, end) > 1 or "\u2029" in text[start:end]


def _ends_sentence(word: str, words: list[str], following: int, *, spaced: bool) -> bool:
    if word[-1] in _WIDE_ENDS:
        return True
    if not spaced:
        return False
    after = words[following]
    if len(word) > 1 and word[0].isalnum():
        # An abbreviation with its full stop.
        ends = "." in word[:-1] or word in _ENDING_ABBREVIATIONS
        return ends and after in _STARTERS
    if word == "." and following > 1:
        before = words[following - 2]
        if len(before) == 1 and before.isupper() and after not in _STARTERS:
            return False  # an initial that was set off from its full stop
    return not after[0].islower()
