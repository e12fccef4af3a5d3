"""Decompressing record batches in bounded memory, instead of aiokafka 0.14's ``MemoryRecords``.

A broker limits the compressed size of a batch, so 200 MB of zeros fit into any limit, and aiokafka
decompresses a batch whole (``DefaultRecordBatch._maybe_uncompress``) without an option to limit it.
No issue of aiokafka is known to us; for the broker, apache/kafka pull request 23449 adds a limit.
Here no batch is decompressed further than ``MAX_DECOMPRESSED_BYTES``, and a value larger than
``MAX_RECORD_BYTES`` is replaced by a ``TruncatedValue``.
"""

import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import cramjam
from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBatch

from services.contracts.topics import MAX_RECORD_BYTES
from services.runtime.kafka.compat.record_format import BatchHeader, DecodedRecord, decode_records

# Producers close a batch at a megabyte at most, usually at far less; one record may be larger.
MAX_DECOMPRESSED_BYTES = 8 * MAX_RECORD_BYTES

# Of a batch: offset, length, epoch, magic, checksum, attributes, last offset's delta, first and
# last timestamp, then the producer's id, epoch and sequence, and the number of records.
_HEADER = struct.Struct(">qiibIhiqqqhii")
_START = struct.Struct(">qi")
_ATTRIBUTES = struct.Struct(">h")
_ATTRIBUTES_AT = struct.calcsize(">qiibI")
_MAGIC_AT = struct.calcsize(">qii")
_CODEC_MASK = 0x07
_APPEND_TIME_MASK = 0x08
_MAGIC = 2


class TruncatedValue(bytes):
    """The first bytes of a value that is too large, or of the compressed batch that it is in.

    :ivar reason: what was cut off; never article text.
    """

    reason: str

    @classmethod
    def of(cls, value: bytes, reason: str) -> "TruncatedValue":
        """Mark bytes as truncated."""
        truncated = cls(value)
        truncated.reason = reason
        return truncated


class SizeLimitedRecords:
    """The batches of one partition in a fetch response; stands in for ``MemoryRecords``."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    def size_in_bytes(self) -> int:
        """Bytes of the response, a last incomplete batch included."""
        return len(self._data)

    def has_next(self) -> bool:
        """True while a whole batch is left."""
        return self._end() <= len(self._data)

    def next_batch(self) -> "SizeLimitedBatch":
        """The next batch, still compressed."""
        end = self._end()
        batch = self._data[self._position : end]
        self._position = end
        if batch[_MAGIC_AT] != _MAGIC:
            raise CorruptRecordException("a batch of a format that Kafka 3 was the last to store")
        return SizeLimitedBatch(batch)

    def _end(self) -> int:
        if len(self._data) - self._position < _START.size:
            return len(self._data) + 1
        _, length = _START.unpack_from(self._data, self._position)
        return self._position + _START.size + int(length)


class SizeLimitedBatch:
    """aiokafka's batch, except for its iteration.

    Like it, an iterator: the fetcher takes the one record of a transaction marker by ``next()``.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._native = DefaultRecordBatch(data)
        self._records = self._decoded()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever aiokafka's batch has
        return getattr(self._native, name)

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:  # noqa: ANN401 - aiokafka's record
        return next(self._records)

    def _decoded(self) -> Iterator[Any]:
        codec = self._native.compression_type
        body = memoryview(self._data)[_HEADER.size :]
        # What is not compressed has been limited by the broker.
        records, complete = decompress(codec, body) if codec else (body.tobytes(), True)
        offset = self._native.base_offset
        try:
            for record in self._native_records(records, complete=complete):
                yield _truncated(record)
                offset = record.offset + 1
        except UnicodeDecodeError:
            for record in decode_records(records, self._batch_header()):
                if record.offset >= offset:
                    yield _truncated(record)
                    offset = record.offset + 1
        if not complete:
            yield from self._undecodable(offset)

    def _native_records(self, records: bytes, *, complete: bool) -> Iterator[Any]:
        batch = DefaultRecordBatch(self._uncompressed_header() + records)
        while (record := _next_record(batch, complete=complete)) is not None:
            yield record

    def _batch_header(self) -> BatchHeader:
        header = _HEADER.unpack_from(self._data)
        append_time = header[8] if header[5] & _APPEND_TIME_MASK else None
        return BatchHeader(self._native.base_offset, header[7], append_time)

    def _uncompressed_header(self) -> bytes:
        header = bytearray(self._data[: _HEADER.size])
        (attributes,) = _ATTRIBUTES.unpack_from(header, _ATTRIBUTES_AT)
        _ATTRIBUTES.pack_into(header, _ATTRIBUTES_AT, attributes & ~_CODEC_MASK)
        return bytes(header)

    def _undecodable(self, first: int) -> Iterator[DecodedRecord]:
        """Every record from this offset on, truncated; the first one carries the batch."""
        header = _HEADER.unpack_from(self._data)
        timestamp, append_time = header[8], bool(header[5] & _APPEND_TIME_MASK)
        size, limit = len(self._data), MAX_DECOMPRESSED_BYTES
        reason = f"in a batch of {size} bytes that decompress to over {limit}"
        for offset in range(first, self._native.next_offset):
            content = self._data if offset == first else b""
            value = TruncatedValue.of(content[:MAX_RECORD_BYTES], reason)
            yield DecodedRecord(offset, timestamp, int(append_time), None, value, [])


