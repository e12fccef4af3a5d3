"""One dead letter whole, for a person, a program, or byte for byte."""

import base64
import json
import math
import sys
from datetime import UTC, datetime
from typing import Any, NoReturn

from rich.table import Table

from services.cli.dead_letters.reader import Exhumed
from services.cli.support.output import as_json, output, plain, words
from services.contracts.dead_letters import FIRST_ARRIVAL, REPLAY_OF, DeadLetter
from services.contracts.timestamps import format_utc

_LINE_BYTES = 16
# Headers that are told in other words; the rest is listed as it is.
_IN_WORDS = {FIRST_ARRIVAL, REPLAY_OF} | {n for n, _ in DeadLetter.from_headers(()).headers()}


def to_json(letter: Exhumed) -> dict[str, Any]:
    """Everything; bytes that are not UTF-8 in base64."""
    return letter.buried.to_json() | {
        "key": _said(letter.key),
        "value": _said(letter.value),
        "headers": [{"name": name} | (_said(value) or {}) for name, value in letter.headers],
    }


def show(letter: Exhumed, replayed: str | None) -> None:
    """Print what the headers say, in words, and then the bytes."""
    console = output()
    table = Table(show_header=False, box=None)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts(letter, replayed):
        table.add_row(name, words(value))
    console.print(table)
    console.print()
    sys.stdout.write(readable(letter.value) + "\n")


def facts(letter: Exhumed, replayed: str | None) -> list[tuple[str, str]]:
    """What the headers say, by name; nothing empty."""
    told = letter.buried.letter
    other = [(name, value) for name, value in letter.headers if name not in _IN_WORDS]
    rows = [
        ("dead letter", str(letter.buried.place)),
        ("refused by", f"{told.service} at {told.time}"),
        ("because", told.reason),
        ("attempt", str(told.attempt)),
        ("it was", f"{told.topic}, partition {told.partition}, offset {told.offset}"),
        ("first came", moment(told.first_arrival_ms) or ""),
        ("replay of", _inline(dict(letter.headers).get(REPLAY_OF))),
        ("replayed", replayed or "no"),
        ("key", "" if letter.key is None else _inline(letter.key)),
        *((name, _inline(value)) for name, value in other),
        ("bytes", "none" if letter.value is None else str(len(letter.value))),
    ]
    return [(name, value) for name, value in rows if value]


def moment(unix_ms: int | None) -> str | None:
    """A time of the broker's clock, as the headers of dead letters write it; None stays None."""
    if unix_ms is None:
        return None
    try:
        return format_utc(datetime.fromtimestamp(unix_ms / 1000, UTC))
    except (OverflowError, ValueError):
        return None


def readable(value: bytes | None) -> str:
    """The bytes as JSON, as text, or in hexadecimal; safe to print."""
    if value is None:
        return ""
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return hexdump(value)
    try:
        return as_json(_faithful(text))
    except (ValueError, RecursionError):
        return plain(text)


def suffix(value: bytes | None) -> str:
    """Of a file that would hold the bytes."""
    return ".json" if (value or b"").lstrip()[:1] in (b"{", b"[") else ".txt"


def hexdump(value: bytes) -> str:
    """Offset, bytes and letters, sixteen to the line."""
    lines = []
    for start in range(0, len(value), _LINE_BYTES):
        part = value[start : start + _LINE_BYTES]
        letters = "".join(chr(b) if 0x20 <= b < 0x7F else "." for b in part)  # noqa: PLR2004 - ASCII
        lines.append(f"{start:08x}  {part.hex(' '):<{3 * _LINE_BYTES}} {letters}")
    return "\n".join(lines)


def _faithful(text: str) -> Any:  # noqa: ANN401 - whatever JSON can say
    """Read JSON, but only if nothing of it would be lost: it may be why the letter died.

    :raises ValueError: it is not JSON, or has names twice, or numbers that would change.
    """

    def each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise ValueError("a name comes twice")
        return found

    def exact(number: str) -> float:
        value = float(number)
        if not math.isfinite(value) or repr(value) != number:
            raise ValueError("a number would change")
        return value

    def refuse(word: str) -> NoReturn:
        raise ValueError(f"{word} is not JSON")

    return json.loads(text, object_pairs_hook=each_once, parse_float=exact, parse_constant=refuse)


def _said(value: bytes | None) -> dict[str, str] | None:
    if value is None:
        return None
    try:
        return {"text": value.decode()}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(value).decode()}


def _inline(value: bytes | None) -> str:
    try:
        return (value or b"").decode()
    except UnicodeDecodeError:
        return (value or b"").hex(" ")
