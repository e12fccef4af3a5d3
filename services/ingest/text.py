"""Normalising text: NFC, Unix line ends, no control characters, no stray white space.

Time is linear in the text, whatever it holds.
"""

import re
import unicodedata

# Each of these is one set of characters: such a search costs a tenth of one with alternatives.
# Everything that an editor or a browser would show as a new line.
_LINE_END = re.compile("[\r\v\f\x85\u2028\u2029]")
# C0 and C1 controls but tab and newline, and byte order marks: none has a shape on paper.
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ufeff]")
_ODD_SPACE = re.compile("[\t\xa0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_SPACES = re.compile(" {2,}")
_SPACED_LINE_END = re.compile(" ?\n ?")
_BLANK_LINES = re.compile("\n{3,}")

# CPython sorts a run of combining marks by insertion: a megabyte of them would take hours. Runs are
# cut as Unicode's stream-safe format does it (UAX 15), by a joiner that shows nothing.
_RUN_OF_MARKS = 30
_JOINER = "\u034f"
_LAST_MARK = 0x1F000
_MARKS = "".join(chr(code) for code in range(0x300, _LAST_MARK) if unicodedata.combining(chr(code)))
_LONG_RUN = re.compile(f"[{_MARKS}][{_MARKS}]{{{_RUN_OF_MARKS - 1}}}(?=[{_MARKS}])")
# The set above is slow to search for what lies beyond the Basic Multilingual Plane: this one takes
# all of that for marks, and only what it finds is looked at closely.
_SUSPECTS = "".join(mark for mark in _MARKS if mark <= "\uffff") + "\U00010000-\U0001efff"
_SUSPECT_RUN = re.compile(f"[{_SUSPECTS}][{_SUSPECTS}]{{{_RUN_OF_MARKS}}}")


def clean_text(raw: str) -> str:
    """Normalise paragraphs: lines stripped, at most one blank line between two of them."""
    clean = _CONTROL.sub("", _LINE_END.sub("\n", raw.replace("\r\n", "\n")))
    if not clean.isascii():
        if _SUSPECT_RUN.search(clean):
            clean = _LONG_RUN.sub(rf"\g<0>{_JOINER}", clean)
        clean = unicodedata.normalize("NFC", clean)
    clean = _ODD_SPACE.sub(" ", clean)
    # Asked first, because most texts are clean, and asking is a search in C.
    if "  " in clean:
        clean = _SPACES.sub(" ", clean)
    if " \n" in clean or "\n " in clean:
        clean = _SPACED_LINE_END.sub("\n", clean)
    if "\n\n\n" in clean:
        clean = _BLANK_LINES.sub("\n\n", clean)
    return clean.strip()


def clean_line(raw: str) -> str:
    """Normalise to one line: every white space is a single space."""
    return " ".join(clean_text(raw).split())
