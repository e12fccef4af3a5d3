"""Dead letters and their replay on real servers, beside real workers (row 27 of the failures)."""

import asyncio
import json
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition

from services.contracts import dead_letters
from services.contracts.dead_letters import ATTEMPT, FIRST_ARRIVAL, REPLAY_OF, DeadLetter
from services.contracts.replay_marks import replayed_topic
from services.contracts.topics import ACCEPTED, ENRICHED, RAW, Topic
from services.ingest.acceptance import accept
from tests.fakes.records import ARRIVAL, accepted, enriched
from tests.support.command import Newsline, Ran, environment
from tests.support.pipeline import Pipeline, eventually, pipeline
from tests.support.stack import RunningStack

pytestmark = pytest.mark.asyncio(loop_scope="module")

# Key, value and headers.
Written = tuple[bytes | None, bytes, DeadLetter]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def flow(
    stack: RunningStack, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Pipeline]:
    """A pipeline with workers."""
    async with pipeline(stack, tmp_path_factory.mktemp("replay")) as made:
        await made.start_all()
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def still(stack: RunningStack, tmp_path: Path) -> AsyncIterator[Pipeline]:
    """A pipeline in which nobody works."""
    async with pipeline(stack, tmp_path) as made:
        yield made


def newsline(flow: Pipeline, stack: RunningStack, **more: str) -> Newsline:
    return Newsline(environment(stack, flow.namespace) | more)


def dead_letter(
    code: str = "no_text", *, attempt: int = 1, came_ms: int | None = None
) -> DeadLetter:
    return DeadLetter(
        "ingest", dead_letters.now(), "t", 0, 0, attempt, f"{code}: of this test", came_ms
    )


async def write_dead(flow: Pipeline, topic: Topic, records: Sequence[Written]) -> None:
    """Write dead letters as a worker has, long ago."""
    producer = AIOKafkaProducer(bootstrap_servers=flow.kafka.bootstrap_servers)
    await producer.start()
    try:
        name = flow.topic(topic).dead
        sent = [
            await producer.send(name, value, key=key, headers=dead.headers())
            for key, value, dead in records
        ]
        await asyncio.gather(*sent)
    finally:
        await producer.stop()


def article_id(value: bytes) -> str:
    return accept(value, arrival=ARRIVAL, now=ARRIVAL, max_article_bytes=10**6).article_id


def raw(publisher_id: str, **fields: Any) -> bytes:
    return json.dumps({"source": "replay", "id": publisher_id} | fields).encode()


def script(folder: Path, code: str) -> str:
    """An editor that does always the same."""
    file = folder / "editor.py"
    file.write_text(f"import sys, pathlib\nfile = pathlib.Path(sys.argv[1])\n{code}\n")
    return f"{sys.executable} {file}"


async def newest_dead_letter(command: Newsline, code: str) -> dict[str, Any]:
    """The newest dead letter of a reason, as listed."""
    found = (await command("dlq", "list", "--reason", code, "--limit", "1", "--json")).json[
        "letters"
    ]
    assert len(found) == 1
    return dict(found[0])


async def dead_of(flow: Pipeline, topic: Topic, key: bytes) -> list[ConsumerRecord]:
    return [record for record in await flow.dead(topic) if record.key == key]


async def test_a_dead_letter_mended_by_hand_becomes_a_document_of_its_first_arrival(
    flow: Pipeline, stack: RunningStack, tmp_path: Path
) -> None:
    await flow.push([raw("edit", title="Without a text")], key=b"edit")
    await flow.drained()
    (record,) = [each for each in await flow.records(flow.topic(RAW).name) if each.key == b"edit"]
    mend = script(tmp_path, 'file.write_bytes(file.read_bytes()[:-1] + b\', "text": "Mended."}\')')
    command = newsline(flow, stack, EDITOR=mend)
    ref = (await newest_dead_letter(command, "no_text"))["place"]

    ran = await command("replay", "--edit", ref, "--wait", "--json")

    assert (ran.code, ran.json["replayed"]) == (0, 1), ran.err
    assert ran.json["outcome"] == {"settled": True, "done": 1, "dead_again": []}
    await flow.client.indices.refresh(index=flow.alias)
    document = (await flow.documents())[article_id(raw("edit", text="x"))]
    assert document["text"] == "Mended."
    came = datetime.fromisoformat(document["received_at"]).timestamp() * 1000
    assert abs(came - record.timestamp) < 1, "the replay has lost its ref in time"
    assert (await newest_dead_letter(command, "no_text"))["replayed"]


