"""A whole dead letter: nothing of it is lost, and nothing of it moves the cursor."""

import base64
import io
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.cli.dead_letters import render
from tests.unit.cli.dead_letters.samples import record


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""),
        (b"", ""),
        (b'{"a":[1,"\xc3\xa4"]}', '{\n  "a": [\n    1,\n    "ä"\n  ]\n}'),
        # Names twice, numbers out of range and NaN may be why the record was refused.
        (b'{"a":1,"a":2}', '{"a":1,"a":2}'),
        (b'{"a":1e400}', '{"a":1e400}'),
        (b'{"a":1.10}', '{"a":1.10}'),
        (b'{"a":NaN}', '{"a":NaN}'),
        (b"{broken\r\n\x1b[2J", "{broken\n\ufffd[2J"),
        (b'"\\u001b\\ud800"', '"\\u001b\\ud800"'),
        (b"[" * 100_000, "[" * 100_000),
        (b"\xffA\x1b", "00000000  ff 41 1b" + " " * 41 + ".A."),
    ],
)
def test_bytes_are_shown_as_what_they_are(value: bytes | None, shown: str) -> None:
    assert render.readable(value) == shown


@given(st.binary())
def test_any_bytes_are_shown_safely(value: bytes) -> None:
    shown = render.readable(value)
    assert not any(ord(char) < 0x20 and char not in "\n\t" for char in shown)
    assert "\x9b" not in shown


@given(st.binary())
def test_a_dump_holds_every_byte(value: bytes) -> None:
    lines = render.hexdump(value).splitlines()
    assert b"".join(bytes.fromhex(line[10:58]) for line in lines) == value


def test_json_holds_bytes_of_any_kind() -> None:
    dead = replace(record(7, b"\xff"), key="Schlüssel".encode())
    shown = json.loads(json.dumps(render.to_json(dead)))
    assert base64.b64decode(shown["value"]["base64"]) == b"\xff"
    assert shown["key"] == {"text": "Schlüssel"}
    assert {"name": "newsline-attempt", "text": "1"} in shown["headers"]
    assert (shown["place"], shown["code"]) == ("articles.raw.dead/0/7", "no_text")
    assert render.to_json(record(7, None))["value"] is None


def test_headers_are_shown_decoded() -> None:
    plain = record()
    odd = replace(plain, headers=[*plain.headers, ("traceparent", b"00-1"), ("x", b"\xff")])
    rows = dict(render.facts(odd, None))
    assert rows["refused by"] == "ingest at 2026-01-02T03:04:05.678Z"
    assert (rows["reason"], rows["replayed"]) == ("no_text: why", "no")
    assert (rows["traceparent"], rows["x"]) == ("00-1", "ff")
    assert "newsline-attempt" not in rows


def test_raw_is_the_bytes_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.TextIOWrapper(io.BytesIO())
    monkeypatch.setattr("sys.stdout", written)
    render.print_record(record(0, b"\xff\r\n\x1b"), None, json_output=False, raw=True)
    assert written.buffer.getvalue() == b"\xff\r\n\x1b"


@pytest.mark.parametrize(("value", "suffix"), [(b" {", ".json"), (b"[", ".json"), (b"a", ".txt")])
def test_the_editor_knows_the_language(value: bytes, suffix: str) -> None:
    assert render.file_suffix(value) == suffix
