"""Import saved objects into Kibana, over whatever there is of the same id."""

import base64
import json
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from services.cli.setup.kibana import objects
from services.cli.support.errors import CommandError, ExitCode, ServerUnavailable
from services.elastic.settings import ElasticsearchSettings
from services.runtime.settings import SettingsError, read_secret

# Kibana answers 503 while it starts, and 429 while it is too busy.
NOT_YET = frozenset({429, 502, 503, 504})
OK = 200
REQUEST_SECONDS = 60


class KibanaRefused(CommandError):
    """Kibana answers, and will not take the objects."""

    def __init__(self, message: str) -> None:
        super().__init__(f"Kibana refuses: {message}", ExitCode.REFUSED)


@dataclass(frozen=True, slots=True)
class Kibana:
    """One Kibana, reached as the user that the set-up job is in Elasticsearch."""

    url: str
    elasticsearch: ElasticsearchSettings
    ca_file: Path | None = None

    async def import_objects(self, saved: Sequence[dict[str, Any]]) -> list[str]:
        """Import the objects; each run leaves the same ones.

        :raises ServerUnavailable: Kibana cannot be reached yet.
        :raises KibanaRefused: it names the objects and why.
        """
        form = aiohttp.FormData()
        form.add_field("file", objects.ndjson(saved), filename="newsline.ndjson")
        answer = await self._post("/api/saved_objects/_import?overwrite=true", form)
        if not answer.get("success"):
            faults = [f"{e['type']} {e['id']}: {e['error']['type']}" for e in answer["errors"]]
            raise KibanaRefused("; ".join(faults))
        default = {"data_view_id": objects.DEFAULT_DATA_VIEW, "force": False}
        await self._post("/api/data_views/default", json.dumps(default).encode())
        return [f"Imported {answer['successCount']} objects into Kibana."]

    async def _post(self, path: str, body: aiohttp.FormData | bytes) -> dict[str, Any]:
        # Kibana refuses a changing request without the first header, whatever its value.
        headers = {"kbn-xsrf": "newsline"} | self._authorization()
        if isinstance(body, bytes):
            headers["Content-Type"] = "application/json"
        try:
            async with (
                aiohttp.ClientSession(timeout=_TIMEOUT) as session,
                session.post(
                    self.url.rstrip("/") + path, data=body, headers=headers, ssl=self._tls()
                ) as response,
            ):
                if response.status in NOT_YET:
                    raise ServerUnavailable(f"Kibana at {self.url} answers {response.status}")
                if response.status != OK:
                    raise KibanaRefused(f"{path} answered {response.status}")
                answer: dict[str, Any] = await response.json()
                return answer
        except (aiohttp.ClientError, TimeoutError) as error:
            raise ServerUnavailable(f"Kibana at {self.url} cannot be reached") from error

    def _authorization(self) -> dict[str, str]:
        settings = self.elasticsearch
        name = "NEWSLINE_ELASTICSEARCH_PASSWORD"
        password = read_secret(settings.password, settings.password_file, name)
        if settings.username is None or password is None:
            return {}
        pair = f"{settings.username}:{password}".encode()
        return {"Authorization": "Basic " + base64.b64encode(pair).decode()}

    def _tls(self) -> ssl.SSLContext | bool:
        if self.ca_file is None:
            return True
        try:
            return ssl.create_default_context(cafile=self.ca_file)
        except (OSError, ssl.SSLError) as error:
            raise SettingsError(f"--ca-file: {self.ca_file} cannot be used") from error


_TIMEOUT = aiohttp.ClientTimeout(total=REQUEST_SECONDS)
