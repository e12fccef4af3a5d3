"""A worker as a process of the stack."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from services.local.ports import PortRole, health_ports
from services.local.servers.server import status_of
from services.local.settings import ENVIRONMENT_NAMES, Overrides, Service
from services.local.state import StackState


@dataclass(frozen=True, slots=True)
class WorkerProcess:
    """The n-th process of a service, working on the servers of a state."""

    service: Service
    instance: int
    state: StackState
    overrides: Overrides
    extra_environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """For records and logs."""
        return worker_name(self.service, self.instance)

    @property
    def title(self) -> str:
        """For people, within a sentence."""
        return f"the {self.name} worker"

    @property
    def roles(self) -> Sequence[PortRole]:
        """Its health page."""
        return health_ports(self.service, self.instance)

    @property
    def folder(self) -> Path:
        """The folder in which the stack was started: workers read relative paths as it does."""
        return Path.cwd()

    def prepare(self, ports: Mapping[str, int]) -> None:
        """Write nothing: a worker reads its environment."""

    def command(self) -> Sequence[str]:
        """The command of the worker in the foreground, or of its stand-in."""
        return self.overrides.worker_command(self.service)

    def environment(self, ports: Mapping[str, int]) -> Mapping[str, str]:
        """The person's own settings, and where the servers and the health page are."""
        inherited = {k: v for k, v in os.environ.items() if k not in ENVIRONMENT_NAMES}
        return {
            **inherited,
            "NEWSLINE_KAFKA_BOOTSTRAP_SERVERS": self.state.bootstrap_servers or "",
            "NEWSLINE_ELASTICSEARCH_URL": self.state.elasticsearch_url or "",
            "NEWSLINE_HEALTH_PORT": str(ports["health"]),
            # A log that is read while it grows must not wait for a full buffer.
            "PYTHONUNBUFFERED": "1",
            **self.overrides.worker_environment,
            **self.extra_environment,
        }

    def answers(self, ports: Mapping[str, int]) -> bool:
        """True once its health page answers."""
        return status_of(ports["health"], "/livez") is not None


def worker_name(service: Service, instance: int) -> str:
    """The name of a service's n-th process: ``enrich-1``."""
    return f"{service}-{instance}"
