"""Choose the ports of the stack's processes."""

import random
import socket
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from services.local.errors import NoFreePort, PortTaken
from services.local.registry import describe_holder
from services.local.settings import StackSettings
from services.local.state import HOST

# Below the ports that systems hand out for outgoing connections (32768 on Linux), one of which
# could otherwise take ours between the test and the start.
FREE_RANGE = range(20_000, 32_000)
ATTEMPTS = 200


@dataclass(frozen=True, slots=True)
class PortRole:
    """A port that a process needs: its key in records, its setting if any, and its server."""

    key: str
    field: str
    server: str

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return f"NEWSLINE_{self.field.upper()}"

    def asked_for(self, settings: StackSettings) -> int:
        """Return the port that was set; 0 for any free one."""
        if settings.free_ports or not self.field:
            return 0
        return int(getattr(settings, self.field))


KAFKA_PORTS = (
    PortRole("kafka", "kafka_port", "Kafka"),
    PortRole("controller", "kafka_controller_port", "Kafka's controller"),
)
ELASTICSEARCH_PORTS = (
    PortRole("elasticsearch", "elasticsearch_port", "Elasticsearch"),
    PortRole("transport", "elasticsearch_transport_port", "Elasticsearch's transport"),
)


def health_ports(service: str, instance: int) -> tuple[PortRole, ...]:
    """Return the one port of a worker; only the first of a service has a setting for it."""
    field = f"{service}_health_port" if instance == 1 else ""
    return (PortRole("health", field, f"the {service} worker's health page"),)


def is_free(port: int) -> bool:
    """True if nothing listens there now and a server could."""
    with socket.socket() as probe:
        # As servers do: connections of an earlier server that linger do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    # Some systems let two sockets share a port, one on all addresses and one on ours.
    with socket.socket() as caller:
        caller.settimeout(1)
        return caller.connect_ex((HOST, port)) != 0


def free_port(avoid: Collection[int] = ()) -> int:
    """Return a random port that is free now.

    :raises NoFreePort: ``ATTEMPTS`` ports were taken.
    """
    for _ in range(ATTEMPTS):
        port = random.choice(FREE_RANGE)  # noqa: S311 (not a secret)
        if port not in avoid and is_free(port):
            return port
    raise NoFreePort(f"No free port was found between {FREE_RANGE.start} and {FREE_RANGE.stop}.")


def choose_ports(
    roles: Sequence[PortRole],
    settings: StackSettings,
    *,
    keep: Mapping[str, int] | None = None,
    avoid: Collection[int] = (),
) -> dict[str, int]:
    """Choose a port for each role: the one it had (``keep``), else the one set, else a free one.

    :raises PortTaken: a port that was asked for is in use.
    """
    chosen: dict[str, int] = {}
    for role in roles:
        wanted = (keep or {}).get(role.key, role.asked_for(settings))
        if wanted and not is_free(wanted):
            raise PortTaken(role.server, wanted, role.variable, describe_holder(wanted))
        chosen[role.key] = wanted or free_port({*avoid, *chosen.values()})
    return chosen