async def test_an_edit_that_changes_nothing_sends_nothing(
    flow: Pipeline, stack: RunningStack, tmp_path: Path
) -> None:
    await flow.push([raw("unchanged", title="Without a text")])
    await flow.drained()
    command = newsline(flow, stack, EDITOR=script(tmp_path, "pass"))
    ref = (await newest_dead_letter(command, "no_text"))["place"]
    before = len(await flow.records(flow.topic(RAW).name))

    ran = await command("replay", "--edit", ref)
    broken = await newsline(flow, stack, EDITOR="false")("replay", "--edit", ref)

    assert (ran.code, "nothing was changed" in ran.err) == (1, True)
    assert (broken.code, "nothing was sent" in broken.err) == (2, True)
    assert len(await flow.records(flow.topic(RAW).name)) == before
    forced = await command("replay", "--edit", ref, "--force", "--wait", "--json")
    assert (forced.code, forced.json["replayed"]) == (1, 1)


async def test_what_fails_again_is_dead_lettered_again_with_its_attempt_and_arrival(
    flow: Pipeline, stack: RunningStack, tmp_path: Path
) -> None:
    await flow.push([b"{broken"], key=b"again")
    await flow.drained()
    command = newsline(flow, stack)
    ref = (await newest_dead_letter(command, "invalid_json"))["place"]

    ran = await command("dlq", "replay", "--id", ref, "--wait", "--json")

    assert ran.code == 1
    (dead,) = ran.json["outcome"]["dead_again"]
    assert (dead["place"], dead["again"]["attempt"], dead["again"]["code"]) == (
        ref,
        2,
        "invalid_json",
    )
    assert f"dead-lettered again: {ref}" in ran.err
    first, second = await dead_of(flow, RAW, b"again")
    assert (first.value, second.value) == (b"{broken", b"{broken")
    assert DeadLetter.from_headers(second.headers).attempt == 2
    assert dict(first.headers)[FIRST_ARRIVAL] == dict(second.headers)[FIRST_ARRIVAL]

    # The dead letter of the replay before is not taken for one of this replay.
    mend = script(tmp_path, 'file.write_bytes(b\'{"text": "A text now."}\')')
    command = newsline(flow, stack, EDITOR=mend)
    mended = await command("replay", "--edit", ref, "--force", "--wait", "--json")
    assert (mended.code, mended.json["outcome"]["done"]) == (0, 1)


async def test_a_dead_letter_that_fails_further_on_is_reported_too(
    flow: Pipeline, stack: RunningStack
) -> None:
    """
    Enrich takes it, the index refuses it: the dead letter there says which replay it comes from.
    """
    article = accepted(901, word_count=2**40)
    await write_dead(
        flow, ACCEPTED, [(article.article_id.encode(), article.encode(), dead_letter("contract"))]
    )

    ran = await newsline(flow, stack)("replay", "--topic", "accepted", "--wait", "--json")

    assert ran.code == 1
    (dead,) = ran.json["outcome"]["dead_again"]
    assert dead["place"].startswith(flow.topic(ACCEPTED).dead)
    assert dead["again"]["place"].startswith(flow.topic(ENRICHED).dead)
    assert dead["again"]["code"] == "refused"


