import json
import os
import re
from pathlib import Path

import psutil
import pytest
from aiokafka.errors import KafkaConnectionError, UnknownTopicOrPartitionError
from elastic_transport import ConnectionError as NoConnection
from typer.testing import CliRunner, Result

from services.cli.application import app
from services.cli.support.clients import reaching_elasticsearch, reaching_kafka
from services.cli.support.errors import CommandError, ExitCode
from services.cli.support.target import read_target
from services.elastic.settings import ElasticsearchSettings
from services.local.home import Home
from services.local.registry import register_home
from services.local.state import ProcessRecord, StackState
from services.runtime.kafka.settings import KafkaSettings
from services.runtime.settings import SettingsError

COMMANDS = (
    *("up", "down", "status", "demo", "setup", "push", "search", "show", "reenrich"),
    *("dlq list", "dlq show", "dlq replay", "dead", "replay"),
)
# Nothing listens on port 1.
NOWHERE = {
    "NEWSLINE_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
    "NEWSLINE_ELASTICSEARCH_URL": "http://127.0.0.1:1",
}


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A home of its own, and no settings from outside."""
    for name in ("KAFKA_BOOTSTRAP_SERVERS", "ELASTICSEARCH_URL", "NAMESPACE"):
        monkeypatch.delenv(f"NEWSLINE_{name}", raising=False)
    monkeypatch.setenv("NEWSLINE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "home"


def newsline(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(app, arguments, env=environment)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_shows_examples(command: str) -> None:
    result = newsline(*command.split(), "--help")
    assert result.exit_code == 0
    assert re.search(rf"Examples:\s+(NEWSLINE_\w+=\S+ )?newsline {command}\b", result.output)


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("pusch",),
        ("push",),
        ("push", "no-such-file.txt"),
        ("push", "-", "--format", "xml"),
        ("search", "x" * 2001),
        ("search", "--from", "yesterday"),
        ("search", "--from", "2025-02-30"),
        ("search", "--sentiment", "angry"),
        ("search", "--limit", "0"),
        ("show",),
        ("show", "012"),
        ("dlq",),
        ("dlq", "list", "--topic", "x"),
        ("dlq", "show"),
        ("dlq", "show", "articles.raw.dead/0"),
        ("dlq", "show", "articles.raw.dead/0/1", "--raw", "--json"),
        ("dlq", "replay"),
        ("dead", "--topic", "x"),
        ("dead", "--raw"),
        ("dead", "--show", "articles.raw.dead/0/1", "--by-reason"),
        ("dead", "--show", "articles.raw.dead/0"),
        ("dead", "--show", "articles.raw/0/1"),
        ("replay",),
        ("replay", "--yes", "--dry-run"),
        ("replay", "--all", "--id", "articles.raw.dead/0/1"),
        ("replay", "--edit", "articles.raw.dead/0/1", "--id", "articles.raw.dead/0/1"),
        ("replay", "--all", "--force"),
        ("replay", "--all", "--limit", "0"),
        ("replay", "--all", "--max-attempts", "0"),
        ("replay", "--edit", ""),
        ("replay", "--id", "articles.raw/0/1"),
        ("replay", "--topic", "dead"),
        ("down", "--force"),
    ],
)
def test_wrong_use_exits_2(arguments: tuple[str, ...]) -> None:
    assert newsline(*arguments).exit_code == ExitCode.WRONG_USE


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("NEWSLINE_KAFKA_BOOTSTRAP", "x", "did you mean NEWSLINE_KAFKA_BOOTSTRAP_SERVERS?"),
        ("NEWSLINE_KAFKA_BOOTSTRAP_SERVERS", "a:b", "NEWSLINE_KAFKA_BOOTSTRAP_SERVERS"),
        ("NEWSLINE_ELASTICSEARCH_URL", "nowhere", "NEWSLINE_ELASTICSEARCH_URL"),
        ("NEWSLINE_NAMESPACE", "Ä", "NEWSLINE_NAMESPACE"),
        ("NEWSLINE_KAFKA_PORT", "99999", "NEWSLINE_KAFKA_PORT"),
    ],
)
@pytest.mark.parametrize("command", [("status",), ("search", "x"), ("dead",), ("setup",)])
def test_wrong_settings_exit_2_and_are_named(
    command: tuple[str, ...], name: str, value: str, said: str
) -> None:
    result = newsline(*command, **{name: value})
    assert result.exit_code == ExitCode.WRONG_USE
    assert said in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("command", "address"),
    [
        (("search", "x"), "http://127.0.0.1:1"),
        (("show", "0123"), "http://127.0.0.1:1"),
        (("dlq", "list"), "127.0.0.1:1"),
        (("dlq", "show", "articles.raw.dead/0/1"), "127.0.0.1:1"),
        (("dlq", "replay", "--all"), "127.0.0.1:1"),
        (("dead",), "127.0.0.1:1"),
        (("dead", "--by-reason"), "127.0.0.1:1"),
        (("dead", "--show", "articles.raw.dead/0/1"), "127.0.0.1:1"),
        (("replay", "--all", "--dry-run"), "127.0.0.1:1"),
        (("replay", "--edit", "articles.raw.dead/0/1"), "127.0.0.1:1"),
        (("push", __file__), "127.0.0.1:1"),
        (("setup", "--wait", "0"), "127.0.0.1:1"),
    ],
)
def test_a_server_that_is_away_exits_3_with_its_address(
    command: tuple[str, ...], address: str
) -> None:
    result = newsline(*command, **NOWHERE)
    assert result.exit_code == ExitCode.UNREACHABLE
    assert address in result.stderr
    assert "newsline up" in result.stderr
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (KafkaConnectionError("x"), "cannot be reached"),
        (TimeoutError(), "cannot be reached"),
        (UnknownTopicOrPartitionError("x"), "answers UnknownTopicOrPartitionError"),
    ],
)
def test_every_failure_of_kafka_becomes_an_ending(error: Exception, said: str) -> None:
    with pytest.raises(CommandError, match=said) as ended, reaching_kafka(KafkaSettings()):
        raise error
    assert ended.value.code is ExitCode.UNREACHABLE


def test_a_failure_of_elasticsearch_becomes_an_ending() -> None:
    with (
        pytest.raises(CommandError, match="cannot be reached"),
        reaching_elasticsearch(ElasticsearchSettings()),
    ):
        raise NoConnection("x")


def running_at(home: Path, kafka: int, elasticsearch: int) -> None:
    stack = Home(home)
    stack.prepare()
    state = StackState()
    for name, port in (("kafka", kafka), ("elasticsearch", elasticsearch)):
        state = state.with_process(ProcessRecord(name, 1, 0.0, {name: port}, "log"))
    stack.save(state)


def test_servers_are_those_of_the_local_stack(home: Path) -> None:
    running_at(home, 2001, 2002)
    target = read_target()
    assert target.kafka.bootstrap_servers == "127.0.0.1:2001"
    assert target.elasticsearch.url == "http://127.0.0.1:2002"


def test_servers_that_are_named_win(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    running_at(home, 2001, 2002)
    monkeypatch.setenv("NEWSLINE_KAFKA_BOOTSTRAP_SERVERS", "a:1,[::1]:2, c")
    target = read_target()
    assert target.kafka.bootstrap_servers == "a:1,[::1]:2, c"
    assert target.elasticsearch.url == "http://127.0.0.1:2002"


@pytest.mark.parametrize("servers", ["a:b", "a:1:2", "a b:1", ",", "http://a:1"])
def test_impossible_servers_are_refused(servers: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEWSLINE_KAFKA_BOOTSTRAP_SERVERS", servers)
    with pytest.raises(SettingsError, match="NEWSLINE_KAFKA_BOOTSTRAP_SERVERS"):
        read_target()


def test_down_without_a_stack_is_fine(home: Path) -> None:
    result = newsline("down")
    assert result.exit_code == ExitCode.DONE
    assert result.stderr == f"Nothing was running. The stack's folder is {home}.\n"


@pytest.mark.parametrize(
    "command", [("status",), ("down",), ("push", __file__), ("dead",), ("search", "x")]
)
def test_a_stack_that_runs_from_another_folder_is_named(
    command: tuple[str, ...], home: Path, tmp_path: Path
) -> None:
    # A stack that died, so that nothing is reached here on any machine.
    running_at(home, 1, 1)
    other = Home(tmp_path / "other")
    other.prepare()
    created = psutil.Process().create_time()
    other.save(StackState().with_process(ProcessRecord("x", os.getpid(), created, {}, "log")))
    register_home(other)

    assert newsline(*command).stderr.splitlines()[-1] == (
        f"No stack runs from {home}; one runs from elsewhere: NEWSLINE_HOME={other.path}"
    )
    # It does not matter where servers are named.
    for name, value in NOWHERE.items():
        assert "elsewhere" not in newsline(*command, **{name: value}).stderr


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("https://a.org/b.json", "curl -s https://a.org/b.json | newsline push -"),
        ("s3://bucket/b.json", "is a URL"),
        ("archive/*.json", "does not expand patterns"),
        ("b.json", "does not exist"),
    ],
)
def test_what_cannot_be_pushed_is_told_what_to_do(argument: str, said: str) -> None:
    result = newsline("push", argument, COLUMNS="300")
    assert result.exit_code == ExitCode.WRONG_USE
    assert said in result.stderr


def test_status_comes_out_when_nothing_can_be_reached() -> None:
    result = newsline("status", "--json", **NOWHERE)
    assert result.exit_code == ExitCode.UNREACHABLE
    topics = ("articles.raw", "articles.accepted", "articles.enriched")
    assert json.loads(result.stdout) == {
        "kafka": {"bootstrap_servers": "127.0.0.1:1", "reachable": False},
        "elasticsearch": {"url": "http://127.0.0.1:1", "reachable": False},
        "workers": [],
        "lag": dict.fromkeys(topics),
        "documents": None,
        "dead_letters": dict.fromkeys(topics),
        "last_errors": [],
    }
    assert newsline("status", **NOWHERE).exit_code == ExitCode.UNREACHABLE


def test_the_index_workers_group_is_its_generations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEWSLINE_INDEX_GENERATION", "2")
    assert [topic.group for topic in read_target().flow] == [
        "newsline-ingest",
        "newsline-enrich",
        "newsline-index-g2",
    ]
