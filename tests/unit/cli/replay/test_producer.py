"""Every letter that the broker has is written down, and no other."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from aiokafka.errors import KafkaTimeoutError, MessageSizeTooLargeError, RecordTooLargeError

from services.cli.dead_letters.reader import Exhumed
from services.cli.replay.producer import BATCH_BYTES, BATCH_RECORDS, Resender, Sent
from services.contracts.dead_letters import REPLAY_OF, Run
from tests.unit.cli.dead_letters.dead_letters import TOPIC, exhumed

MARKS = "articles.replayed"


class Broker:
    """A producer that refuses some values: at once, late, or because the broker is away."""

    def __init__(self) -> None:
        self.log: list[tuple[str, bytes | None]] = []
        self.sent: list[tuple[str, bytes | None, bytes | None, dict[str, bytes]]] = []

    async def send(
        self, topic: str, *, key: bytes | None, value: bytes | None, headers: Any
    ) -> asyncio.Future[None]:
        if value == b"huge":
            raise MessageSizeTooLargeError
        future = asyncio.get_running_loop().create_future()
        failure = {b"large": RecordTooLargeError(), b"away": KafkaTimeoutError()}.get(value or b"")
        if failure:
            future.set_exception(failure)
        else:
            self.sent.append((topic, key, value, dict(headers)))
            self.log.append((topic, value))
            future.set_result(None)
        return future

    async def send_and_wait(self, topic: str, *, key: bytes, value: bytes) -> None:
        await asyncio.sleep(0)
        self.log.append((topic, key))

    def marked(self) -> list[int]:
        found = [Run.parse(key or b"") for topic, key in self.log if topic == MARKS]
        return sorted(n for run in found for n in range(run.first, run.last + 1))


async def resend(broker: Broker, *letters: Exhumed) -> Sent:
    sent = Sent()
    await Resender(broker, MARKS, sent).send_all(stream(letters))
    return sent


async def stream(letters: Sequence[Exhumed]) -> AsyncIterator[Exhumed]:
    for letter in letters:
        yield letter


async def test_a_letter_goes_home_as_it_came() -> None:
    broker = Broker()
    sent = await resend(broker, exhumed(3, b"bytes"), exhumed(4, None))
    (topic, key, value, headers), (_, _, none, _) = broker.sent
    assert (topic, key, value, none) == ("articles.raw", b"key", b"bytes", None)
    assert headers["newsline-attempt"] == b"2"
    assert headers[REPLAY_OF] == b"articles.raw.dead/0/3"
    assert sent.sent_bytes == 5
    assert broker.log[-1] == (MARKS, Run(TOPIC, 0, 3, 4).key())


async def test_a_batch_is_written_down_before_the_next_is_sent() -> None:
    broker = Broker()
    await resend(broker, *(exhumed(n) for n in range(BATCH_RECORDS + 1)))
    kinds = [topic for topic, _ in broker.log]
    assert kinds == ["articles.raw"] * BATCH_RECORDS + [MARKS, "articles.raw", MARKS]


async def test_a_batch_is_bounded_in_bytes() -> None:
    broker = Broker()
    await resend(broker, *(exhumed(n, b"x" * (BATCH_BYTES // 2)) for n in range(3)))
    assert [topic for topic, _ in broker.log].index(MARKS) == 2


async def test_what_is_too_large_is_told_and_stays_open() -> None:
    broker = Broker()
    sent = await resend(
        broker, *(exhumed(n, v) for n, v in enumerate([b"a", b"huge", b"large", b"b"]))
    )
    assert [refusal.place for refusal in sent.refusals] == [f"{TOPIC}/0/1", f"{TOPIC}/0/2"]
    assert broker.marked() == [0, 3]


async def test_what_went_before_the_broker_did_is_written_down_and_the_rest_stays_open() -> None:
    broker, sent = Broker(), Sent()
    letters = [exhumed(0), exhumed(1, b"away"), exhumed(2), exhumed(3)]
    with pytest.raises(KafkaTimeoutError):
        await Resender(broker, MARKS, sent).send_all(stream(letters))
    assert broker.marked() == [0, 2, 3]
    assert {place.offset for place in sent.places} == {0, 2, 3}


async def test_nothing_is_nothing() -> None:
    broker = Broker()
    assert (await resend(broker)).places == set()
    assert broker.log == []
