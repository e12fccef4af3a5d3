"""Consumers, producers and admin clients, built with our safe flags in one place.

Where a flag's value comes from is said beside it; the measurements were made on Kafka 4.1.
"""

import re
import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.admin import AIOKafkaAdminClient
from pydantic import Field, SecretStr, field_validator
from pydantic_settings import SettingsConfigDict

from services.contracts.topics import DOOR_BYTES, MIB
from services.runtime import unpacking
from services.runtime.settings import PREFIX, Settings, SettingsError, secret

# A day: model work and outages may take long, and aiokafka's and Faust's answer to passing this
# limit is a frozen consumer. Liveness is judged by progress instead (see health.py).
MAX_POLL_INTERVAL_MS = 86_400_000
REBALANCE_TIMEOUT_MS = 60_000

# Room for the largest record, its envelope and framing.
MAX_REQUEST_BYTES = 4 * DOOR_BYTES

# A host, or an IPv6 address in brackets; the port is 9092 where none is given.
_SERVER = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^\s,:/\[\]]+)(:\d{1,5})?")


class KafkaSettings(Settings):
    """Where the broker is, and how to prove who we are."""

    model_config = SettingsConfigDict(env_prefix=PREFIX + "KAFKA_")

    bootstrap_servers: str = "127.0.0.1:9092"
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    username: str | None = None
    password: SecretStr | None = None
    password_file: Path | None = None
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    # A worker that dies is replaced after this long.
    session_timeout_seconds: float = Field(default=10, ge=1, le=300)

    @field_validator("bootstrap_servers")
    @classmethod
    def _are_addresses(cls, servers: str) -> str:
        # aiokafka's own complaint names neither the setting nor the form.
        if not all(_SERVER.fullmatch(server.strip()) for server in servers.split(",")):
            raise ValueError("give host:port, or several with commas")
        return servers

    def connection(self) -> dict[str, Any]:
        """Arguments that every aiokafka client takes.

        :raises SettingsError: a credential or a file is missing.
        """
        arguments: dict[str, Any] = {
            "bootstrap_servers": self.bootstrap_servers,
            "security_protocol": self.security_protocol,
        }
        if "SASL" in self.security_protocol:
            password = secret(self.password, self.password_file, "NEWSLINE_KAFKA_PASSWORD")
            if not self.username or not password:
                raise SettingsError(
                    f"{self.security_protocol} needs NEWSLINE_KAFKA_USERNAME and "
                    "NEWSLINE_KAFKA_PASSWORD or NEWSLINE_KAFKA_PASSWORD_FILE"
                )
            arguments |= {
                "sasl_mechanism": self.sasl_mechanism,
                "sasl_plain_username": self.username,
                "sasl_plain_password": password,
            }
        if "SSL" in self.security_protocol:
            arguments["ssl_context"] = self.ssl_context()
        return arguments

    def ssl_context(self) -> ssl.SSLContext:
        """TLS as the settings say; without a CA file, the system's.

        :raises SettingsError: a file cannot be read as what it should be.
        """
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
            if self.cert_file is not None:
                context.load_cert_chain(self.cert_file, self.key_file)
        except (OSError, ssl.SSLError) as error:
            raise SettingsError(
                "NEWSLINE_KAFKA_CA_FILE, _CERT_FILE or _KEY_FILE cannot be used: "
                f"{error.strerror or error}"
            ) from error
        return context


def consumer(
    settings: KafkaSettings,
    *,
    topics: Sequence[str],
    group: str,
    listener: ConsumerRebalanceListener | None = None,
) -> AIOKafkaConsumer:
    """A member of a consumer group that commits only what it is told to.

    Values larger than the door takes come as a ``CutValue`` (see unpacking.py).
    """
    unpacking.install()
    member = AIOKafkaConsumer(
        **settings.connection(),
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        # What a producer has taken back was never pushed.
        isolation_level="read_committed",
        session_timeout_ms=int(settings.session_timeout_seconds * 1000),
        heartbeat_interval_ms=int(settings.session_timeout_seconds * 300),
        rebalance_timeout_ms=REBALANCE_TIMEOUT_MS,
        max_poll_interval_ms=MAX_POLL_INTERVAL_MS,
        max_partition_fetch_bytes=2 * MIB,
        fetch_max_bytes=16 * MIB,
        # A little delay costs nothing that a reader sees, and makes batches under load.
        fetch_max_wait_ms=100,
    )
    member.subscribe(topics=list(topics), listener=listener)
    return member


def producer(settings: KafkaSettings) -> AIOKafkaProducer:
    """Idempotent, acknowledged by all in-sync replicas, batched for 10 ms."""
    return AIOKafkaProducer(
        **settings.connection(),
        acks="all",
        enable_idempotence=True,
        linger_ms=10,
        # The best ratio for news text at a fifth of gzip's cost.
        compression_type="zstd",
        max_batch_size=256 * 1024,
        max_request_size=MAX_REQUEST_BYTES,
        request_timeout_ms=30_000,
    )


def admin(settings: KafkaSettings) -> AIOKafkaAdminClient:
    """A client for topics, groups and offsets."""
    return AIOKafkaAdminClient(**settings.connection(), request_timeout_ms=15_000)
