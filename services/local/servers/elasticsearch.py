"""Run one Elasticsearch node, with a module of English analyzers and ``GET /``."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from services.local.home import Home
from services.local.java.toolchain import JVM_OPTIONS, RESOURCES, Toolchain, java_environment
from services.local.ports import ELASTICSEARCH_PORTS, PortRole
from services.local.servers.server import status_of
from services.local.settings import Overrides, StackSettings
from services.local.state import ELASTICSEARCH

TEMPLATES = RESOURCES / "elasticsearch"
HTTP_OK = 200


@dataclass(frozen=True, slots=True)
class ElasticsearchServer:
    """The node of one home."""

    home: Home
    settings: StackSettings
    overrides: Overrides
    toolchain: Toolchain
    name: str = ELASTICSEARCH
    title: str = "Elasticsearch"
    roles: Sequence[PortRole] = ELASTICSEARCH_PORTS

    @property
    def folder(self) -> Path:
        """The node's ``path.home``."""
        return self.home.elasticsearch

    def prepare(self, ports: Mapping[str, int]) -> None:
        """Write ``config/elasticsearch.yml``."""
        config = self.folder / "config"
        config.mkdir(parents=True, exist_ok=True)
        lines = (f"{key}: {json.dumps(value)}\n" for key, value in self.options(ports).items())
        (config / "elasticsearch.yml").write_text("".join(lines), encoding="utf-8")

    def options(self, ports: Mapping[str, int]) -> dict[str, object]:
        """The node's settings: the template, the ports, and what was asked for in Python."""
        lines = (TEMPLATES / "elasticsearch.yml").read_text(encoding="utf-8").splitlines()
        template = (line.partition(": ") for line in lines if line and not line.startswith("#"))
        options: dict[str, object] = {
            **{key: json.loads(value) for key, _, value in template},
            "http.port": ports["elasticsearch"],
            "transport.port": ports["transport"],
            **self.overrides.elasticsearch_settings,
        }
        return {key: value for key, value in options.items() if value is not None}

    def command(self) -> Sequence[str]:
        """The node in the foreground."""
        heap = self.settings.elasticsearch_heap_mb
        return [
            str(self.toolchain.java),
            *JVM_OPTIONS,
            f"-Xms{heap}m",
            f"-Xmx{heap}m",
            # An allocation that fails must end the node, which then says so, not half of it.
            "-XX:+ExitOnOutOfMemoryError",
            "--enable-native-access=ALL-UNNAMED",
            # Netty's own use of it; Java 25 would warn of it at every start.
            "--sun-misc-unsafe-memory-access=allow",
            f"-Dlog4j2.configurationFile={(TEMPLATES / 'log4j2.properties').as_uri()}",
            *self.overrides.elasticsearch_jvm_options,
            "-cp",
            self.toolchain.elasticsearch_classpath,
            "newsline.node.NewslineNode",
            ".",
            str(self.toolchain.modules),
        ]

    def environment(self, ports: Mapping[str, int]) -> Mapping[str, str]:  # noqa: ARG002 (a port)
        """The environment of this process, as Java needs it."""
        return java_environment(os.environ)

    def answers(self, ports: Mapping[str, int]) -> bool:
        """True once every index can be read and written: yellow, or green where it can be."""
        # It answers 408 if it is still red after the second.
        path = "/_cluster/health?wait_for_status=yellow&timeout=1s"
        return status_of(ports["elasticsearch"], path) == HTTP_OK