async def test_a_document_that_the_index_refused_goes_back_to_the_index(
    flow: Pipeline, stack: RunningStack, tmp_path: Path
) -> None:
    name = {"name": "N", "type": "PER", "mentions": 1, "salience": 0.5}
    article = enriched(902, entities=tuple({**name, "name": f"N{n}"} for n in range(2001)))
    await flow.push([article.encode()], key=article.article_id.encode(), topic=ENRICHED)
    await flow.drained()
    fewer = "import json\na = json.loads(file.read_text())\na['entities'] = []\n"
    command = newsline(
        flow, stack, EDITOR=script(tmp_path, fewer + "file.write_text(json.dumps(a))")
    )
    ref = (await newest_dead_letter(command, "refused"))["place"]
    assert ref.startswith(flow.topic(ENRICHED).dead)
    shown = await command("dead", "--show", ref, "--raw")
    assert shown.out.encode() == article.encode()

    refused = await command("replay", "--id", ref, "--wait", "--json")
    assert refused.code == 1
    (dead,) = refused.json["outcome"]["dead_again"]
    assert dead["again"]["attempt"] == 2
    mended = await command("replay", "--edit", dead["again"]["place"], "--wait", "--json")

    assert (mended.code, mended.json["reasons"][0]["topic"]) == (0, flow.topic(ENRICHED).name)
    assert (await flow.documents())[article.article_id]["entities"] == []


async def test_an_older_version_replayed_late_leaves_the_newer_one(
    flow: Pipeline, stack: RunningStack, tmp_path: Path
) -> None:
    """
    No publisher's dates: the first arrival alone says which is newer.
    """
    await flow.push([raw("stale", title="The older one")])
    await flow.drained()
    came = time.time()
    await eventually("another second", lambda: _is_after(came + 1))
    await flow.push([raw("stale", text="The newer one.")])
    await flow.drained()
    mend = script(tmp_path, 'file.write_bytes(file.read_bytes()[:-1] + b\', "text": "Older."}\')')
    command = newsline(flow, stack, EDITOR=mend)
    ref = (await newest_dead_letter(command, "no_text"))["place"]

    ran = await command("replay", "--edit", ref, "--wait", "--json")

    assert (ran.code, ran.json["outcome"]["done"]) == (0, 1)
    assert (await flow.documents())[article_id(raw("stale", text="x"))]["text"] == "The newer one."


async def _is_after(moment: float) -> bool:
    return time.time() > moment


@pytest.mark.timeout(240)
async def test_some_good_some_still_bad_some_stale(stack: RunningStack, tmp_path: Path) -> None:
    """
    By id: the good are stored, the stale change nothing, the bad are dead-lettered again, with
    their attempts, until they have failed too often. Nothing goes twice, and it ends.
    """
    hour_ago = int(time.time() * 1000) - 3_600_000
    good = {n: raw(f"good-{n}", text=f"Good {n}.") for n in range(30)}
    newer = {n: raw(f"stale-{n}", text=f"Newer {n}.") for n in range(20)}
    older = {n: raw(f"stale-{n}", text=f"Older {n}.") for n in range(20)}
    bad = [b"{bad %d" % n for n in range(10)]
    async with pipeline(stack, tmp_path) as made:
        await made.start_all()
        await made.push(list(newer.values()))
        values = [*good.values(), *older.values(), *bad]
        await write_dead(
            made, RAW, [(None, value, dead_letter(came_ms=hour_ago)) for value in values]
        )
        await made.drained()
        command = newsline(made, stack)
        rounds: list[Ran] = []
        while not rounds or rounds[-1].json["replayed"]:
            rounds.append(await command("replay", "--all", "--wait", "--json"))
            assert len(rounds) < 8, "a replay of the same dead letters does not end"

        told = [(ran.code, ran.json["replayed"], _died(ran)) for ran in rounds]
        assert told == [(1, 60, 10), (1, 10, 10), (1, 10, 10), (1, 10, 10), (0, 0, 0)]
        assert rounds[0].json["outcome"]["done"] == 50
        assert rounds[-1].json["left"]["too_many_attempts"] == 10
        expected = {article_id(v): f"Good {n}." for n, v in good.items()}
        expected |= {article_id(v): f"Newer {n}." for n, v in newer.items()}
        assert {i: d["text"] for i, d in (await made.documents()).items()} == expected
        died = Counter(
            (record.value, DeadLetter.from_headers(record.headers).attempt)
            for record in await made.dead(RAW)
            if record.value in bad
        )
        assert died == {(value, attempt): 1 for value in bad for attempt in range(1, 6)}


def _died(ran: Ran) -> int:
    return len((ran.json["outcome"] or {"dead_again": []})["dead_again"])


