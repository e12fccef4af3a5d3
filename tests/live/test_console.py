"""The `newsline` command on real servers, beside real workers."""

import asyncio
import json
import re
import uuid
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
import pytest_asyncio

from services.cli.demo.run import ARTICLES
from services.contracts.topics import ACCEPTED, ENRICHED, MAX_RECORD_BYTES
from tests.live.refusing_enrich import MARK
from tests.support.command import Newsline, environment
from tests.support.pipeline import Pipeline, pipeline
from tests.support.processes import runs
from tests.support.stack import RunningStack

pytestmark = pytest.mark.asyncio(loop_scope="module")

WIRE = Path(__file__).parents[1] / "data" / "2025-12-27-new-year-greetings.txt"


@pytest.fixture
def alone(stack: RunningStack) -> Newsline:
    """The command in a namespace in which nothing was made and nobody works."""
    return Newsline(environment(stack, f"c{uuid.uuid4().hex[:8]}"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def flow(
    stack: RunningStack, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Pipeline]:
    """A pipeline with workers, in which the demo's articles are searchable."""
    async with pipeline(stack, tmp_path_factory.mktemp("console")) as made:
        await made.start_all()
        ran = await Newsline(environment(stack, made.namespace))(
            "push", str(ARTICLES), "--wait", "--json"
        )
        assert (ran.code, ran.json["pushed"], ran.json["refused"]) == (0, 9, 0), ran.err
        outcome = ran.json["outcome"]
        assert (outcome["stored"], outcome["superseded"], outcome["dead"]) == (8, 1, 0)
        await made.client.indices.refresh(index=made.alias)
        yield made


@pytest.fixture
def newsline(stack: RunningStack, flow: Pipeline) -> Newsline:
    """The command beside workers."""
    return Newsline(environment(stack, flow.namespace))


async def titles(newsline: Newsline, *arguments: str) -> list[str]:
    ran = await newsline("search", *arguments, "--json")
    assert ran.code == 0, ran.err
    return [hit["title"] for hit in ran.json["hits"]]


async def test_setup_makes_what_is_missing_and_nothing_twice(alone: Newsline) -> None:
    first, second = await alone("setup"), await alone("setup")
    assert (first.code, second.code) == (0, 0)
    assert "articles.raw.dead" in first.err
    assert second.err.splitlines() == [
        "All topics were there.",
        "Index templates and alias were there.",
    ]


async def test_a_push_before_setup_says_so_and_makes_no_topic(alone: Newsline) -> None:
    for _ in range(2):
        ran = await alone("push", str(WIRE))
        assert ran.code == 2
        assert "newsline setup" in ran.err
    assert set((await alone("status", "--json")).json["lag"].values()) == {None}


async def test_without_workers_what_was_pushed_is_behind(alone: Newsline) -> None:
    await alone("setup")
    lines = b'{"text": "a"}\n\n{"text": "b"}\nnot JSON\n'
    ran = await alone.process(
        "push", "-", "--format", "ndjson", "--wait", "--timeout", "1", stdin=lines
    )
    assert ran.code == 4
    assert "Pushed 3 records" in ran.err
    assert "has records left: 3 on " in ran.err
    assert "3 not finished." in ran.err
    seen = await alone("status", "--json")
    assert seen.code == 0
    assert list(seen.json["lag"].values()) == [3, 0, 0]
    assert list(seen.json["dead_letters"].values()) == [0, 0, 0]
    assert (seen.json["documents"], seen.json["workers"]) == (0, [])


async def test_records_that_are_too_large_are_named_and_the_others_go(
    alone: Newsline, tmp_path: Path
) -> None:
    await alone("setup")
    file = tmp_path / "many.ndjson"
    large = b'{"text": "' + b"x" * MAX_RECORD_BYTES + b'"}'
    # The largest that may pass: the broker's limits must not be narrower than ours.
    largest = b'{"text": "' + b"y" * (MAX_RECORD_BYTES - 12) + b'"}'
    file.write_bytes(b"\n".join([b'{"text": "a"}', large, largest]))
    ran = await alone("push", str(tmp_path), str(file), "--json")
    assert (ran.code, ran.json["pushed"], ran.json["refused"]) == (1, 4, 2)
    assert ran.json["refusals"][0]["place"] == f"{file}:2"
    assert f"the limit is {MAX_RECORD_BYTES}" in ran.json["refusals"][0]["reason"]
    assert f"refused: {file}:2" in ran.err


async def test_search_ranks_and_marks_what_matches(newsline: Newsline) -> None:
    ran = await newsline("search", "ukraine war", "--json")
    hits = ran.json["hits"]
    assert hits[0]["title"].startswith("North Korean, Russian leaders")
    assert any("<em>Ukraine</em>" in part for part in hits[0]["highlight"]["text"])
    assert hits[0]["score"] > 0
    shown = await newsline("search", "ukraine war")
    assert (shown.code, "<em>" in shown.out) == (0, False)
    assert hits[0]["article_id"] in shown.out
    assert "2025-12-27" in shown.out


async def test_a_correction_replaced_its_report(newsline: Newsline) -> None:
    assert await titles(newsline, "orchards flood") == [
        "Flood damages orchards near Kakheti river, 140 families leave their homes"
    ]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--person", "kim jong un"), "North Korean"),
        (("--entity", "Kim Jong Un", "--place", "russia"), "North Korean"),
        (("--from", "2025-12-27", "--to", "2025-12-27"), "North Korean"),
        (("--to", "2025-09-30"), "Flood damages"),
        (("--source", "Pleiße-Kurier"), "Leipzig"),
        (("--language", "fr"), "À Lyon"),
        (("kim -flood",), "North Korean"),
        (('"grid storage"',), "Spain awards"),
        (("telescope", "--sort", "newest"), "New observatory"),
    ],
)
async def test_filters(newsline: Newsline, arguments: Sequence[str], expected: str) -> None:
    found = await titles(newsline, *arguments)
    assert len(found) == 1
    assert found[0].startswith(expected)


