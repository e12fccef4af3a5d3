"""Servers that tests kill, stop, fill up and start again on their data."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from services.local.settings import Overrides
from services.local.stack import LocalStack
from services.local.state import HOST
from tests.support.stack import QUICK, small_stack, taken_down

Name = Literal["kafka", "elasticsearch"]


@dataclass(frozen=True, slots=True)
class OwnServers:
    """Kafka and Elasticsearch of one home. Their ports stay, however often they are restarted."""

    local: LocalStack

    @property
    def bootstrap_servers(self) -> str:
        """Of Kafka."""
        return f"{HOST}:{self.port('kafka')}"

    @property
    def elasticsearch_url(self) -> str:
        """Of Elasticsearch."""
        return f"http://{HOST}:{self.port('elasticsearch')}"

    def port(self, name: Name) -> int:
        """Where it listens, itself and not a proxy."""
        return self.local.state().processes[name].ports[name]

    async def kill(self, name: Name, number: signal.Signals = signal.SIGKILL) -> None:
        """End one, and return when it is gone."""
        await asyncio.to_thread(self.local.stop, name, number)

    async def start(self, name: Name) -> None:
        """Start one on its data, and return when it answers."""
        await asyncio.to_thread(self.local.start, name)

    def send(self, name: Name, number: signal.Signals) -> None:
        """Signal one, as SIGSTOP or SIGCONT."""
        assert self.local.send(name, number)


@contextmanager
def own_servers(
    home: Path,
    *,
    names: tuple[Name, ...] = ("kafka", "elasticsearch"),
    kafka: dict[str, str | None] | None = None,
    elasticsearch: dict[str, object] | None = None,
) -> Iterator[OwnServers]:
    """Servers with settings of their own, which end with the block."""
    overrides = Overrides(
        kafka_properties=kafka or {},
        kafka_jvm_options=QUICK,
        elasticsearch_settings=elasticsearch or {},
        elasticsearch_jvm_options=QUICK,
    )
    with taken_down(small_stack(home, overrides)) as local:
        if len(names) > 1:
            local.up(workers=False)
        else:
            local.start(names[0])
        yield OwnServers(local)
