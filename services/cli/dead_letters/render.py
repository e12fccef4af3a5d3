"""Print dead letters: a list, counts by reason, or one whole (as text, JSON or its bytes)."""

import base64
import json
import math
import sys
from typing import Any, NoReturn

from rich.table import Table

from services.cli.dead_letters.reader import DeadLetterRecord
from services.cli.dead_letters.summary import DeadLetterList, ReasonCounts
from services.cli.support.output import (
    as_json,
    output,
    plain,
    print_json,
    print_message,
    print_rows,
    safe_text,
)
from services.contracts.dead_letters import FIRST_ARRIVAL, REPLAY_OF, DeadLetter
from services.contracts.timestamps import format_unix_ms

_LINE_BYTES = 16
# Headers that have a line of their own; the others are listed as they are.
_DECODED = {FIRST_ARRIVAL, REPLAY_OF} | {n for n, _ in DeadLetter.from_headers(()).headers()}


def print_list(found: DeadLetterList, *, json_output: bool) -> None:
    """Print the newest dead letters as a table or as JSON."""
    if json_output:
        print_json(found.to_json())
        return
    if not found.entries:
        print_message("There are no dead letters.")
        return
    headings = ("dead letter", "time", "service", "attempt", "bytes", "replayed", "reason")
    rows = [
        (
            entry.ref,
            entry.dead_letter.time,
            entry.dead_letter.service,
            entry.dead_letter.attempt,
            entry.size_bytes,
            "no" if found.log.replayed_ms(entry) is None else "yes",
            entry.dead_letter.reason,
        )
        for entry in found.entries
    ]
    print_rows(headings, rows)
    total = sum(count or 0 for count in found.counts.values())
    output().print(
        f"{total} dead letters, {len(rows)} shown. `newsline dlq show {rows[0][0]}` shows the first"
        " one whole; `newsline dlq replay` sends dead letters back.",
        soft_wrap=True,
    )


def print_counts(found: ReasonCounts, *, json_output: bool) -> None:
    """Print dead letters by topic and reason as a table or as JSON."""
    if json_output:
        print_json(found.to_json())
        return
    if not found.total:
        print_message("There are no dead letters.")
        return
    table = Table(box=None)
    # Either may be copied into an option.
    table.add_column("topic", overflow="fold")
    table.add_column("reason", overflow="fold")
    table.add_column("dead letters", justify="right")
    table.add_column("not replayed", justify="right")
    for topic, code, count, still_open in found.rows():
        table.add_row(safe_text(topic), safe_text(code), f"{count:,}", f"{still_open:,}")
    output().print(table)


def print_record(
    record: DeadLetterRecord, replayed: str | None, *, json_output: bool, raw: bool
) -> None:
    """Print a dead letter whole, or nothing but its bytes."""
    if raw:
        sys.stdout.buffer.write(record.value or b"")
        sys.stdout.buffer.flush()
        return
    if json_output:
        print_json(to_json(record) | {"replayed": replayed})
        return
    console = output()
    table = Table(show_header=False, box=None)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts(record, replayed):
        table.add_row(name, safe_text(value))
    console.print(table)
    console.print()
    sys.stdout.write(readable(record.value) + "\n")


def to_json(record: DeadLetterRecord) -> dict[str, Any]:
    """A dead letter as JSON; bytes that are not UTF-8 as base64."""
    return record.entry.to_json() | {
        "key": _bytes_json(record.key),
        "value": _bytes_json(record.value),
        "headers": [{"name": name} | (_bytes_json(value) or {}) for name, value in record.headers],
    }


def facts(record: DeadLetterRecord, replayed: str | None) -> list[tuple[str, str]]:
    """Decoded headers by name; nothing empty."""
    dead = record.entry.dead_letter
    others = [(name, value) for name, value in record.headers if name not in _DECODED]
    rows = [
        ("dead letter", str(record.entry.ref)),
        ("refused by", f"{dead.service} at {dead.time}"),
        ("reason", dead.reason),
        ("attempt", str(dead.attempt)),
        ("read from", f"{dead.topic}, partition {dead.partition}, offset {dead.offset}"),
        ("first arrival", format_unix_ms(dead.first_arrival_ms) or ""),
        ("replay of", _inline(dict(record.headers).get(REPLAY_OF))),
        ("replayed", replayed or "no"),
        ("key", "" if record.key is None else _inline(record.key)),
        *((name, _inline(value)) for name, value in others),
        ("bytes", "none" if record.value is None else str(len(record.value))),
    ]
    return [(name, value) for name, value in rows if value]


def readable(value: bytes | None) -> str:
    """Bytes as indented JSON, as text, or as a hex dump; safe to print."""
    if value is None:
        return ""
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return hexdump(value)
    try:
        return as_json(_lossless_json(text))
    except (ValueError, RecursionError):
        return plain(text)


def file_suffix(value: bytes | None) -> str:
    """Suffix of a file that would hold these bytes."""
    return ".json" if (value or b"").lstrip()[:1] in (b"{", b"[") else ".txt"


def hexdump(value: bytes) -> str:
    """Hex dump: offset, bytes and ASCII characters, sixteen a line."""
    lines = []
    for start in range(0, len(value), _LINE_BYTES):
        part = value[start : start + _LINE_BYTES]
        ascii_text = "".join(chr(b) if 0x20 <= b < 0x7F else "." for b in part)  # noqa: PLR2004 - ASCII
        lines.append(f"{start:08x}  {part.hex(' '):<{3 * _LINE_BYTES}} {ascii_text}")
    return "\n".join(lines)


def _lossless_json(text: str) -> Any:  # noqa: ANN401 - whatever JSON can say
    """Parse JSON, but only if nothing of it would be lost: that may be why it was refused.

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


def _bytes_json(value: bytes | None) -> dict[str, str] | None:
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
