"""Read ranges of topics: bounded by offsets that were read beforehand, and by a stall time-out."""

import time
from collections.abc import AsyncIterator, Mapping

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from services.runtime.kafka.lag import OffsetRange

# The largest record takes a second on a slow line.
STALL_SECONDS = 30.0
_POLL_MS = 200


async def read_records(
    reader: AIOKafkaConsumer, ranges: Mapping[TopicPartition, OffsetRange]
) -> AsyncIterator[ConsumerRecord]:
    """Read the records of these ranges; those of one partition come in order.

    :raises TimeoutError: no record has come for ``STALL_SECONDS``.
    """
    ends = {partition: end for partition, (start, end) in ranges.items() if start < end}
    if not ends:
        return
    reader.assign(list(ends))
    for partition in ends:
        reader.seek(partition, ranges[partition].start)
    left = set(ends)
    deadline = time.monotonic() + STALL_SECONDS
    try:
        while left:
            fetched = await reader.getmany(*left, timeout_ms=_POLL_MS)
            for partition, found in fetched.items():
                for record in found:
                    if record.offset < ends[partition]:
                        yield record
            if fetched:
                deadline = time.monotonic() + STALL_SECONDS
            elif time.monotonic() > deadline:
                raise TimeoutError
            # By position: where the last offsets are a transaction's markers, no record has them.
            left = {p for p in left if await reader.position(p) < ends[p]}
    finally:
        reader.unsubscribe()
