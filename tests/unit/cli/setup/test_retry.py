import asyncio

import pytest

from services.cli.setup import retry
from services.cli.setup.retry import BoundedRetry
from services.cli.support.errors import CommandError, ExitCode, ServerUnavailable


class Server:
    """Away for its first answers; counts how often it was asked."""

    def __init__(self, away: int, error: Exception | None = None) -> None:
        self.away, self.asked = away, 0
        self.error = error or ServerUnavailable("Kafka cannot be reached")

    async def step(self) -> str:
        self.asked += 1
        if self.asked <= self.away:
            raise self.error
        return "made"


@pytest.fixture(autouse=True)
def short_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "PAUSE_SECONDS", 0.01)


async def test_a_server_that_comes_is_waited_for() -> None:
    server = Server(away=3)

    assert await BoundedRetry(30).run(server.step) == "made"
    assert server.asked == 4


async def test_steps_share_the_time_and_each_is_tried_once() -> None:
    bounded, later = BoundedRetry(0.05), Server(away=99)
    with pytest.raises(ServerUnavailable):
        await bounded.run(Server(away=99).step)

    with pytest.raises(ServerUnavailable):
        await bounded.run(later.step)

    assert later.asked == 1
    assert await bounded.run(Server(away=0).step) == "made"


async def test_a_server_that_refuses_is_not_waited_for() -> None:
    server = Server(away=99, error=CommandError("Kafka refuses us", ExitCode.UNREACHABLE))

    async with asyncio.timeout(5):
        with pytest.raises(CommandError, match="refuses us"):
            await BoundedRetry(30).run(server.step)

    assert server.asked == 1
