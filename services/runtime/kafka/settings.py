"""Settings: the broker's address, credentials and TLS, and how topics are created."""

import re
import ssl
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import SettingsConfigDict

from services.runtime.settings import PREFIX, Settings, SettingsError, read_secret

# A host, or an IPv6 address in brackets; the port is 9092 where none is given.
_SERVER = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^\s,:/\[\]]+)(:\d{1,5})?")


class KafkaSettings(Settings):
    """The broker's address, credentials and TLS."""

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
            password = read_secret(self.password, self.password_file, "NEWSLINE_KAFKA_PASSWORD")
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


class TopicSettings(Settings):
    """How ``newsline setup`` creates topics."""

    model_config = SettingsConfigDict(env_prefix=PREFIX + "TOPIC_")

    partitions: int = Field(default=12, ge=1, le=1000)
    # 0 is three, or as many as there are brokers.
    replication: int = Field(default=0, ge=0, le=32)
    # 0 keeps for ever: an outage may then last any time, and the index can be made again by replay.
    retention_days: int = Field(default=0, ge=0, le=36500)

    @property
    def retention_ms(self) -> int:
        """Milliseconds; -1 is for ever."""
        return self.retention_days * 86_400_000 or -1
