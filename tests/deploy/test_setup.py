"""``newsline setup`` against stand-ins for what the local node lacks: its security, and Kibana.

They answer as the documented interfaces of 9.2 do and refuse anything else. Topics and templates,
which the local servers do have, are made on the real ones in ``test_live.py``.
"""

import base64
import json
import stat
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import BodyPartReader, web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr
from typer.testing import CliRunner

from services.cli.setup import api_keys, command
from services.cli.setup.install import set_kibana_password
from services.cli.setup.kibana import importer, objects
from services.cli.setup.retry import BoundedRetry
from services.cli.support.errors import CommandError, ExitCode, ServerUnavailable
from services.elastic import naming
from services.elastic.settings import ElasticsearchSettings
from tests.deploy.reading import Object

PASSWORD = "correct horse"  # noqa: S105 - of a stand-in
ADMIN = "Basic " + base64.b64encode(f"elastic:{PASSWORD}".encode()).decode()
# https://www.elastic.co/docs/reference/elasticsearch/security-privileges, as far as we might ask.
INDEX_PRIVILEGES = {"auto_configure", "index", "delete", "read"}
CLUSTER_PRIVILEGES = {"monitor"}

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Security:
    """Elasticsearch's API keys and users."""

    def __init__(self) -> None:
        self.keys: dict[str, Object] = {}
        self.passwords: dict[str, str] = {}
        self.status = 200

    def application(self) -> web.Application:
        app = web.Application(middlewares=[self._guard])
        app.router.add_put("/_security/api_key", self._create)
        app.router.add_get("/_security/api_key", self._list)
        app.router.add_delete("/_security/api_key", self._invalidate)
        app.router.add_put("/_security/api_key/{id}", self._update)
        app.router.add_get("/_security/_authenticate", self._authenticate)
        app.router.add_put("/_security/user/{user}/_password", self._password)
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Answer) -> web.StreamResponse:
        headers = {"X-Elastic-Product": "Elasticsearch"}
        if self.status != 200:
            return web.json_response({"error": {}}, status=self.status, headers=headers)
        authorization = request.headers["Authorization"]
        if authorization != ADMIN and not self._valid(authorization):
            told = {"error": {"type": "security_exception"}, "status": 401}
            return web.json_response(told, status=401, headers=headers)
        response = await handler(request)
        response.headers.update(headers)
        return response

    def _valid(self, authorization: str) -> bool:
        kind, _, encoded = authorization.partition(" ")
        identity, _, secret = base64.b64decode(encoded).decode().partition(":")
        key = self.keys.get(identity)
        return kind == "ApiKey" and key is not None and key["valid"] and key["secret"] == secret

    async def _create(self, request: web.Request) -> web.Response:
        body = await request.json()
        assert set(body) == {"name", "role_descriptors", "metadata"}
        self._check(body["role_descriptors"])
        identity, secret = f"id-{len(self.keys)}", f"secret-{len(self.keys)}"
        self.keys[identity] = {"name": body["name"], "valid": True, "secret": secret, "roles": {}}
        self.keys[identity]["roles"] = body["role_descriptors"]
        encoded = base64.b64encode(f"{identity}:{secret}".encode()).decode()
        return web.json_response(
            {"id": identity, "name": body["name"], "api_key": secret, "encoded": encoded}
        )

    @staticmethod
    def _check(roles: Object) -> None:
        for role in roles.values():
            assert set(role["cluster"]) <= CLUSTER_PRIVILEGES
            for index in role["indices"]:
                assert set(index["privileges"]) <= INDEX_PRIVILEGES

    async def _update(self, request: web.Request) -> web.Response:
        body = await request.json()
        self._check(body["role_descriptors"])
        key = self.keys[request.match_info["id"]]
        updated = key["roles"] != body["role_descriptors"]
        key["roles"] = body["role_descriptors"]
        return web.json_response({"updated": updated})

    async def _list(self, request: web.Request) -> web.Response:
        assert request.query["active_only"] == "true"
        found = [
            {"id": identity, "name": key["name"], "invalidated": False}
            for identity, key in self.keys.items()
            if key["name"] == request.query["name"] and key["valid"]
        ]
        return web.json_response({"api_keys": found})

    async def _invalidate(self, request: web.Request) -> web.Response:
        ids = (await request.json())["ids"]
        for identity in ids:
            self.keys[identity]["valid"] = False
        return web.json_response({"invalidated_api_keys": ids, "error_count": 0})

    async def _authenticate(self, _: web.Request) -> web.Response:
        return web.json_response({"username": "elastic"})

    async def _password(self, request: web.Request) -> web.Response:
        self.passwords[request.match_info["user"]] = (await request.json())["password"]
        return web.json_response({})


