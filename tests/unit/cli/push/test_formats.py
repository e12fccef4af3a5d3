import pytest

from services.cli.push.formats import Format, choose_splitter
from services.cli.push.splitters import RawRecord, SplitRecord

PRETTY = b'{\n  "text": "a"\n}\n'
TWO_LINES = b'{"text": "a"}\n{"text": "b"}\n'
ARRAY = b'[{"text": "a"}, {"text": "b"}]'


def cut(name: str, asked: Format, content: bytes, size: int) -> list[bytes]:
    chosen = choose_splitter(name, asked)
    records: list[SplitRecord] = []
    for start in range(0, len(content), size):
        records += chosen.feed(content[start : start + size])
    records += chosen.finish()
    return [record.value for record in records if isinstance(record, RawRecord)]


@pytest.mark.parametrize("size", [1, 5, 1000])
@pytest.mark.parametrize(
    ("name", "asked", "content", "expected"),
    [
        # By name.
        ("a.txt", Format.AUTO, TWO_LINES, [TWO_LINES]),
        ("a.TXT", Format.AUTO, ARRAY, [ARRAY]),
        ("a.txt", Format.AUTO, b"", [b""]),
        ("a.ndjson", Format.AUTO, b"{bad\nmore\n", [b"{bad", b"more"]),
        ("a.jsonl", Format.AUTO, TWO_LINES, TWO_LINES.split(b"\n")[:2]),
        ("a.json", Format.AUTO, PRETTY, [PRETTY]),
        ("a.json", Format.AUTO, ARRAY, [b'{"text": "a"}', b'{"text": "b"}']),
        ("a.json", Format.AUTO, b"[1, [2]]", [b"1", b"[2]"]),
        ("a.json", Format.AUTO, b'{"text": "a"}\n', [b'{"text": "a"}\n']),
        ("a.json", Format.AUTO, TWO_LINES, TWO_LINES.split(b"\n")[:2]),
        ("a.json", Format.AUTO, b"no json", [b"no json"]),
        # By look.
        ("stdin", Format.AUTO, b"date 2025-12-27 A\n\nB", [b"date 2025-12-27 A\n\nB"]),
        ("stdin", Format.AUTO, b"[Updated] A\n\nB", [b"[Updated] A\n\nB"]),
        ("stdin", Format.AUTO, b" \n" + TWO_LINES, TWO_LINES.split(b"\n")[:2]),
        ("stdin", Format.AUTO, PRETTY, [PRETTY]),
        ("stdin", Format.AUTO, b"\xef\xbb\xbf" + ARRAY, [b'{"text": "a"}', b'{"text": "b"}']),
        ("stdin", Format.AUTO, b"{bad\n" + TWO_LINES, [b"{bad\n" + TWO_LINES]),
        ("stdin", Format.AUTO, b"", []),
        ("stdin", Format.AUTO, b" \n ", [b" \n "]),
        # As asked.
        ("a.txt", Format.NDJSON, TWO_LINES, TWO_LINES.split(b"\n")[:2]),
        ("a.ndjson", Format.TEXT, TWO_LINES, [TWO_LINES]),
        ("stdin", Format.JSON, ARRAY, [b'{"text": "a"}', b'{"text": "b"}']),
    ],
)
def test_how_a_source_is_cut(
    name: str, asked: Format, content: bytes, expected: list[bytes], size: int
) -> None:
    assert cut(name, asked, content, size) == expected


def test_an_endless_first_line_is_refused_and_those_after_it_are_not() -> None:
    content = b'{"text": "' + b"x" * 5_000_000 + b'"}\n' + TWO_LINES
    assert cut("stdin", Format.AUTO, content, 100_000) == TWO_LINES.split(b"\n")[:2]
