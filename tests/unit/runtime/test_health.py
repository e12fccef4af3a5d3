import time
from contextlib import suppress

import pytest
from aiohttp.test_utils import TestClient, TestServer

from services.runtime import health as health_module
from services.runtime.health import Health, application, serve
from services.runtime.retry import Interrupted
from services.runtime.settings import SettingsError, WorkerSettings


async def answers(health: Health, path: str) -> tuple[int, str]:
    async with TestClient(TestServer(application(health))) as client:
        response = await client.get(path)
        return response.status, await response.text()


async def test_a_worker_is_not_ready_before_it_joined_its_group() -> None:
    assert await answers(Health("index"), "/readyz") == (503, "starting: joining its group\n")


async def test_a_ready_worker_says_so() -> None:
    health = Health("index")
    health.ready = True

    assert await answers(health, "/readyz") == (200, "ready\n")


async def test_a_waiting_worker_is_alive_and_not_ready_and_says_why() -> None:
    health = Health("index")
    health.ready = True

    with health.waiting_scope():
        health.report_unavailable("Elasticsearch")

        assert await answers(health, "/readyz") == (503, "waiting: Elasticsearch\n")
        assert await answers(health, "/livez") == (200, "alive\n")


async def test_an_inner_wait_that_ends_does_not_end_the_outer_one() -> None:
    health = Health("index")
    health.ready = True

    with health.waiting_scope():
        with health.waiting_scope():
            health.report_unavailable("Kafka")
        assert not health.state()[0]

    assert health.state()[0]


@pytest.mark.parametrize("given_up", [False, True])
def test_only_a_wait_that_was_not_given_up_is_over(
    caplog: pytest.LogCaptureFixture, *, given_up: bool
) -> None:
    health = Health("index")

    with caplog.at_level("INFO"), suppress(Interrupted), health.waiting_scope():
        health.report_unavailable("Kafka")
        if given_up:
            raise Interrupted

    assert health.waiting_for is None
    assert ("The waiting is over." in caplog.messages) is not given_up


async def test_a_loop_that_has_not_turned_for_long_is_not_alive(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(health_module, "STUCK_SECONDS", 0)

    assert (await answers(Health("index"), "/livez"))[0] == 503


async def test_metrics_are_in_the_format_of_prometheus() -> None:
    status, text = await answers(Health("index"), "/metrics")

    assert status == 200
    assert "# TYPE newsline_articles_total counter" in text


async def test_a_port_that_was_asked_for_and_is_taken_is_a_wrong_setting() -> None:
    server = TestServer(application(Health("index")))
    async with server:
        settings = WorkerSettings(health_port=server.port)
        with pytest.raises(SettingsError, match=f"port {server.port} is taken"):
            async with serve(Health("index"), settings):
                pass


async def test_the_age_of_the_batch_in_work_is_exported_and_an_idle_worker_has_0() -> None:
    health = Health("index")
    line = 'newsline_lag_seconds{stage="index"} '

    with health.processing(time.time() - 100):
        (busy,) = (t for t in (await answers(health, "/metrics"))[1].splitlines() if line in t)
    (idle,) = (t for t in (await answers(health, "/metrics"))[1].splitlines() if line in t)

    assert 100 <= float(busy.removeprefix(line)) < 160
    assert float(idle.removeprefix(line)) == 0
