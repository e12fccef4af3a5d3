"""The panels of a dashboard: Lens charts, a map's layers, a saved search."""

from typing import Any, NamedTuple

Object = dict[str, Any]

LAYER = "layer"
MEASURE = "measure"
BUCKETS = "buckets"
SPLIT = "split"
# As many names as fit a panel; the rest are a search away.
TOP = 15
SOURCES = 8
GRID = ("x", "y", "w", "h")
# With which fields Lens can work; the mapping's types are compared with these by a test.
NUMBER, DATE, STRING = "number", "date", "string"


class Panel(NamedTuple):
    """A panel as it stands in the dashboard, and what it refers to."""

    layout: Object
    references: list[Object]


def panel(number: int, declared: Object) -> Panel:
    """One panel of ``newsroom.toml``."""
    identity = f"panel-{number}"
    grid = dict(zip(GRID, declared["at"], strict=True)) | {"i": identity}
    layout: Object = {"version": "8.7.0", "gridData": grid, "panelIndex": identity}
    layout["title"] = declared["title"]
    kind = declared["kind"]
    if kind in {"map", "search"}:
        layout |= {
            "type": kind,
            "embeddableConfig": {"enhancements": {}},
            "panelRefName": f"panel_{identity}",
        }
        name = f"{identity}:panel_{identity}"
        return Panel(layout, [{"type": kind, "id": declared[kind], "name": name}])
    charts = {"number": _number, "over_time": _over_time, "top": _top}
    where = f"indexpattern-datasource-layer-{LAYER}"
    view = {"type": "index-pattern", "id": declared["data_view"]}
    attributes = charts[kind](declared) | {
        "title": declared["title"],
        "description": declared.get("description", ""),
        "type": "lens",
        "references": [view | {"name": where}],
    }
    layout |= {
        "type": "lens",
        "embeddableConfig": {"attributes": attributes, "enhancements": {}},
    }
    return Panel(layout, [view | {"name": f"{identity}:{where}"}])


def map_layers(geo_field: str, data_view: str) -> list[Object]:
    """A map of the world, and over it a circle for each cluster of articles.

    :param data_view: the name of the reference to it.
    """
    return [
        {
            "id": "world",
            "type": "VECTOR_TILE",
            "sourceDescriptor": {"type": "EMS_TMS", "isAutoSelect": True},
            "style": {},
            "alpha": 1,
            "visible": True,
            "minZoom": 0,
            "maxZoom": 24,
        },
        {
            "id": "articles",
            "label": "Articles",
            "type": "VECTOR",
            "sourceDescriptor": {
                "id": "articles-source",
                "type": "ES_GEO_GRID",
                "requestType": "point",
                "resolution": "COARSE",
                "geoField": geo_field,
                "metrics": [{"type": "count", "label": "articles"}],
                "indexPatternRefName": data_view,
            },
            "style": {
                "type": "VECTOR",
                "properties": _circles(),
            },
            "alpha": 0.8,
            "visible": True,
            "minZoom": 0,
            "maxZoom": 24,
        },
    ]


def _circles() -> Object:
    """The style of a cluster of articles: the more of them, the larger and darker."""
    count = {"name": "doc_count", "origin": "source"}
    return {
        "fillColor": _dynamic({"field": count, "color": "Blues"}),
        "lineColor": {"type": "STATIC", "options": {"color": "#FFFFFF"}},
        "lineWidth": {"type": "STATIC", "options": {"size": 1}},
        "iconSize": _dynamic({"field": count, "minSize": 7, "maxSize": 26}),
        "labelText": _dynamic({"field": count}),
    }


def _dynamic(options: Object) -> Object:
    return {"type": "DYNAMIC", "options": options}


def _number(declared: Object) -> Object:
    visualization = {"layerId": LAYER, "layerType": "data", "metricAccessor": MEASURE}
    return _lens("lnsMetric", {MEASURE: _measure(declared)}, visualization)


def _over_time(declared: Object) -> Object:
    columns = {
        BUCKETS: {
            "label": declared["time"],
            "dataType": DATE,
            "operationType": "date_histogram",
            "sourceField": declared["time"],
            "isBucketed": True,
            "scale": "interval",
            "params": {"interval": "auto", "includeEmptyRows": True, "dropPartials": False},
        },
        MEASURE: _measure(declared),
    }
    layer: Object = {"seriesType": declared["shape"], "xAccessor": BUCKETS}
    if "split" in declared:
        columns = {SPLIT: _terms(declared["split"], SOURCES, rest=True)} | columns
        layer["splitAccessor"] = SPLIT
    return _lens("lnsXY", columns, _axes(layer))


def _top(declared: Object) -> Object:
    columns = {
        BUCKETS: _terms(declared["field"], TOP, rest=False),
        MEASURE: _measure({"measure": "count"}),
    }
    return _lens("lnsXY", columns, _axes({"seriesType": "bar_horizontal", "xAccessor": BUCKETS}))


def _axes(layer: Object) -> Object:
    layer |= {"layerId": LAYER, "layerType": "data", "accessors": [MEASURE]}
    return {
        "preferredSeriesType": layer["seriesType"],
        "legend": {"isVisible": True, "position": "right"},
        "valueLabels": "hide",
        "fittingFunction": "None",
        "axisTitlesVisibilitySettings": {"x": False, "yLeft": False, "yRight": False},
        "layers": [layer],
    }


def _lens(kind: str, columns: Object, visualization: Object) -> Object:
    layer = {"columns": columns, "columnOrder": list(columns), "incompleteColumns": {}}
    return {
        "visualizationType": kind,
        "state": {
            "visualization": visualization,
            "query": {"query": "", "language": "kuery"},
            "filters": [],
            "datasourceStates": {"formBased": {"layers": {LAYER: layer}}},
            "internalReferences": [],
            "adHocDataViews": {},
        },
    }


def _terms(field: str, size: int, *, rest: bool) -> Object:
    return {
        "label": field,
        "customLabel": True,
        "dataType": STRING,
        "operationType": "terms",
        "sourceField": field,
        "isBucketed": True,
        "scale": "ordinal",
        "params": {
            "size": size,
            "orderBy": {"type": "column", "columnId": MEASURE},
            "orderDirection": "desc",
            "otherBucket": rest,
            "missingBucket": False,
            "parentFormat": {"id": "terms"},
        },
    }


def _measure(declared: Object) -> Object:
    operation = declared["measure"]
    column: Object = {
        "label": declared.get("title", "Articles"),
        "customLabel": True,
        "dataType": DATE if operation == "max" else NUMBER,
        "operationType": operation,
        # What Lens calls the documents themselves.
        "sourceField": declared.get("field", "___records___"),
        "isBucketed": False,
        "scale": "ratio",
        "params": {},
    }
    if operation == "percentile":
        column["params"] = {"percentile": declared["percentile"]}
    if operation == "average":
        column["params"] = {"format": {"id": "number", "params": {"decimals": 2}}}
    return column