async def test_without_a_query_everything_comes_newest_first(newsline: Newsline) -> None:
    found = await titles(newsline)
    assert len(found) >= 8
    assert found[0].startswith("North Korean")
    assert len(await titles(newsline, "--limit", "3")) == 3


@pytest.mark.parametrize("sentiment", ["negative", "neutral", "positive"])
async def test_sentiment_is_a_filter(newsline: Newsline, sentiment: str) -> None:
    ran = await newsline("search", "--sentiment", sentiment, "--json")
    assert {hit["sentiment"]["label"] for hit in ran.json["hits"]} <= {sentiment}


@pytest.mark.parametrize("odd", ['"((', "*", "AND ~ | -", "a" * 2000, "x " * 1000, "\\", "[/]"])
async def test_no_query_is_an_error(newsline: Newsline, odd: str) -> None:
    assert (await newsline("search", "--", odd)).code == 0


async def test_nothing_found_is_said_and_is_no_error(newsline: Newsline) -> None:
    ran = await newsline("search", "zyzzyva")
    assert (ran.code, ran.out, ran.err) == (0, "", "Nothing was found.\n")


async def test_show_is_the_stored_document(newsline: Newsline, flow: Pipeline) -> None:
    (hit,) = (await newsline("search", "sharing blood", "--json")).json["hits"]
    ran = await newsline("show", hit["article_id"], "--json")
    assert ran.json == (await flow.documents())[hit["article_id"]]
    shown = await newsline("show", hit["article_id"])
    assert "2025-12-27 (precision: day)" in shown.out
    assert "10 paragraphs" in shown.out


async def test_the_beginning_of_an_id_is_enough(newsline: Newsline) -> None:
    article_id = (await newsline("search", "sharing blood", "--json")).json["hits"][0]["article_id"]
    for prefix in (article_id[:8], article_id[:8].upper(), f" {article_id.upper()} "):
        ran = await newsline("show", prefix, "--json")
        assert (ran.code, ran.json["article_id"]) == (0, article_id), ran.err
    unknown = "0" * 16
    ran = await newsline("show", unknown)
    assert (ran.code, ran.err) == (1, f"newsline: there is no article {unknown} to be shown\n")


