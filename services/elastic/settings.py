"""Settings: the address of Elasticsearch, credentials and TLS, and the shape of the indices."""

from pathlib import Path
from typing import Any

from elasticsearch import AsyncElasticsearch
from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from services.runtime.settings import PREFIX, Settings, SettingsError, read_secret


class ElasticsearchSettings(Settings):
    """The address of Elasticsearch, and an API key or a user and password."""

    model_config = SettingsConfigDict(env_prefix=PREFIX + "ELASTICSEARCH_")

    url: str = Field(
        default="http://127.0.0.1:9200",
        pattern=r"^https?://[^/\s]+/?.*$",
        description="an address like https://host:9200",
    )
    api_key: SecretStr | None = None
    api_key_file: Path | None = None
    username: str | None = None
    password: SecretStr | None = None
    password_file: Path | None = None
    ca_file: Path | None = None
    timeout_seconds: float = Field(default=30, gt=0, le=120)  # health.py: stuck after 180

    def client(self) -> AsyncElasticsearch:
        """A client that repeats nothing by itself: what to repeat is decided item by item.

        :raises SettingsError: credentials contradict each other or cannot be read.
        """
        api_key = read_secret(self.api_key, self.api_key_file, "NEWSLINE_ELASTICSEARCH_API_KEY")
        password = read_secret(self.password, self.password_file, "NEWSLINE_ELASTICSEARCH_PASSWORD")
        if api_key and (self.username or password):
            raise SettingsError(
                "NEWSLINE_ELASTICSEARCH_API_KEY and a user name or password are both set; keep one"
            )
        if (self.username is None) != (password is None):
            raise SettingsError(
                "NEWSLINE_ELASTICSEARCH_USERNAME and NEWSLINE_ELASTICSEARCH_PASSWORD "
                "(or _PASSWORD_FILE) belong together; one is missing"
            )
        arguments: dict[str, Any] = {}
        if self.ca_file is not None:
            arguments["ca_certs"] = str(self.ca_file)
        if api_key:
            arguments["api_key"] = api_key
        elif self.username and password:
            arguments["basic_auth"] = (self.username, password)
        try:
            return AsyncElasticsearch(
                self.url,
                request_timeout=self.timeout_seconds,
                max_retries=0,
                retry_on_timeout=False,
                **arguments,
            )
        except (ValueError, OSError) as error:
            raise SettingsError(f"NEWSLINE_ELASTICSEARCH_URL or _CA_FILE: {error}") from error


class IndexSettings(Settings):
    """The shape of the indices that ``newsline setup`` declares, and which generation is meant."""

    model_config = SettingsConfigDict(env_prefix=PREFIX + "INDEX_")

    # Above 1: a new set of indices, filled by replay beside the one that is searched.
    generation: int = Field(default=1, ge=1, le=999)
    shards: int = Field(default=1, ge=1, le=1024)
    # None is one, or none as long as there is a single node.
    replicas: int | None = Field(default=None, ge=0, le=32)
