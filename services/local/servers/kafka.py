"""Run one Kafka broker, which is its own controller."""

import base64
import os
import socket
import struct
import subprocess
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from services.local.errors import HomeUnusable, JavaUnusable, ServerDied
from services.local.home import Home
from services.local.java.toolchain import JVM_OPTIONS, RESOURCES, Toolchain, java_environment
from services.local.ports import KAFKA_PORTS, PortRole
from services.local.processes import last_lines
from services.local.servers.server import ANSWER_SECONDS
from services.local.settings import Overrides, StackSettings
from services.local.state import HOST, KAFKA

TEMPLATES = RESOURCES / "kafka"
FORMAT_SECONDS = 60
ASCII_END = 128
# api_key 3 (metadata), version 1, correlation id 1, client id "up", and all topics' absence.
METADATA_REQUEST = struct.pack(">hhih2si", 3, 1, 1, 2, b"up", 0)


@dataclass(frozen=True, slots=True)
class KafkaServer:
    """The broker of one home."""

    home: Home
    settings: StackSettings
    overrides: Overrides
    toolchain: Toolchain
    name: str = KAFKA
    title: str = "Kafka"
    roles: Sequence[PortRole] = KAFKA_PORTS

    @property
    def folder(self) -> Path:
        """Where the broker runs, and what its relative paths are relative to."""
        return self.home.kafka

    def prepare(self, ports: Mapping[str, int]) -> None:
        """Write the properties, and format the storage if it is new.

        :raises HomeUnusable: the data are another cluster's.
        """
        properties = self.properties(ports)
        path = self.folder / "server.properties"
        path.write_text(render(properties), encoding="ascii")
        identity = self.folder / "cluster.id"
        cluster = identity.read_text(encoding="ascii").strip() if identity.is_file() else None
        formatted = False
        for folder in properties["log.dirs"].split(","):
            found = _cluster_of(self.folder / folder)
            formatted = formatted or found is not None
            if found and cluster and found != cluster:
                raise HomeUnusable(
                    f"The Kafka data in {self.folder / folder} belong to another cluster"
                    f" ({found}, not {cluster}).",
                    "Move them away, or remove the whole stack with `newsline down --wipe`.",
                )
            cluster = cluster or found
        cluster = cluster or base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if not formatted:
            self._format(cluster)
        identity.write_text(cluster, encoding="ascii")

    def properties(self, ports: Mapping[str, int]) -> dict[str, str]:
        """``server.properties``: the template, the ports, and what was asked for in Python."""
        lines = (TEMPLATES / "server.properties").read_text(encoding="utf-8").splitlines()
        template = (line.partition("=") for line in lines if line and not line.startswith("#"))
        controller = f"{HOST}:{ports['controller']}"
        properties: dict[str, str | None] = {
            **{key: value for key, _, value in template},
            "listeners": f"PLAINTEXT://{HOST}:{ports['kafka']},CONTROLLER://{controller}",
            "controller.quorum.voters": f"1@{controller}",
            **self.overrides.kafka_properties,
        }
        return {key: value for key, value in properties.items() if value is not None}

    def command(self) -> Sequence[str]:
        """The broker in the foreground."""
        heap = self.settings.kafka_heap_mb
        return [
            *self._java(f"-Xms{heap}m", f"-Xmx{heap}m", *self.overrides.kafka_jvm_options),
            "kafka.Kafka",
            "server.properties",
        ]

    def environment(self, ports: Mapping[str, int]) -> Mapping[str, str]:  # noqa: ARG002 (a port)
        """The environment of this process, as Java needs it."""
        return java_environment(os.environ)

    def answers(self, ports: Mapping[str, int]) -> bool:
        """True if the broker names itself in its own metadata.

        A broker whose clients must authenticate is asked for no more than a connection: it takes
        none before it is ready.
        """
        own_listeners = "listeners" in self.overrides.kafka_properties
        try:
            with socket.create_connection((HOST, ports["kafka"]), ANSWER_SECONDS) as connection:
                return own_listeners or _knows_a_broker(connection)
        except (OSError, struct.error):
            return False

    def _format(self, cluster: str) -> None:
        # With "=": one id in 64 begins with a hyphen, and would be taken for an option.
        options = [f"--cluster-id={cluster}", "--config=server.properties"]
        tool = ["kafka.tools.StorageTool", "format", *options]
        log = self.home.log(self.name)
        command = [*self._java("-Xmx128m", "-XX:TieredStopAtLevel=1"), *tool]
        try:
            with log.open("ab") as output:
                subprocess.run(  # noqa: S603 (our own command, no shell)
                    command,
                    check=True,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    cwd=self.folder,
                    env=java_environment(os.environ),
                    timeout=FORMAT_SECONDS,
                )
        except OSError as error:
            raise JavaUnusable(f"{command[0]} cannot be run: {error.strerror}.") from error
        except subprocess.CalledProcessError as error:
            raise ServerDied(
                "Kafka's formatting", error.returncode, log, last_lines(log)
            ) from error
        except subprocess.TimeoutExpired as error:
            raise ServerDied("Kafka's formatting", None, log, last_lines(log)) from error

    def _java(self, *options: str) -> list[str]:
        return [
            str(self.toolchain.java),
            *JVM_OPTIONS,
            *options,
            f"-Dlog4j2.configurationFile={(TEMPLATES / 'log4j2.properties').as_uri()}",
            "-cp",
            self.toolchain.kafka_classpath,
        ]


def render(properties: Mapping[str, str]) -> str:
    """A Java properties file, of ASCII only: that is the one encoding every reader agrees on."""
    return "".join(f"{key}={_escaped(value)}\n" for key, value in properties.items())


def _escaped(value: str) -> str:
    units = value.replace("\\", "\\\\").replace("\n", "\\n").encode("utf-16-be")
    codes = struct.unpack(f">{len(units) // 2}H", units)
    return "".join(chr(code) if code < ASCII_END else f"\\u{code:04x}" for code in codes)


def _cluster_of(folder: Path) -> str | None:
    """The cluster that a data folder belongs to; None if it was never formatted."""
    try:
        lines = (folder / "meta.properties").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return None
    return dict(line.partition("=")[::2] for line in lines).get("cluster.id", "an unnamed one")


def _knows_a_broker(connection: socket.socket) -> bool:
    connection.sendall(struct.pack(">i", len(METADATA_REQUEST)) + METADATA_REQUEST)
    with connection.makefile("rb") as answer:
        (size,) = struct.unpack(">i", answer.read(4))
        # A correlation id, then the number of brokers.
        _, brokers = struct.unpack_from(">ii", answer.read(size))
    return bool(brokers > 0)
