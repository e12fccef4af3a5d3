"""Read stretches of topics: bounded by offsets that were taken beforehand, and never for ever."""

import time
from collections.abc import AsyncIterator, Mapping

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

# The largest record takes a second on a slow line.
STALL_SECONDS = 30.0
_POLL_MS = 200

# Of a partition: the first offset, and the one after the last.
Stretch = tuple[int, int]


async def records(
    reader: AIOKafkaConsumer, stretches: Mapping[TopicPartition, Stretch]
) -> AsyncIterator[ConsumerRecord]:
    """The records of these stretches; those of one partition in their order.

    :raises TimeoutError: nothing has come for half a minute.
    """
    ends = {partition: end for partition, (first, end) in stretches.items() if first < end}
    if not ends:
        return
    reader.assign(list(ends))
    for partition in ends:
        reader.seek(partition, stretches[partition][0])
    left = set(ends)
    patience_ends = time.monotonic() + STALL_SECONDS
    try:
        while left:
            fetched = await reader.getmany(*left, timeout_ms=_POLL_MS)
            for partition, found in fetched.items():
                for record in found:
                    if record.offset < ends[partition]:
                        yield record
            if fetched:
                patience_ends = time.monotonic() + STALL_SECONDS
            elif time.monotonic() > patience_ends:
                raise TimeoutError
            # By position: where the last offsets are a transaction's marks, no record has them.
            left = {p for p in left if await reader.position(p) < ends[p]}
    finally:
        reader.unsubscribe()
