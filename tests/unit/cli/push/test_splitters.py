import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.cli.push.splitters import (
    ArraySplitter,
    LineSplitter,
    RawRecord,
    RefusedRecord,
    SplitRecord,
    Splitter,
    WholeSplitter,
)

# Bytes in which line feeds, quotes, brackets and escapes are frequent.
NOISE = st.lists(st.sampled_from([*b'\n"\\[]{}, \r\tab', 0, 255])).map(bytes)
SIZES = st.lists(st.integers(1, 9), min_size=1)
ARTICLES = st.lists(
    st.dictionaries(st.text(), st.recursive(st.text(), st.lists, max_leaves=4), max_size=3)
)


def cut(splitter: Splitter, content: bytes, sizes: list[int]) -> list[SplitRecord]:
    """Feed the content in chunks of these sizes, over and over."""
    records: list[SplitRecord] = []
    position = turn = 0
    while position < len(content):
        size = sizes[turn % len(sizes)]
        records += splitter.feed(content[position : position + size])
        position += size
        turn += 1
    return records + splitter.finish()


def values(records: list[SplitRecord]) -> list[bytes]:
    return [record.value for record in records if isinstance(record, RawRecord)]


@given(NOISE, SIZES)
def test_a_text_is_one_record_of_exactly_its_bytes(content: bytes, sizes: list[int]) -> None:
    assert cut(WholeSplitter("a.txt"), content, sizes) == [RawRecord("a.txt", content)]


@given(NOISE, SIZES)
def test_every_line_is_a_record_and_no_byte_of_it_is_changed(
    content: bytes, sizes: list[int]
) -> None:
    expected = [
        RawRecord(f"a.ndjson:{number}", line)
        for number, line in enumerate(content.split(b"\n"), start=1)
        if line.strip(b" \t\r\n")
    ]
    assert cut(LineSplitter("a.ndjson"), content, sizes) == expected


@given(ARTICLES, SIZES, st.sampled_from([None, 2]))
def test_every_element_of_an_array_is_a_record_as_it_stands(
    articles: list[object], sizes: list[int], indent: int | None
) -> None:
    content = json.dumps(articles, indent=indent, ensure_ascii=False).encode()
    found = values(cut(ArraySplitter("a.json"), content, sizes))
    assert [json.loads(value) for value in found] == articles
    assert all(value in content for value in found)


@given(NOISE, SIZES)
def test_how_a_source_is_chunked_changes_nothing(content: bytes, sizes: list[int]) -> None:
    assert cut(ArraySplitter("a.json"), content, sizes) == cut(
        ArraySplitter("a.json"), content, [1000]
    )


@given(NOISE, SIZES)
def test_no_article_text_is_lost_from_what_is_no_array(content: bytes, sizes: list[int]) -> None:
    kept = b"".join(values(cut(ArraySplitter("a.json"), content, sizes)))
    assert (kept.count(b"a"), kept.count(b"b")) == (content.count(b"a"), content.count(b"b"))


@pytest.mark.parametrize(
    ("kind", "content", "expected"),
    [
        (LineSplitter, b"short\n" + b"x" * 30 + b"\nlast", ["a:1", "a:3"]),
        (
            ArraySplitter,
            b'[{"a":1}, {"b":"' + b"x" * 30 + b'"}, {"c":1}]',
            ["a, element 1", "a, element 3"],
        ),
    ],
)
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_record_over_the_limit_costs_only_itself(
    kind: Callable[[str, int], Splitter], content: bytes, expected: list[str], size: int
) -> None:
    records = cut(kind("a", 20), content, [size])
    assert [record.place for record in records if isinstance(record, RawRecord)] == expected
    (refusal,) = (record for record in records if isinstance(record, RefusedRecord))
    assert "the limit is 20" in refusal.reason


def test_a_line_without_end_is_not_kept_in_memory() -> None:
    lines = LineSplitter("a.ndjson", limit=1000)
    for _ in range(10_000):
        assert lines.feed(b"x" * 1000) == []
        assert len(lines._record._kept) <= 1000  # noqa: SLF001 - memory is what this is about
    (refusal,) = lines.finish()
    assert refusal == RefusedRecord("a.ndjson:1", "10000000 bytes, the limit is 1000")


def test_the_limit_itself_is_allowed() -> None:
    assert cut(WholeSplitter("a", 3), b"abc", [2]) == [RawRecord("a", b"abc")]
