from collections.abc import Sequence
from datetime import UTC, datetime

from services.contracts.articles import AcceptedArticle
from services.contracts.dead_letters import FIRST_ARRIVAL
from services.contracts.errors import ContractViolation
from services.contracts.topics import ACCEPTED, Topic
from services.ingest.worker import CHUNK_RECORDS, Ingester, first_arrival_ms
from services.runtime.kafka.batch_producer import Message
from services.runtime.kafka.dead_letters import Rejected
from tests.fakes.records import FakeRecord, accepted


class World:
    """The next topic and the dead letters, in one journal."""

    def __init__(self) -> None:
        self.journal: list[tuple[str, bytes | None]] = []
        self.messages: list[Message] = []

    async def send(self, messages: Sequence[Message]) -> None:
        self.messages += messages
        self.journal += [("accepted", message.key) for message in messages]

    async def write(self, rejected: Sequence[Rejected]) -> None:
        self.journal += [("dead", each.record.value) for each in rejected]


def accept(value: bytes | None, *, arrival: datetime, now: datetime) -> AcceptedArticle:
    if value == b"poison":
        raise ContractViolation("invalid_json", "line 1")
    return accepted(int(value or b"0"), received_at=arrival, accepted_at=now)


def ingester(world: World, topic: Topic = ACCEPTED) -> Ingester:
    return Ingester(accept, world, world, topic)


async def test_poison_costs_only_itself() -> None:
    world = World()

    await ingester(world).process([FakeRecord(b"1"), FakeRecord(b"poison"), FakeRecord(b"2")])

    assert [kind for kind, _ in world.journal] == ["accepted", "accepted", "dead"]


async def test_all_bad_is_all_dead_letters_and_no_limit_trips() -> None:
    world = World()

    await ingester(world).process([FakeRecord(b"poison")] * 500)

    assert [kind for kind, _ in world.journal] == ["dead"] * 500


async def test_order_is_kept_across_chunks() -> None:
    world = World()
    count = 2 * CHUNK_RECORDS + 3

    await ingester(world).process([FakeRecord(b"%d" % number) for number in range(count)])

    keys = [message.key or b"" for message in world.messages]
    assert [int(key, 16) for key in keys] == list(range(count))


async def test_an_article_too_large_for_the_next_topic_is_a_dead_letter() -> None:
    world = World()
    narrow = Topic("narrow", "group", 64 * 1024 + 10)

    await ingester(world, narrow).process([FakeRecord(b"1")])

    assert world.journal == [("dead", b"1")]


async def test_tracing_headers_travel_and_others_do_not() -> None:
    world = World()
    headers = (("traceparent", b"00-1"), ("secret", b"x"))

    await ingester(world).process([FakeRecord(b"1", headers=headers)])

    assert list(world.messages[0].headers) == [("traceparent", b"00-1")]


def test_a_replay_keeps_its_first_arrival() -> None:
    assert first_arrival_ms(FakeRecord(b"", timestamp=200, headers=((FIRST_ARRIVAL, b"100"),))) == (
        100
    )


def test_a_first_arrival_from_the_future_or_of_no_sense_is_not_believed() -> None:
    for told in (b"300", b"-1", b"x", b"9" * 40):
        record = FakeRecord(b"", timestamp=200, headers=((FIRST_ARRIVAL, told),))
        assert first_arrival_ms(record) == 200


async def test_the_arrival_is_the_brokers() -> None:
    world = World()

    await ingester(world).process([FakeRecord(b"1", timestamp=1_700_000_000_123)])

    article = AcceptedArticle.decode(world.messages[0].value)
    assert article.received_at == datetime(2023, 11, 14, 22, 13, 20, 123000, tzinfo=UTC)
