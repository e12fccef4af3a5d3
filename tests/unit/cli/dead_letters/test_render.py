"""One letter whole: nothing of it is lost, and nothing of it moves the cursor."""

import base64
import io
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.cli.dead_letters import render as autopsy
from services.cli.dead_letters import summary as letters
from tests.unit.cli.dead_letters.dead_letters import exhumed


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""),
        (b"", ""),
        (b'{"a":[1,"\xc3\xa4"]}', '{\n  "a": [\n    1,\n    "ä"\n  ]\n}'),
        # Names twice, numbers out of range and NaN may be why the letter died.
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
    assert autopsy.readable(value) == shown


@given(st.binary())
def test_any_bytes_are_shown_safely(value: bytes) -> None:
    shown = autopsy.readable(value)
    assert not any(ord(char) < 0x20 and char not in "\n\t" for char in shown)
    assert "\x9b" not in shown


@given(st.binary())
def test_a_dump_holds_every_byte(value: bytes) -> None:
    lines = autopsy.hexdump(value).splitlines()
    assert b"".join(bytes.fromhex(line[10:58]) for line in lines) == value


def test_json_holds_bytes_of_any_kind() -> None:
    letter = replace(exhumed(7, b"\xff"), key="Schlüssel".encode())
    told = json.loads(json.dumps(autopsy.to_json(letter)))
    assert base64.b64decode(told["value"]["base64"]) == b"\xff"
    assert told["key"] == {"text": "Schlüssel"}
    assert {"name": "newsline-attempt", "text": "1"} in told["headers"]
    assert (told["place"], told["code"]) == ("articles.raw.dead/0/7", "no_text")
    assert autopsy.to_json(exhumed(7, None))["value"] is None


def test_what_is_shown_of_headers_is_in_words() -> None:
    letter = exhumed()
    odd = replace(letter, headers=[*letter.headers, ("traceparent", b"00-1"), ("x", b"\xff")])
    rows = dict(autopsy.facts(odd, None))
    assert rows["refused by"] == "ingest at 2026-01-02T03:04:05.678Z"
    assert (rows["because"], rows["replayed"]) == ("no_text: why", "no")
    assert (rows["traceparent"], rows["x"]) == ("00-1", "ff")
    assert "newsline-attempt" not in rows


def test_raw_is_the_bytes_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.TextIOWrapper(io.BytesIO())
    monkeypatch.setattr("sys.stdout", written)
    letters.tell_one(exhumed(0, b"\xff\r\n\x1b"), None, json_output=False, raw=True)
    assert written.buffer.getvalue() == b"\xff\r\n\x1b"


@pytest.mark.parametrize(("value", "suffix"), [(b" {", ".json"), (b"[", ".json"), (b"a", ".txt")])
def test_the_editor_knows_the_language(value: bytes, suffix: str) -> None:
    assert autopsy.suffix(value) == suffix
