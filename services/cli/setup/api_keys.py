"""An API key for each worker that talks to Elasticsearch, with the least that it needs.

That is the index worker alone: the others know Kafka only.
"""

import base64
import binascii
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from elasticsearch import AsyncElasticsearch, AuthenticationException

from services.cli.support.clients import searching
from services.cli.support.errors import CommandError, ExitCode
from services.elastic import naming
from services.elastic.settings import ElasticsearchSettings

FILE_NAME = "elasticsearch-index"
PRIVATE = 0o600


def key_name(namespace: str) -> str:
    """The name that the index worker's keys are listed under."""
    return f"{namespace}-newsline-index" if namespace else "newsline-index"


def role(namespace: str) -> dict[str, Any]:
    """The role of the index worker: what it does, and no more. It can drop no index."""
    where = naming.locations(namespace)
    return {
        "index_worker": {
            # It looks whether its index templates are installed.
            "cluster": ["monitor"],
            "indices": [
                {
                    "names": [naming.pattern(namespace)],
                    # The first article of a month makes that month's index, from the template. It
                    # reads which articles a new one may be a copy of.
                    "privileges": ["auto_configure", "index", "delete", "read"],
                },
                {"names": [where, f"{where}-g*"], "privileges": ["read", "index"]},
            ],
        }
    }


def request(namespace: str) -> dict[str, Any]:
    """The body of ``POST /_security/api_key``."""
    return {
        "name": key_name(namespace),
        "role_descriptors": role(namespace),
        "metadata": {"application": "newsline"},
    }


class ApiKey(NamedTuple):
    """A key as it is sent, and the id under which it is listed."""

    identity: str
    encoded: str


@dataclass(frozen=True, slots=True)
class ApiKeys:
    """The keys of one deployment, and the folder where workers find them."""

    elasticsearch: ElasticsearchSettings
    namespace: str
    folder: Path

    @property
    def path(self) -> Path:
        """The index worker's ``NEWSLINE_ELASTICSEARCH_API_KEY_FILE``."""
        return self.folder / FILE_NAME

    async def ensure(self) -> list[str]:
        """Make a key unless the folder has one that works; that one gets today's privileges.

        :raises ServerUnavailable: Elasticsearch cannot be reached yet.
        """
        async with searching(self.elasticsearch) as client:
            there = self._read()
            if there is None or not await _works(client, there.encoded):
                await self._make(client)
                return [f"Made the API key {key_name(self.namespace)}."]
            await client.security.update_api_key(
                id=there.identity, role_descriptors=role(self.namespace)
            )
            return [f"The API key {key_name(self.namespace)} was there."]

    async def rotate(self) -> list[str]:
        """Make a new key; the old ones stay valid, so that nothing waits.

        :raises ServerUnavailable: Elasticsearch cannot be reached.
        """
        async with searching(self.elasticsearch) as client:
            await self._make(client)
        made = f"Made a new API key {key_name(self.namespace)}."
        return [made, "Restart the index workers, then retire the old one."]

    async def retire(self) -> list[str]:
        """Invalidate every key of this name but the one in the folder.

        :raises ServerUnavailable: Elasticsearch cannot be reached.
        """
        there = self._read()
        if there is None:
            return [f"There is no API key in {self.path}; nothing is invalidated."]
        async with searching(self.elasticsearch) as client:
            listed = await client.security.get_api_key(
                name=key_name(self.namespace), active_only=True
            )
            old = [key["id"] for key in listed["api_keys"] if key["id"] != there.identity]
            if not old:
                return ["There is no old API key."]
            await client.security.invalidate_api_key(ids=old)
        return [f"Invalidated {len(old)} old API keys."]

    async def _make(self, client: AsyncElasticsearch) -> None:
        made = await client.security.create_api_key(**request(self.namespace))
        new = self.path.with_suffix(".new")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE)
            with os.fdopen(descriptor, "w") as file:
                file.write(str(made["encoded"]) + "\n")
            # A worker that starts at this moment finds the old key or the new one, never a part.
            new.replace(self.path)
        except OSError as error:
            raise CommandError(
                f"{new} cannot be written: {error.strerror}", ExitCode.WRONG_USE
            ) from error

    def _read(self) -> ApiKey | None:
        try:
            encoded = self.path.read_text(encoding="ascii").strip()
            # Base64 of `id:secret`.
            identity, colon, _ = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (FileNotFoundError, NotADirectoryError, UnicodeDecodeError, binascii.Error):
            return None
        except OSError as error:
            raise CommandError(
                f"{self.path} cannot be read: {error.strerror}", ExitCode.WRONG_USE
            ) from error
        return ApiKey(identity, encoded) if colon else None


async def _works(client: AsyncElasticsearch, encoded: str) -> bool:
    try:
        await client.options(api_key=encoded).security.authenticate()
    except AuthenticationException:
        # Invalidated, expired, or another cluster's.
        return False
    return True
