"""What reaches the terminal: never a control character, never markup from an article."""

import json
import sys
from typing import Any

from rich.console import Console
from rich.text import Text

# Where nobody looks at the width, ids and headlines should not be cut.
PIPED_WIDTH = 160

_KEPT = "\n\t"
# Controls could move the cursor or retitle the window; separators break lines; the bidirectional
# ones can make a headline read as another. U+FFFD shows that something was there.
_UNSAFE = [
    *range(0x20),
    *range(0x7F, 0xA0),
    0x061C,
    *range(0x200E, 0x2010),
    *range(0x2028, 0x202F),
    *range(0x2066, 0x206A),
    0xFEFF,
    *range(0xD800, 0xE000),
]
_SHOWN = dict.fromkeys((code for code in _UNSAFE if chr(code) not in _KEPT), "\ufffd")
# JSON keeps them all, as escapes: the value is exact and the terminal safe.
_ESCAPED = {code: f"\\u{code:04x}" for code in _UNSAFE if code >= 0x20}  # noqa: PLR2004 - json's own


def plain(text: object) -> str:
    """Text of any origin, safe to print; line breaks and tabs stay."""
    return str(text).replace("\r\n", "\n").translate(_SHOWN)


def on_one_line(text: object) -> str:
    """Text of any origin, safe to print in a line or a table's cell."""
    return " ".join(plain(text).split())


def words(text: object, style: str = "") -> Text:
    """Text of any origin for rich: no markup is read in it."""
    return Text(on_one_line(text), style=style)


def as_json(value: Any) -> str:  # noqa: ANN401 - whatever JSON can say
    """JSON for people and programs: exact, indented, safe to print."""
    return json.dumps(value, ensure_ascii=False, indent=2).translate(_ESCAPED)


def output() -> Console:
    """Standard output. Strings are printed as they are."""
    return _console(stderr=False)


def messages() -> Console:
    """Standard error, for progress and complaints."""
    return _console(stderr=True)


def _console(*, stderr: bool) -> Console:
    console = Console(stderr=stderr, markup=False, highlight=False, emoji=False)
    if not console.is_terminal and "COLUMNS" not in console._environ:  # noqa: SLF001 - as rich does
        console.width = PIPED_WIDTH
    return console


def say(text: str) -> None:
    """A line on standard error."""
    messages().print(plain(text), soft_wrap=True)


def show_json(value: Any) -> None:  # noqa: ANN401 - whatever JSON can say
    """Print JSON, and nothing else, on standard output."""
    sys.stdout.write(as_json(value) + "\n")
