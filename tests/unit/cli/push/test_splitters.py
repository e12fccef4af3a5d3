import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.cli.push.splitters import Elements, Lines, Piece, Record, Refusal, Splitter, Whole

# Bytes in which line feeds, quotes, brackets and escapes are frequent.
NOISE = st.lists(st.sampled_from([*b'\n"\\[]{}, \r\tab', 0, 255])).map(bytes)
SIZES = st.lists(st.integers(1, 9), min_size=1)
ARTICLES = st.lists(
    st.dictionaries(st.text(), st.recursive(st.text(), st.lists, max_leaves=4), max_size=3)
)


def cut(splitter: Splitter, content: bytes, sizes: list[int]) -> list[Piece]:
    """Feed the content in chunks of these sizes, over and over."""
    pieces: list[Piece] = []
    position = turn = 0
    while position < len(content):
        size = sizes[turn % len(sizes)]
        pieces += splitter.feed(content[position : position + size])
        position += size
        turn += 1
    return pieces + splitter.finish()


def values(pieces: list[Piece]) -> list[bytes]:
    return [piece.value for piece in pieces if isinstance(piece, Record)]


@given(NOISE, SIZES)
def test_a_text_is_one_record_of_exactly_its_bytes(content: bytes, sizes: list[int]) -> None:
    assert cut(Whole("a.txt"), content, sizes) == [Record("a.txt", content)]


@given(NOISE, SIZES)
def test_every_line_is_a_record_and_no_byte_of_it_is_changed(
    content: bytes, sizes: list[int]
) -> None:
    expected = [
        Record(f"a.ndjson:{number}", line)
        for number, line in enumerate(content.split(b"\n"), start=1)
        if line.strip(b" \t\r\n")
    ]
    assert cut(Lines("a.ndjson"), content, sizes) == expected


@given(ARTICLES, SIZES, st.sampled_from([None, 2]))
def test_every_element_of_an_array_is_a_record_as_it_stands(
    articles: list[object], sizes: list[int], indent: int | None
) -> None:
    content = json.dumps(articles, indent=indent, ensure_ascii=False).encode()
    found = values(cut(Elements("a.json"), content, sizes))
    assert [json.loads(value) for value in found] == articles
    assert all(value in content for value in found)


@given(NOISE, SIZES)
def test_how_a_source_is_chunked_changes_nothing(content: bytes, sizes: list[int]) -> None:
    assert cut(Elements("a.json"), content, sizes) == cut(Elements("a.json"), content, [1000])


@given(NOISE, SIZES)
def test_no_article_text_is_lost_from_what_is_no_array(content: bytes, sizes: list[int]) -> None:
    kept = b"".join(values(cut(Elements("a.json"), content, sizes)))
    assert (kept.count(b"a"), kept.count(b"b")) == (content.count(b"a"), content.count(b"b"))


@pytest.mark.parametrize(
    ("kind", "content", "expected"),
    [
        (Lines, b"short\n" + b"x" * 30 + b"\nlast", ["a:1", "a:3"]),
        (
            Elements,
            b'[{"a":1}, {"b":"' + b"x" * 30 + b'"}, {"c":1}]',
            ["a, element 1", "a, element 3"],
        ),
    ],
)
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_record_over_the_limit_costs_only_itself(
    kind: Callable[[str, int], Splitter], content: bytes, expected: list[str], size: int
) -> None:
    pieces = cut(kind("a", 20), content, [size])
    assert [piece.place for piece in pieces if isinstance(piece, Record)] == expected
    (refusal,) = (piece for piece in pieces if isinstance(piece, Refusal))
    assert "the limit is 20" in refusal.reason


def test_a_line_without_end_is_not_kept_in_memory() -> None:
    lines = Lines("a.ndjson", limit=1000)
    for _ in range(10_000):
        assert lines.feed(b"x" * 1000) == []
        assert len(lines._record._kept) <= 1000  # noqa: SLF001 - memory is what this is about
    (refusal,) = lines.finish()
    assert refusal == Refusal("a.ndjson:1", "10000000 bytes, the limit is 1000")


def test_the_limit_itself_is_allowed() -> None:
    assert cut(Whole("a", 3), b"abc", [2]) == [Record("a", b"abc")]
