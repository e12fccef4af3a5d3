"""Unpacking compressed batches in bounded memory.

A broker limits the packed size of a batch, so 200 MB of zeros fit through any door, and aiokafka
unpacks a batch whole. Here no batch is unpacked further than ``MAX_UNPACKED_BYTES``, and no value
is handed on that is larger than the door would take unpacked: in its place comes a ``CutValue``.
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
from services.runtime.kafka.compat.record_format import Batch, Record, read

# Producers close a batch at a megabyte at most, usually at far less; one record may be larger.
MAX_UNPACKED_BYTES = 8 * MAX_RECORD_BYTES

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


class CutValue(bytes):
    """As much of a value as may be handed on, or the packed batch that it is in.

    :ivar why: what was cut off; never article text.
    """

    why: str

    @classmethod
    def of(cls, value: bytes, why: str) -> "CutValue":
        """A value and what was cut off."""
        cut = cls(value)
        cut.why = why
        return cut


class BoundedRecords:
    """The batches of one partition in a fetch response, as aiokafka's fetcher takes them."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    def size_in_bytes(self) -> int:
        """All of the response, a last incomplete batch included."""
        return len(self._data)

    def has_next(self) -> bool:
        """True while a whole batch is left."""
        return self._end() <= len(self._data)

    def next_batch(self) -> "BoundedBatch":
        """The next batch, still packed."""
        end = self._end()
        packed = self._data[self._position : end]
        self._position = end
        if packed[_MAGIC_AT] != _MAGIC:
            raise CorruptRecordException("a batch of a format that Kafka 3 was the last to store")
        return BoundedBatch(packed)

    def _end(self) -> int:
        if len(self._data) - self._position < _START.size:
            return len(self._data) + 1
        _, length = _START.unpack_from(self._data, self._position)
        return self._position + _START.size + int(length)


class BoundedBatch:
    """aiokafka's batch, but for its iteration. Like it, an iterator: of a transaction's mark the
    fetcher takes the one record by ``next()``.
    """

    def __init__(self, packed: bytes) -> None:
        self._packed = packed
        self._native = DefaultRecordBatch(packed)
        self._records = self._unpacked()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever aiokafka's batch has
        return getattr(self._native, name)

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:  # noqa: ANN401 - aiokafka's record
        return next(self._records)

    def _unpacked(self) -> Iterator[Any]:
        codec = self._native.compression_type
        packed = memoryview(self._packed)[_HEADER.size :]
        # What is not packed has been limited by the broker.
        unpacked, whole = unpack(codec, packed) if codec else (packed.tobytes(), True)
        offset = self._native.base_offset
        try:
            for record in self._read(unpacked, cut=not whole):
                yield _fitting(record)
                offset = record.offset + 1
        except UnicodeDecodeError:
            for record in read(unpacked, self._head()):
                if record.offset >= offset:
                    yield _fitting(record)
                    offset = record.offset + 1
        if not whole:
            yield from self._out_of_reach(offset)

    def _read(self, unpacked: bytes, *, cut: bool) -> Iterator[Any]:
        within = DefaultRecordBatch(self._unpacked_header() + unpacked)
        while (record := _next(within, cut=cut)) is not None:
            yield record

    def _head(self) -> Batch:
        header = _HEADER.unpack_from(self._packed)
        append_time = header[8] if header[5] & _APPEND_TIME_MASK else None
        return Batch(self._native.base_offset, header[7], append_time)

    def _unpacked_header(self) -> bytes:
        header = bytearray(self._packed[: _HEADER.size])
        (attributes,) = _ATTRIBUTES.unpack_from(header, _ATTRIBUTES_AT)
        _ATTRIBUTES.pack_into(header, _ATTRIBUTES_AT, attributes & ~_CODEC_MASK)
        return bytes(header)

    def _out_of_reach(self, first: int) -> Iterator[Record]:
        """Every record from this offset on; the first one carries the packed batch."""
        header = _HEADER.unpack_from(self._packed)
        timestamp, append_time = header[8], bool(header[5] & _APPEND_TIME_MASK)
        why = f"in a batch of {len(self._packed)} bytes that unpack to over {MAX_UNPACKED_BYTES}"
        for offset in range(first, self._native.next_offset):
            content = self._packed if offset == first else b""
            value = CutValue.of(content[:MAX_RECORD_BYTES], why)
            yield Record(offset, timestamp, int(append_time), None, value, [])