async def test_all_goes_once_whole_and_in_its_order(still: Pipeline, stack: RunningStack) -> None:
    values = [b"\xff\x00 %d" % n for n in range(1200)]
    keys = [None if n % 2 else b"k%d" % n for n in range(1200)]
    came = [n if n % 3 else None for n in range(1200)]
    await write_dead(
        still,
        RAW,
        [
            (k, v, dead_letter("a" if n % 4 else "b", attempt=1 + n % 3, came_ms=c))
            for n, (k, v, c) in enumerate(zip(keys, values, came, strict=True))
        ],
    )
    command = newsline(still, stack)
    groups = (await command("dead", "--by-reason", "--json")).json["reasons"]
    assert [(g["code"], g["letters"], g["open"]) for g in groups] == [
        ("a", 900, 900),
        ("b", 300, 300),
    ]
    dry = await command("replay", "--all", "--dry-run", "--json")
    assert (dry.json["selected"], len(dry.json["letters"])) == (1200, 1200)
    assert await still.records(still.topic(RAW).name) == []

    by_reason = await command("replay", "--reason", "b", "--json")
    some = await command("replay", "--all", "--limit", "100", "--json")
    rest = await command("replay", "--all", "--json")
    again = await command("replay", "--all", "--json")

    replayed = [ran.json["replayed"] for ran in (by_reason, some, rest, again)]
    assert replayed == [300, 100, 800, 0]
    assert (some.json["left"]["over_limit"], "800 more dead letters remain" in some.err) == (
        800,
        True,
    )
    records = await still.records(still.topic(RAW).name)
    sent = {record.value: (record.key, dict(record.headers)) for record in records}
    assert len(records) == len(sent) == 1200
    for n, (key, value, c) in enumerate(zip(keys, values, came, strict=True)):
        headers = {ATTEMPT: b"%d" % (2 + n % 3), REPLAY_OF: b"%s.dead/0/%d" % (_raw(still), n)}
        if c is not None:
            headers[FIRST_ARRIVAL] = b"%d" % c
        assert sent[value] == (key, headers)
    groups = (await command("dead", "--by-reason", "--json")).json["reasons"]
    assert [(g["code"], g["letters"], g["open"]) for g in groups] == [("a", 900, 0), ("b", 300, 0)]
    assert (await command("dead", "--open", "--json")).json["letters"] == []


def _raw(flow: Pipeline) -> bytes:
    return flow.topic(RAW).name.encode()


async def test_a_named_dead_letter_goes_again_only_by_force(
    still: Pipeline, stack: RunningStack
) -> None:
    await write_dead(
        still, RAW, [(None, b"%d" % n, dead_letter(attempt=9 if n == 3 else 1)) for n in range(4)]
    )
    command = newsline(still, stack)
    refs = [f"{still.topic(RAW).dead}/0/{n}" for n in range(5)]
    two = await command("replay", "--id", refs[2], "--id", refs[0], "--json")
    assert (two.code, two.json["replayed"], two.json["outcome"]) == (0, 2, None)
    for ref, why in ((refs[0], "replayed already"), (refs[3], "failed 9 times")):
        left = await command("replay", "--id", ref)
        assert (left.code, why in left.err) == (1, True)
        assert (await command("replay", "--id", ref, "--force")).code == 0
    gone = await command("replay", "--id", refs[1], "--id", refs[4])
    assert (gone.code, f"no dead letter {refs[4]};" in gone.err) == (1, True)
    values = Counter(record.value for record in await still.records(still.topic(RAW).name))
    assert values == {b"0": 2, b"2": 1, b"3": 1}
    assert (await command("replay", "--all", "--json")).json["replayed"] == 1