async def test_an_ambiguous_beginning_lists_what_it_may_be(
    newsline: Newsline, flow: Pipeline
) -> None:
    titles_by_id = {f"abcdef{n:026}": f"Title {n}" for n in range(2)}
    index = f"{flow.namespace}-articles-2025.12"
    for article_id, title in titles_by_id.items():
        await flow.client.index(
            index=index,
            id=article_id,
            document={"article_id": article_id, "title": title, "status": "usable"},
        )
    await flow.client.indices.refresh(index=index)
    try:
        ran = await newsline("show", "ABCDEF")
    finally:
        for article_id in titles_by_id:
            await flow.client.delete(index=index, id=article_id, refresh=True)
    assert ran.code == 1
    assert [line.split(maxsplit=1) for line in ran.err.splitlines()[1:]] == [
        [article_id, title] for article_id, title in titles_by_id.items()
    ]


async def test_what_is_not_to_be_seen_is_not_shown(newsline: Newsline, flow: Pipeline) -> None:
    secret = b'{"source": "s", "id": "1", "text": "Embargoed zyxw.", "status": "withheld"}'
    await newsline.process("push", "-", "--wait", stdin=secret)
    stored = await flow.documents(everything=True)
    (article_id,) = (i for i, document in stored.items() if document["status"] == "withheld")
    assert (await newsline("show", article_id)).code == 1
    assert await titles(newsline, "zyxw") == []


async def test_a_push_names_the_outcome_of_each_of_its_records(newsline: Newsline) -> None:
    """Two versions of one article, the newer one first; a twin; no article; and a late version."""
    desk = uuid.uuid4().hex
    newer = {"source": desk, "id": "1", "text": "Newer.", "updated_at": "2025-06-02"}
    older = newer | {"text": "Older.", "updated_at": "2025-06-01"}
    twin = {"source": desk, "id": "2", "text": "Twice the same.", "published_at": "2025-06-01"}
    lines = [*map(json.dumps, (newer, older, twin, twin)), '{"title": "no text"}']
    ran = await newsline.process(
        "push", "-", "--format", "ndjson", "--wait", "--json", stdin="\n".join(lines).encode()
    )
    assert ran.code == 1, ran.err
    outcome = ran.json["outcome"]
    assert (outcome["stored"], outcome["superseded"], outcome["dead"]) == (2, 2, 1)
    assert (outcome["unknown"], outcome["unfinished"], outcome["finished"]) == (0, 0, True)
    assert outcome["superseded_records"][0] == {"place": "stdin:2", "how": "by stdin:1"}
    assert {each["place"] for each in outcome["superseded_records"]} <= {
        "stdin:2",
        "stdin:3",
        "stdin:4",
    }
    (dead,) = outcome["dead_records"]
    assert (dead["place"], dead["reason"].partition(":")[0]) == ("stdin:5", "no_text")
    shown = await newsline("dead", "--show", dead["dead_letter"], "--raw")
    assert shown.out == lines[4]

    late = await newsline.process("push", "-", "--wait", stdin=lines[1].encode())
    assert late.code == 0
    assert late.err.splitlines()[1:] == [
        "1 superseded:",
        "superseded: stdin:1: by the version of 2025-06-02T00:00:00Z",
    ]


async def test_records_that_die_at_later_stages_are_named(
    stack: RunningStack, tmp_path: Path
) -> None:
    """Their dead letters are about other records than the pushed ones."""
    async with pipeline(stack, tmp_path) as made:
        # Where this month's sections are numbers, Elasticsearch refuses a word.
        await made.client.indices.create(
            index=f"{made.alias}-2003.04", mappings={"properties": {"section": {"type": "long"}}}
        )
        workers = [
            made.start("ingest"),
            made.start("enrich", module="tests.live.refusing_enrich"),
            made.start("index"),
        ]
        await asyncio.gather(*[worker.ready() for worker in workers])
        good = {"text": "A good one.", "published_at": "2003-04-05"}
        lines = [good, good | {"section": "sport", "text": "Refused by index."}]
        file = tmp_path / "three.ndjson"
        file.write_text(
            "\n".join(map(json.dumps, [*lines, {"text": MARK.decode()}])), encoding="utf-8"
        )

        ran = await Newsline(environment(stack, made.namespace))("push", str(file), "--wait")

        assert ran.code == 1, ran.err
        said = ran.err.splitlines()
        assert said[1] == "1 stored, 2 dead letters:"
        assert re.fullmatch(
            rf"dead letter: {file}:2: refused: document_parsing_exception \(.*\) "
            rf"\(newsline dlq show {made.topic(ENRICHED).dead}/\d/0\)",
            said[2],
        )
        assert re.fullmatch(
            rf"dead letter: {file}:3: too_large: a test's article for .* "
            rf"\(newsline dlq show {made.topic(ACCEPTED).dead}/\d/0\)",
            said[3],
        )


