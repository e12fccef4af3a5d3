"""Compressed batches, as a broker stores them, decompressed in bounded memory."""

import tracemalloc
from collections.abc import Sequence
from typing import Any

import cramjam
import pytest
from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from services.contracts.topics import MAX_RECORD_BYTES
from services.runtime.kafka.compat import bounded_batches
from services.runtime.kafka.compat.bounded_batches import (
    MAX_DECOMPRESSED_BYTES,
    SizeLimitedRecords,
    TruncatedValue,
)

NONE, GZIP, SNAPPY, LZ4, ZSTD = range(5)
CODECS = [NONE, GZIP, SNAPPY, LZ4, ZSTD]

# Where a batch says its length and its codec, and where its records begin.
LENGTH_AT, CODEC_AT, HEAD_BYTES = 8, 22, 61


def compressed(codec: int, values: Sequence[bytes | None]) -> bytes:
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=codec,
        is_transactional=False,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        batch_size=2**31 - 1,
    )
    for offset, value in enumerate(values):
        builder.append(offset, timestamp=5, key=b"k", value=value, headers=[("h", b"x")])
    return bytes(builder.build())


def decoded(batch: bytes) -> list[Any]:
    return list(SizeLimitedRecords(batch).next_batch())


@pytest.mark.parametrize("codec", CODECS)
def test_ordinary_batches_come_as_they_were(codec: int) -> None:
    values = [b"one" * 1000, None, b""]
    records = SizeLimitedRecords(
        compressed(codec, values) * 2 + b"the beginning of a third one"[:11]
    )

    for _ in range(2):
        batch = records.next_batch()
        assert batch.validate_crc()
        found = list(batch)
        assert [record.value for record in found] == values
        assert [(r.offset, r.timestamp, r.key, r.headers) for r in found] == [
            (offset, 5, b"k", [("h", b"x")]) for offset in range(3)
        ]
        assert batch.next_offset == 3
    assert not records.has_next()


def test_a_batch_gives_its_records_one_by_one_as_the_mark_of_a_transaction_is_read() -> None:
    batch = SizeLimitedRecords(compressed(NONE, [b"one", b"two"])).next_batch()

    assert next(batch).value == b"one"
    assert [record.value for record in batch] == [b"two"]
    assert next(batch, None) is None


def misnamed(codec: int, values: Sequence[bytes | None]) -> bytes:
    """A batch whose headers' names are no UTF-8, which aiokafka's own builder would not write."""
    batch = compressed(NONE, values)
    head, records = bytearray(batch[:HEAD_BYTES]), batch[HEAD_BYTES:]
    records = records.replace(b"\x02h\x02x", b"\x02\xff\x02x")
    if codec == ZSTD:
        records = bytes(cramjam.zstd.compress(records))
        head[LENGTH_AT : LENGTH_AT + 4] = (HEAD_BYTES + len(records) - 12).to_bytes(4)
        head[CODEC_AT] = ZSTD
    return bytes(head) + records


@pytest.mark.parametrize("codec", [NONE, ZSTD])
def test_a_header_whose_name_is_no_text_stops_nobody(codec: int) -> None:
    found = decoded(misnamed(codec, [b"one", None, b""]))

    assert [(r.offset, r.timestamp, r.key, r.value) for r in found] == [
        (0, 5, b"k", b"one"),
        (1, 5, b"k", None),
        (2, 5, b"k", b""),
    ]
    assert found[0].headers == [("\ufffd", b"x")]


@pytest.mark.parametrize("codec", [GZIP, SNAPPY, LZ4, ZSTD])
def test_a_value_over_the_door_is_cut_and_its_neighbours_are_whole(codec: int) -> None:
    first, truncated, last = decoded(compressed(codec, [b"a", bytes(MAX_RECORD_BYTES + 1), b"b"]))

    assert (first.value, last.value) == (b"a", b"b")
    assert isinstance(truncated.value, TruncatedValue)
    assert (len(truncated.value), truncated.offset, truncated.key) == (MAX_RECORD_BYTES, 1, b"k")
    assert (
        truncated.value.reason
        == f"{MAX_RECORD_BYTES + 1} bytes, of which {MAX_RECORD_BYTES} are kept"
    )


@pytest.mark.parametrize("codec", [GZIP, SNAPPY, LZ4, ZSTD])
def test_what_is_out_of_reach_is_told_for_every_record_and_kept_packed(codec: int) -> None:
    batch = compressed(codec, [b"a", bytes(2 * MAX_DECOMPRESSED_BYTES), b"b"])

    first, bomb, behind = decoded(batch)

    assert first.value == b"a"
    assert (bomb.offset, behind.offset) == (1, 2)
    assert bomb.value == batch[:MAX_RECORD_BYTES]
    assert behind.value == b""
    assert all(isinstance(record.value, TruncatedValue) for record in (bomb, behind))
    assert (
        f"{len(batch)} bytes that decompress to over {MAX_DECOMPRESSED_BYTES}" in bomb.value.reason
    )


@pytest.mark.measured
def test_two_hundred_megabytes_of_zeros_cost_a_bounded_amount_of_memory() -> None:
    batch = compressed(GZIP, [bytes(200_000_000)])
    tracemalloc.start()
    try:
        decoded(batch)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 4 * MAX_DECOMPRESSED_BYTES


def test_a_batch_that_says_more_than_it_holds_is_corrupt_and_not_truncated() -> None:
    batch = bytearray(compressed(NONE, [b"a", b"b"]))
    batch[60] = 3  # the number of records

    with pytest.raises(CorruptRecordException):
        decoded(bytes(batch))


def test_every_consumer_of_this_version_of_the_client_decompresses_like_this() -> None:
    """
    The client has no setting for it: this fails when it has moved what we replace.
    """
    assert fetcher.MemoryRecords.__name__ in {"MemoryRecords", "SizeLimitedRecords"}
    bounded_batches.patch_fetcher()
    assert fetcher.MemoryRecords is SizeLimitedRecords