class StandInKibana:
    """Kibana's import of saved objects."""

    def __init__(self) -> None:
        self.there: dict[tuple[str, str], Object] = {}
        self.default: str | None = None
        self.statuses: list[int] = []

    def application(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/api/saved_objects/_import", self._import)
        app.router.add_post("/api/data_views/default", self._default)
        return app

    async def _import(self, request: web.Request) -> web.Response:
        if self.statuses:
            return web.Response(status=self.statuses.pop(0))
        assert request.headers["kbn-xsrf"]
        assert request.headers["Authorization"] == ADMIN
        assert dict(request.query) == {"overwrite": "true"}
        part = await (await request.multipart()).next()
        assert isinstance(part, BodyPartReader)
        assert part.name == "file"
        assert str(part.filename).endswith(".ndjson")
        told = [json.loads(line) for line in (await part.read()).splitlines()]
        for saved in told:
            self.there[saved["type"], saved["id"]] = saved
        lost = [
            {"type": s["type"], "id": s["id"], "error": {"type": "missing_references"}}
            for s in told
            if any((r["type"], r["id"]) not in self.there for r in s["references"])
        ]
        answer: Object = {"success": not lost, "successCount": len(told) - len(lost)}
        return web.json_response(answer | ({"errors": lost} if lost else {}))

    async def _default(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.default = body["data_view_id"]
        return web.json_response({"acknowledged": True})


@pytest.fixture
async def security() -> AsyncIterator[tuple[Security, ElasticsearchSettings]]:
    stand_in = Security()
    async with TestServer(stand_in.application()) as server:
        yield stand_in, settings(str(server.make_url("/")))


@pytest.fixture
async def kibana() -> AsyncIterator[tuple[StandInKibana, str]]:
    stand_in = StandInKibana()
    async with TestServer(stand_in.application()) as server:
        yield stand_in, str(server.make_url("/"))


def settings(url: str) -> ElasticsearchSettings:
    return ElasticsearchSettings(
        url=url.rstrip("/"), username="elastic", password=SecretStr(PASSWORD)
    )


def test_the_index_worker_may_write_articles_and_know_where_they_are() -> None:
    role = api_keys.role("staging")["index_worker"]
    rights = {name: set(each["privileges"]) for each in role["indices"] for name in each["names"]}

    assert rights == {
        naming.pattern("staging"): {"auto_configure", "index", "delete", "read"},
        naming.locations("staging"): {"read", "index"},
        naming.locations("staging") + "-g*": {"read", "index"},
    }
    assert role["cluster"] == ["monitor"]


async def test_the_first_run_makes_a_key_that_works(
    security: tuple[Security, ElasticsearchSettings], tmp_path: Path
) -> None:
    stand_in, elasticsearch = security
    keys = api_keys.ApiKeys(elasticsearch, "", tmp_path)

    await keys.ensure()

    client = ElasticsearchSettings(url=elasticsearch.url, api_key_file=keys.path).client()
    async with client:
        assert (await client.security.authenticate())["username"] == "elastic"
    assert stat.S_IMODE(keys.path.stat().st_mode) == 0o600
    assert [key["name"] for key in stand_in.keys.values()] == ["newsline-index"]


async def test_the_next_run_keeps_the_key_and_renews_its_rights(
    security: tuple[Security, ElasticsearchSettings], tmp_path: Path
) -> None:
    stand_in, elasticsearch = security
    keys = api_keys.ApiKeys(elasticsearch, "", tmp_path)
    await keys.ensure()
    before = keys.path.read_bytes()
    stand_in.keys["id-0"]["roles"] = {"of an older release": {}}

    await keys.ensure()

    assert keys.path.read_bytes() == before
    assert stand_in.keys["id-0"]["roles"] == api_keys.role("")
    assert len(stand_in.keys) == 1


@pytest.mark.parametrize("found", [b"", b"no key", b"aWQtMDp3cm9uZw==\n", b"\xff\xfe"])
async def test_a_key_that_does_not_work_is_replaced(
    security: tuple[Security, ElasticsearchSettings], tmp_path: Path, found: bytes
) -> None:
    """Another cluster's, one that was revoked, or no key at all."""
    _, elasticsearch = security
    keys = api_keys.ApiKeys(elasticsearch, "", tmp_path)
    keys.path.write_bytes(found)

    await keys.ensure()

    assert base64.b64decode(keys.path.read_bytes()).startswith(b"id-0:secret-0")


async def test_keys_are_rotated_with_no_moment_without_one(
    security: tuple[Security, ElasticsearchSettings], tmp_path: Path
) -> None:
    stand_in, elasticsearch = security
    keys = api_keys.ApiKeys(elasticsearch, "", tmp_path)
    await keys.ensure()

    await keys.rotate()
    both = [key["valid"] for key in stand_in.keys.values()]
    await keys.retire()

    assert both == [True, True]
    assert [key["valid"] for key in stand_in.keys.values()] == [False, True]
    assert await keys.retire() == ["There is no old API key."]


async def test_without_its_own_key_no_other_is_retired(
    security: tuple[Security, ElasticsearchSettings], tmp_path: Path
) -> None:
    """From the wrong folder, it would lock the workers out."""
    stand_in, elasticsearch = security
    await api_keys.ApiKeys(elasticsearch, "", tmp_path).ensure()

    await api_keys.ApiKeys(elasticsearch, "", tmp_path / "empty").retire()

    assert stand_in.keys["id-0"]["valid"]


async def test_kibana_gets_its_password(security: tuple[Security, ElasticsearchSettings]) -> None:
    stand_in, elasticsearch = security

    await set_kibana_password(elasticsearch, "of Kibana")

    assert stand_in.passwords == {"kibana_system": "of Kibana"}


@pytest.mark.parametrize("status", [429, 502, 503])
async def test_elasticsearch_that_starts_is_waited_for(
    security: tuple[Security, ElasticsearchSettings], status: int
) -> None:
    stand_in, elasticsearch = security
    stand_in.status = status

    with pytest.raises(ServerUnavailable):
        await set_kibana_password(elasticsearch, "of Kibana")


@pytest.mark.parametrize("status", [404, 405, 409])
async def test_a_refusal_that_time_does_not_heal_is_not_waited_for(
    security: tuple[Security, ElasticsearchSettings], status: int
) -> None:
    stand_in, elasticsearch = security
    stand_in.status = status

    with pytest.raises(CommandError, match=f"answers {status}") as ended:
        await set_kibana_password(elasticsearch, "of Kibana")

    assert not isinstance(ended.value, ServerUnavailable)
    assert ended.value.code is ExitCode.UNREACHABLE


async def test_a_wrong_password_is_not_waited_for(
    security: tuple[Security, ElasticsearchSettings],
) -> None:
    _, elasticsearch = security
    wrong = elasticsearch.model_copy(update={"password": SecretStr("guess")})

    with pytest.raises(CommandError, match="refuses us") as ended:
        await set_kibana_password(wrong, "of Kibana")

    assert not isinstance(ended.value, ServerUnavailable)


async def test_kibana_is_filled_twice_with_the_same(kibana: tuple[StandInKibana, str]) -> None:
    stand_in, url = kibana
    saved = objects.build("")

    for _ in range(2):
        told = await importer.Kibana(url, settings("http://unused")).import_objects(saved)
        assert told == [f"Imported {len(saved)} objects into Kibana."]

    assert list(stand_in.there.values()) == saved
    assert stand_in.default == objects.DEFAULT_DATA_VIEW


async def test_kibana_that_starts_is_waited_for(
    kibana: tuple[StandInKibana, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in, url = kibana
    stand_in.statuses = [503, 503]
    monkeypatch.setattr("services.cli.setup.retry.PAUSE_SECONDS", 0)
    target = importer.Kibana(url, settings("http://unused"))

    await BoundedRetry(30).run(lambda: target.import_objects(objects.build("")))

    assert not stand_in.statuses


async def test_what_kibana_refuses_is_named(kibana: tuple[StandInKibana, str]) -> None:
    _, url = kibana
    (orphan,) = [saved for saved in objects.build("") if saved["type"] == "dashboard"]

    with pytest.raises(importer.KibanaRefused, match="newsline-newsroom: missing_references"):
        await importer.Kibana(url, settings("http://unused")).import_objects([orphan])


async def test_a_kibana_that_knows_us_not_is_not_waited_for(
    kibana: tuple[StandInKibana, str],
) -> None:
    stand_in, url = kibana
    stand_in.statuses = [401]

    with pytest.raises(importer.KibanaRefused, match="answered 401"):
        await importer.Kibana(url, settings("http://unused")).import_objects(objects.build(""))


def setup(*arguments: str, **environment: str) -> tuple[int, str, str]:
    """Run a command; its exit code and what it wrote on both streams."""
    result = CliRunner().invoke(command.app, arguments, env=environment)
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("--wait", "0"),
        ("servers", "--wait", "0"),
        ("--wait", "0", "servers", "--api-keys", "unused"),
        ("show",),
    ],
)
def test_servers_that_never_come_end_the_job(arguments: tuple[str, ...]) -> None:
    nowhere = {
        "NEWSLINE_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "NEWSLINE_ELASTICSEARCH_URL": "http://127.0.0.1:1",
    }

    code, _, complaint = setup(*arguments, **nowhere)

    assert code == ExitCode.UNREACHABLE
    server = (
        "Elasticsearch at http://127.0.0.1:1" if "show" in arguments else "Kafka at 127.0.0.1:1"
    )
    assert f"newsline: {server} cannot be reached" in complaint


def test_a_kibana_that_never_comes_ends_the_job() -> None:
    code, _, complaint = setup("kibana", "--url", "http://127.0.0.1:1", "--wait", "0")

    assert code == ExitCode.UNREACHABLE
    assert "newsline: Kibana at http://127.0.0.1:1 cannot be reached" in complaint


@pytest.mark.parametrize(
    ("name", "value"), [("NEWSLINE_TOPIC_PARTITIONS", "many"), ("NEWSLINE_TOPICS", "12")]
)
def test_a_wrong_setting_ends_the_job(name: str, value: str) -> None:
    code, _, complaint = setup("servers", "--wait", "0", **{name: value})

    assert code == ExitCode.WRONG_USE
    assert name in complaint


@pytest.mark.parametrize("step", ["rotate", "retire"])
def test_keys_are_rotated_in_a_folder_that_is_named(step: str) -> None:
    assert setup(step)[0] == ExitCode.WRONG_USE


async def test_a_folder_that_cannot_be_written_is_named(
    security: tuple[Security, ElasticsearchSettings], tmp_path: Path
) -> None:
    _, elasticsearch = security
    file = tmp_path / "file"
    file.touch()

    with pytest.raises(CommandError, match=r"elasticsearch-index\.new cannot be written") as ended:
        await api_keys.ApiKeys(elasticsearch, "", file).ensure()

    assert ended.value.code is ExitCode.WRONG_USE


def test_the_rights_can_be_printed_for_those_who_make_keys_themselves() -> None:
    code, output, _ = setup("privileges")

    told: Any = json.loads(output)
    assert (code, told) == (ExitCode.DONE, api_keys.request(""))