async def test_dead_letters_are_listed_with_their_reasons(newsline: Newsline) -> None:
    bad = b'{broken\n{"title": "no text"}\n'
    assert (
        await newsline.process("push", "-", "--format", "ndjson", "--wait", stdin=bad)
    ).code == 1
    listed = (await newsline("dead", "--json")).json
    codes = {letter["code"]: letter for letter in listed["letters"]}
    assert {"invalid_json", "no_text"} <= set(codes)
    assert codes["invalid_json"]["bytes"] == len(b"{broken")
    assert codes["invalid_json"]["service"] == "ingest"
    assert sum(listed["counts"].values()) == len(listed["letters"])
    assert len((await newsline("dead", "--limit", "1", "--json")).json["letters"]) == 1
    assert (await newsline("dead", "--topic", "enriched", "--json")).json["letters"] == []
    assert "invalid_json" in (await newsline("dead")).out
    for command in (("dead",), ("dlq", "list")):
        printed = (await Newsline({**newsline.environment, "COLUMNS": "80"})(*command)).out
        refs = [letter["place"] for letter in listed["letters"]]
        assert [word for word in printed.split() if word in refs] == [*refs]
        assert f"`newsline dlq show {refs[0]}`" in printed
    seen = (await newsline("status", "--json")).json
    assert any("invalid_json" in trouble["error"] for trouble in seen["last_errors"])


async def test_an_article_cannot_control_the_terminal(newsline: Newsline, flow: Pipeline) -> None:
    article = {"title": "Evil \u202ereversed\u009b2J [bold]wyzx[/bold]", "text": "wyzx \u009b2J."}
    await newsline.process("push", "-", "--wait", stdin=json.dumps(article).encode())
    await flow.client.indices.refresh(index=flow.alias)
    for ran in (await newsline("search", "wyzx"), await newsline("search", "wyzx", "--json")):
        assert ran.code == 0
        assert "[bold]" in ran.out
        assert not {"\x1b", "\x9b", "\u202e"} & set(ran.out)


async def test_status_is_what_was_promised(newsline: Newsline, stack: RunningStack) -> None:
    seen = await newsline("status", "--json")
    assert seen.code == 0
    assert seen.json["kafka"]["bootstrap_servers"] == stack.bootstrap_servers
    assert seen.json["elasticsearch"]["url"] == stack.elasticsearch_url
    assert set(seen.json["lag"].values()) == {0}
    assert seen.json["documents"] >= 8
    assert (await newsline("status")).code == 0


async def test_the_running_stack_is_found_by_its_home(stack: RunningStack) -> None:
    seen = await Newsline({"NEWSLINE_HOME": str(stack.local.home.path)})("status", "--json")
    assert seen.code == 0
    assert seen.json["kafka"]["bootstrap_servers"] == stack.bootstrap_servers


@pytest.mark.timeout(240)
async def test_the_demo_may_be_run_twice_and_leaves_nothing_after_down(tmp_path: Path) -> None:
    newsline = Newsline(
        {
            "NEWSLINE_HOME": str(tmp_path / "home"),
            "NEWSLINE_FREE_PORTS": "1",
            # Beside other tests a start takes longer than on a machine of its own.
            "NEWSLINE_START_SECONDS": "180",
            "NEWSLINE_KAFKA_HEAP_MB": "384",
            "NEWSLINE_ELASTICSEARCH_HEAP_MB": "640",
        }
    )
    try:
        for ran in (await newsline.process("demo"), await newsline.process("demo")):
            assert ran.code == 0, ran.err
            for expected in (
                "2025-12-27 (precision: day)",
                "Kim Jong Un",
                "North Korea",
                "10 para",
            ):
                assert expected in ran.out
        seen = (await newsline("status", "--json")).json
        assert seen["documents"] == 8
        assert [worker["service"] for worker in seen["workers"]] == ["ingest", "enrich", "index"]
        assert {worker["state"] for worker in seen["workers"]} == {"running"}
    finally:
        ran = await newsline("down", "--wipe")
    assert ran.code == 0
    assert not [worker["pid"] for worker in seen["workers"] if runs(worker["pid"])]
    assert not (tmp_path / "home").exists()
