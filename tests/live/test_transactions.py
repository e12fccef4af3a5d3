"""Publishers that push in transactions: what they took back was never pushed, and the marks that
their transactions leave on the topic are nobody's backlog.
"""

import asyncio
import json
from collections.abc import Sequence

from confluent_kafka import Producer

from services.contracts.topics import ACCEPTED, ENRICHED, RAW
from tests.support.pipeline import TOPICS, Pipeline

SECONDS = 60


def articles(source: str, count: int) -> list[bytes]:
    return [
        json.dumps({"source": source, "id": str(number), "text": f"Report {number}."}).encode()
        for number in range(count)
    ]


class Publisher:
    """A transactional producer of ``articles.raw``. It blocks: call it in a thread."""

    def __init__(self, pipe: Pipeline) -> None:
        self._topic = pipe.topic(RAW).name
        self._producer = Producer(
            {
                "bootstrap.servers": pipe.kafka.bootstrap_servers,
                "transactional.id": f"{pipe.namespace}-publisher",
            }
        )
        self._producer.init_transactions(SECONDS)

    def push(self, values: Sequence[bytes], *, taken_back: bool = False) -> None:
        """One transaction, in all partitions; every record is at the broker before it ends."""
        self._producer.begin_transaction()
        for number, value in enumerate(values):
            self._producer.produce(self._topic, value, partition=number % TOPICS.partitions)
        assert self._producer.flush(SECONDS) == 0
        if taken_back:
            self._producer.abort_transaction(SECONDS)
        else:
            self._producer.commit_transaction(SECONDS)


async def test_what_was_committed_is_indexed_and_what_was_taken_back_never_shows_up(
    pipe: Pipeline,
) -> None:
    await pipe.start_all()
    publisher = await asyncio.to_thread(Publisher, pipe)
    kept, dropped = articles("kept", 40), articles("dropped", 40)
    for start in (0, 20):
        end = start + 20
        await asyncio.to_thread(publisher.push, dropped[start:end], taken_back=True)
        await asyncio.to_thread(publisher.push, kept[start:end])
    # The last in every partition: a mark, and no record after it that would carry the offset past.
    await asyncio.to_thread(publisher.push, [b"dropped, and no article"] * 4, taken_back=True)

    await pipe.drained(within=60)

    found = (await pipe.documents(everything=True)).values()
    assert sorted((each["source"], each["text"]) for each in found) == sorted(
        ("kept", f"Report {number}.") for number in range(40)
    )
    for topic in (RAW, ACCEPTED, ENRICHED):
        assert not await pipe.dead(topic)