def unpack(codec: int, packed: memoryview) -> tuple[bytes, bool]:
    """The first ``MAX_UNPACKED_BYTES``, and whether that is all.

    :raises KeyError: a codec that Kafka does not have.
    """
    return _CODECS[codec](packed)


def install() -> None:
    """Have every consumer of this process unpack like this. Does nothing the second time."""
    fetcher.MemoryRecords = BoundedRecords


def _next(batch: Any, *, cut: bool) -> Any:  # noqa: ANN401 - aiokafka's batch and record
    """The next record; None at the end, and where the unpacked part ends."""
    try:
        return next(batch, None)
    except CorruptRecordException:
        if not cut:
            raise
        return None


def _fitting(record: Any) -> Any:  # noqa: ANN401 - aiokafka's record
    value = record.value
    if value is None or len(value) <= MAX_RECORD_BYTES:
        return record
    cut = CutValue.of(
        value[:MAX_RECORD_BYTES], f"{len(value)} bytes, of which {MAX_RECORD_BYTES} are kept"
    )
    return Record(
        record.offset, record.timestamp, record.timestamp_type, record.key, cut, record.headers
    )


def _gunzip(packed: memoryview) -> tuple[bytes, bool]:
    unpacked = b""
    rest: bytes | memoryview = packed
    while rest and len(unpacked) < MAX_UNPACKED_BYTES:
        member = zlib.decompressobj(zlib.MAX_WBITS | 16)
        unpacked += member.decompress(rest, MAX_UNPACKED_BYTES - len(unpacked))
        if not member.eof:
            # There is more than fits, or a trailer that was not read: then records will be missing.
            return unpacked, False
        rest = member.unused_data
    return unpacked, not rest


def _into_buffer(decompress_into: Callable[..., int]) -> Callable[[memoryview], tuple[bytes, bool]]:
    def unpack(packed: memoryview) -> tuple[bytes, bool]:
        # Not touched before it is written: its size costs nothing.
        buffer = bytearray(MAX_UNPACKED_BYTES)
        try:
            size = decompress_into(packed.tobytes(), buffer)
        except cramjam.DecompressionError:
            return bytes(buffer), False
        return bytes(memoryview(buffer)[:size]), True

    return unpack


_XERIAL = b"\x82SNAPPY\x00"
_XERIAL_HEADER_BYTES = 16
_BLOCK = struct.Struct(">i")


def _unsnap(packed: memoryview) -> tuple[bytes, bool]:
    """Snappy, in one block or in many."""
    content = packed.tobytes()
    if not content.startswith(_XERIAL):
        content = bytes(_XERIAL_HEADER_BYTES) + _BLOCK.pack(len(content)) + content
    pieces: list[bytes] = []
    size, position = 0, _XERIAL_HEADER_BYTES
    while position < len(content):
        start = position + _BLOCK.size
        position = start + int(_BLOCK.unpack_from(content, position)[0])
        block = content[start:position]
        size += cramjam.snappy.decompress_raw_len(block)
        if size > MAX_UNPACKED_BYTES:
            return b"".join(pieces), False
        pieces.append(bytes(cramjam.snappy.decompress_raw(block)))
    return b"".join(pieces), True


_CODECS: dict[int, Callable[[memoryview], tuple[bytes, bool]]] = {
    DefaultRecordBatch.CODEC_GZIP: _gunzip,
    DefaultRecordBatch.CODEC_SNAPPY: _unsnap,
    DefaultRecordBatch.CODEC_LZ4: _into_buffer(cramjam.lz4.decompress_into),
    DefaultRecordBatch.CODEC_ZSTD: _into_buffer(cramjam.zstd.decompress_into),
}