# A shell starts what runs in the background deaf to SIGINT, and children inherit that.
INTERRUPTIBLE = """
import runpy, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
runpy.run_module("services.cli", run_name="__main__")
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
async def test_an_interrupted_replay_goes_on_and_leaves_nothing_out(
    still: Pipeline, stack: RunningStack, number: signal.Signals
) -> None:
    count = 20_000
    await write_dead(still, RAW, [(None, b"%d" % n, dead_letter()) for n in range(count)])
    command = newsline(still, stack)
    arguments = ("replay", "--all", "--limit", str(count), "--json")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", INTERRUPTIBLE, *arguments),
        env={**command.environment, "PATH": "/usr/bin:/bin"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )

    # Looked at often, by one reader: a replay of so many takes about two seconds.
    marks = TopicPartition(replayed_topic(still.namespace), 0)
    reader = AIOKafkaConsumer(bootstrap_servers=still.kafka.bootstrap_servers)
    await reader.start()
    try:
        async with asyncio.timeout(60):
            while not (await reader.end_offsets([marks]))[marks]:
                pass
        with suppress(ProcessLookupError):
            process.send_signal(number)
    finally:
        await reader.stop()
    _, said = await process.communicate()
    assert process.returncode != 0, "it was over before it was interrupted"
    if number == signal.SIGINT:
        assert b"dead letters had been replayed; the same command goes on" in said
        assert b"Traceback" not in said

    ran = await command(*arguments)

    assert 0 < ran.json["replayed"] < count, "the second run has begun anew"
    sent = Counter(record.value for record in await still.records(still.topic(RAW).name))
    assert set(sent) == {b"%d" % n for n in range(count)}
    assert sent.total() <= count + 500, "more than a batch went twice"
    assert (await command(*arguments)).json["replayed"] == 0


async def test_workers_that_are_away_are_not_waited_for_without_end(
    still: Pipeline, stack: RunningStack
) -> None:
    await write_dead(still, RAW, [(None, b"x", dead_letter())])
    ran = await newsline(still, stack)("replay", "--all", "--wait", "--timeout", "1", "--json")
    assert (ran.code, ran.json["replayed"]) == (3, 1)
    assert ran.json["outcome"] == {"settled": False, "done": None, "dead_again": []}
    assert f"have yet to finish {still.topic(RAW).name}" in ran.err


async def test_a_dead_letter_is_shown_whole_and_cannot_control_the_terminal(
    still: Pipeline, stack: RunningStack
) -> None:
    values = [b'{"title":"\\u001b[2J\xe2\x80\xae"}', b"\xff\x1b[2J"]
    await write_dead(still, RAW, [(b"\x9b2J", value, dead_letter()) for value in values])
    command = newsline(still, stack)
    for number, value in enumerate(values):
        ref = f"{still.topic(RAW).dead}/0/{number}"
        shown = await command("dlq", "show", ref)
        assert (shown.code, not {"\x1b", "\x9b", "\u202e"} & set(shown.out)) == (0, True)
        assert "no_text: of this test" in shown.out
        told = (await command("dead", "--show", ref, "--json")).json
        assert told["place"] == ref
        exact = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "services.cli", "dead", "--show", ref, "--raw"),
            env={**command.environment, "PATH": "/usr/bin:/bin"},
            stdout=asyncio.subprocess.PIPE,
        )
        assert (await exact.communicate())[0] == value
    nowhere = await command("dead", "--show", f"{still.topic(RAW).dead}/0/2")
    assert (nowhere.code, "there is no dead letter" in nowhere.err) == (1, True)


@pytest.mark.parametrize(("answer", "sent"), [(b"n\n", 0), (b"y\n", 1)])
async def test_on_a_terminal_all_is_asked_for(
    still: Pipeline, stack: RunningStack, answer: bytes, sent: int
) -> None:
    await write_dead(still, RAW, [(None, b"x", dead_letter())])
    ours, theirs = os.openpty()
    try:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "services.cli", "replay", "--all"),
            env={**newsline(still, stack).environment, "PATH": "/usr/bin:/bin"},
            stdin=theirs,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        os.write(ours, answer)
        _, said = await process.communicate()
    finally:
        os.close(ours)
        os.close(theirs)
    assert b"Replay 1 dead letter (1 byte" in said
    assert process.returncode == 1 - sent
    assert len(await still.records(still.topic(RAW).name)) == sent


async def test_before_setup_there_is_nothing_to_replay(stack: RunningStack) -> None:
    command = Newsline(environment(stack, "never-set-up"))
    ran = await command("replay", "--all", "--json")
    assert (ran.code, ran.json["selected"]) == (0, 0)
    assert (await command("dead", "--by-reason", "--json")).json["reasons"] == []
