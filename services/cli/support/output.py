"""Terminal output: no control characters and no markup from articles reach the terminal."""

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

# Where nobody looks at the width, ids and headlines should not be cut.
PIPED_WIDTH = 160
# A last column that is narrower than this is read better on lines of its own.
MIN_LAST_COLUMN = 40

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


def safe_text(text: object, style: str = "") -> Text:
    """Text of any origin for rich, on one line; markup in it is not interpreted."""
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


def print_message(text: str) -> None:
    """Print a line on standard error."""
    messages().print(plain(text), soft_wrap=True)


def print_json(value: Any) -> None:  # noqa: ANN401 - whatever JSON can say
    """Print JSON, and nothing else, on standard output."""
    sys.stdout.write(as_json(value) + "\n")


def print_rows(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table on standard output whose first column is never cut or wrapped.

    The last column may be long. Where the terminal is too narrow for a table, each row becomes a
    few lines: the first cell alone, then the others.
    """
    console = output()
    cells = [[on_one_line(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(headings, *cells, strict=True)]
    if sum(widths[:-1]) + 2 * len(widths) + MIN_LAST_COLUMN <= console.width:
        table = Table(box=None)
        for heading in headings[:-1]:
            table.add_column(heading, no_wrap=True)
        table.add_column(headings[-1], overflow="fold")
        for row in cells:
            table.add_row(*map(safe_text, row))
        console.print(table)
        return
    for first, *others, last in cells:
        console.print(safe_text(first, "bold"), soft_wrap=True)
        facts = zip(headings[1:-1], others, strict=True)
        line = ", ".join(f"{heading} {cell}" for heading, cell in facts)
        for text in (line, last):
            console.print(Padding(safe_text(text), (0, 0, 0, 2)))
