"""From ``newsroom.toml`` to Kibana's saved objects.

The objects carry the oldest format versions that Kibana 9.2's own sample data carry: Kibana brings
older objects up to date when it imports them, and refuses those newer than itself.
"""

import json
import tomllib
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from services.cli.setup.kibana import panels
from services.elastic import naming

SOURCE = Path(__file__).with_name("newsroom.toml")
DEFAULT_DATA_VIEW = "newsline-articles"

CORE_VERSION = "8.8.0"
TYPE_VERSIONS = {"index-pattern": "8.0.0", "search": "8.0.0", "map": "8.0.0", "dashboard": "8.7.0"}

Object = dict[str, Any]
compact = partial(json.dumps, separators=(",", ":"), ensure_ascii=False)


def source() -> Object:
    """The readable source."""
    return tomllib.loads(SOURCE.read_text(encoding="utf-8"))


def build(namespace: str) -> list[Object]:
    """All saved objects: what refers to others comes after them."""
    declared = source()
    return [
        *(_data_view(view, naming.alias(namespace)) for view in declared["data_view"]),
        *(_search(search) for search in declared["search"]),
        *(_map(each) for each in declared["map"]),
        _dashboard(declared["dashboard"]),
    ]


def ndjson(saved: Iterable[Object]) -> bytes:
    """One object a line, as Kibana imports and exports them."""
    return b"".join(compact(each).encode() + b"\n" for each in saved)


def _saved(kind: str, identity: str, attributes: Object, references: list[Object]) -> Object:
    return {
        "type": kind,
        "id": identity,
        "attributes": attributes,
        "references": references,
        "coreMigrationVersion": CORE_VERSION,
        "typeMigrationVersion": TYPE_VERSIONS[kind],
    }


def _data_view(view: Object, alias: str) -> Object:
    runtime = {
        field["name"]: {"type": field["type"], "script": {"source": field["script"]}}
        for field in view.get("runtime_field", ())
    }
    attributes = {
        "title": alias,
        "name": view["name"],
        "timeFieldName": view["time_field"],
        "fieldAttrs": "{}",
        "fieldFormatMap": "{}",
        "fields": "[]",
        "runtimeFieldMap": compact(runtime),
        "sourceFilters": "[]",
        "typeMeta": "{}",
    }
    return _saved("index-pattern", view["id"], attributes, [])


def _search(search: Object) -> Object:
    where = "kibanaSavedObjectMeta.searchSourceJSON.index"
    asked = {
        "query": {"query": search.get("query", ""), "language": "kuery"},
        "filter": [],
        "indexRefName": where,
    }
    attributes = {
        "title": search["title"],
        "description": "",
        "columns": search["columns"],
        "sort": [search["sort"]],
        "hits": 0,
        "version": 1,
        "kibanaSavedObjectMeta": {"searchSourceJSON": compact(asked)},
    }
    references = [{"type": "index-pattern", "id": search["data_view"], "name": where}]
    return _saved("search", search["id"], attributes, references)


def _map(each: Object) -> Object:
    where = "layer_1_source_index_pattern"
    state = {
        "zoom": 1.5,
        "center": {"lon": 10, "lat": 25},
        "timeFilters": {"from": "now-30d", "to": "now"},
        "refreshConfig": {"isPaused": True, "interval": 0},
        "query": {"language": "kuery", "query": ""},
    }
    attributes = {
        "title": each["title"],
        "description": "",
        "layerListJSON": compact(panels.map_layers(each["geo_field"], where)),
        "mapStateJSON": compact(state),
        "uiStateJSON": compact({"isDarkMode": False}),
    }
    references = [{"type": "index-pattern", "id": each["data_view"], "name": where}]
    return _saved("map", each["id"], attributes, references)


def _dashboard(dashboard: Object) -> Object:
    laid = [panels.panel(number, each) for number, each in enumerate(dashboard["panel"], 1)]
    controls = {control["id"]: control["panel"] for control in _controls(dashboard["control"])}
    references = [reference for panel in laid for reference in panel.references]
    for number, control in enumerate(dashboard["control"], 1):
        name = f"controlGroup_control-{number}:optionsListDataView"
        references.append({"type": "index-pattern", "id": control["data_view"], "name": name})
    options = {"useMargins": True, "syncColors": True, "syncCursor": True, "hidePanelTitles": False}
    unfiltered = {"query": {"language": "kuery", "query": ""}, "filter": []}
    heeded = dict.fromkeys(
        ("ignoreFilters", "ignoreQuery", "ignoreTimerange", "ignoreValidations"), False
    )
    attributes = {
        "title": dashboard["title"],
        "description": dashboard["description"],
        "version": 1,
        "timeRestore": True,
        "timeFrom": dashboard["from"],
        "timeTo": dashboard["to"],
        "refreshInterval": {"pause": False, "value": 60_000},
        "optionsJSON": compact(options),
        "panelsJSON": compact([panel.layout for panel in laid]),
        "kibanaSavedObjectMeta": {"searchSourceJSON": compact(unfiltered)},
        "controlGroupInput": {
            "controlStyle": "oneLine",
            "chainingSystem": "HIERARCHICAL",
            "panelsJSON": compact(controls),
            "ignoreParentSettingsJSON": compact(heeded),
        },
    }
    return _saved("dashboard", dashboard["id"], attributes, references)


def _controls(declared: list[Object]) -> Iterator[Object]:
    for number, control in enumerate(declared, 1):
        identity = f"control-{number}"
        yield {
            "id": identity,
            "panel": {
                "order": number - 1,
                "width": "medium",
                "grow": True,
                "type": "optionsListControl",
                "explicitInput": {
                    "id": identity,
                    "title": control["title"],
                    "fieldName": control["field"],
                    "enhancements": {},
                },
            },
        }