def decompress(codec: int, compressed: memoryview) -> tuple[bytes, bool]:
    """The first ``MAX_DECOMPRESSED_BYTES``, and whether that is all.

    :raises KeyError: a codec that Kafka does not have.
    """
    return _CODECS[codec](compressed)


def patch_fetcher() -> None:
    """Have every consumer of this process decompress like this; idempotent."""
    fetcher.MemoryRecords = SizeLimitedRecords


def _next_record(batch: Any, *, complete: bool) -> Any:  # noqa: ANN401 - aiokafka's classes
    """The next record; None at the end, and where an incomplete decompression ends."""
    try:
        return next(batch, None)
    except CorruptRecordException:
        if complete:
            raise
        return None


def _truncated(record: Any) -> Any:  # noqa: ANN401 - aiokafka's record
    value = record.value
    if value is None or len(value) <= MAX_RECORD_BYTES:
        return record
    kept = TruncatedValue.of(
        value[:MAX_RECORD_BYTES], f"{len(value)} bytes, of which {MAX_RECORD_BYTES} are kept"
    )
    return DecodedRecord(
        record.offset, record.timestamp, record.timestamp_type, record.key, kept, record.headers
    )


def _gunzip(compressed: memoryview) -> tuple[bytes, bool]:
    content = b""
    rest: bytes | memoryview = compressed
    while rest and len(content) < MAX_DECOMPRESSED_BYTES:
        member = zlib.decompressobj(zlib.MAX_WBITS | 16)
        content += member.decompress(rest, MAX_DECOMPRESSED_BYTES - len(content))
        if not member.eof:
            # There is more than fits, or a trailer that was not read: then records will be missing.
            return content, False
        rest = member.unused_data
    return content, not rest


def _into_buffer(decompress_into: Callable[..., int]) -> Callable[[memoryview], tuple[bytes, bool]]:
    def decompress_to_limit(compressed: memoryview) -> tuple[bytes, bool]:
        # Not touched before it is written: its size costs nothing.
        buffer = bytearray(MAX_DECOMPRESSED_BYTES)
        try:
            size = decompress_into(compressed.tobytes(), buffer)
        except cramjam.DecompressionError:
            return bytes(buffer), False
        return bytes(memoryview(buffer)[:size]), True

    return decompress_to_limit


_XERIAL = b"\x82SNAPPY\x00"
_XERIAL_HEADER_BYTES = 16
_BLOCK = struct.Struct(">i")


def _unsnap(compressed: memoryview) -> tuple[bytes, bool]:
    """Snappy, in one block or in many."""
    content = compressed.tobytes()
    if not content.startswith(_XERIAL):
        content = bytes(_XERIAL_HEADER_BYTES) + _BLOCK.pack(len(content)) + content
    pieces: list[bytes] = []
    size, position = 0, _XERIAL_HEADER_BYTES
    while position < len(content):
        start = position + _BLOCK.size
        position = start + int(_BLOCK.unpack_from(content, position)[0])
        block = content[start:position]
        size += cramjam.snappy.decompress_raw_len(block)
        if size > MAX_DECOMPRESSED_BYTES:
            return b"".join(pieces), False
        pieces.append(bytes(cramjam.snappy.decompress_raw(block)))
    return b"".join(pieces), True


_CODECS: dict[int, Callable[[memoryview], tuple[bytes, bool]]] = {
    DefaultRecordBatch.CODEC_GZIP: _gunzip,
    DefaultRecordBatch.CODEC_SNAPPY: _unsnap,
    DefaultRecordBatch.CODEC_LZ4: _into_buffer(cramjam.lz4.decompress_into),
    DefaultRecordBatch.CODEC_ZSTD: _into_buffer(cramjam.zstd.decompress_into),
}
