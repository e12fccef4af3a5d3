"""deploy/kibana: saved objects in Kibana's form, that ask only for fields that the index has."""

import json
import re
from collections.abc import Iterator
from itertools import combinations

import pytest

from services.cli.setup.kibana import objects
from services.contracts.articles import Sentiment
from services.elastic import naming, schema
from services.elastic.settings import IndexSettings
from tests.deploy.reading import DEPLOY, Object, server_version

SAVED = objects.build("")
# From Elasticsearch's types to what Lens calls them.
KINDS = {
    "keyword": "string",
    "date": "date",
    "long": "number",
    "integer": "number",
    "float": "number",
    "double": "number",
}
# The format versions of Kibana's own sample data, which 9.2 brings up to date on import.
OLDEST_READ = {"index-pattern": "8.0.0", "search": "8.0.0", "map": "8.0.0", "dashboard": "8.7.0"}


def mapping() -> dict[str, str]:
    """The fields that can be asked for, by their full names, and their types."""

    def walk(prefix: str, properties: Object) -> Iterator[tuple[str, str]]:
        for name, told in properties.items():
            kind = told.get("type", "object")
            # Neither Lens nor a data view reaches into nested documents.
            if kind == "object" and told.get("enabled", True):
                yield from walk(f"{prefix}{name}.", told["properties"])
            elif kind not in {"object", "nested"}:
                yield f"{prefix}{name}", kind

    template = schema.index_templates("", IndexSettings())[naming.alias("")]["template"]
    return dict(walk("", template["mappings"]["properties"]))


def by_type(kind: str) -> dict[str, Object]:
    return {saved["id"]: saved for saved in SAVED if saved["type"] == kind}


def fields(data_view: str) -> dict[str, str]:
    """What a data view offers: the index's fields and its own."""
    told = by_type("index-pattern")[data_view]["attributes"]["runtimeFieldMap"]
    return mapping() | {name: field["type"] for name, field in json.loads(told).items()}


def dashboard() -> Object:
    (found,) = by_type("dashboard").values()
    return found


def panels() -> list[Object]:
    found: list[Object] = json.loads(dashboard()["attributes"]["panelsJSON"])
    return found


def lenses() -> list[Object]:
    return [panel for panel in panels() if panel["type"] == "lens"]


def title(panel: Object) -> str:
    return str(panel["title"])


def columns(panel: Object) -> Object:
    (layer,) = panel["embeddableConfig"]["attributes"]["state"]["datasourceStates"]["formBased"][
        "layers"
    ].values()
    found: Object = layer["columns"]
    return found


def data_view(panel: Object) -> str:
    (reference,) = panel["embeddableConfig"]["attributes"]["references"]
    return str(reference["id"])


def test_the_file_for_hands_is_made_from_the_source() -> None:
    there = (DEPLOY / "kibana" / "newsline.ndjson").read_bytes()

    assert there == objects.ndjson(SAVED), (
        "run: newsline setup kibana --export deploy/kibana/newsline.ndjson"
    )


@pytest.mark.parametrize("saved", SAVED, ids=lambda saved: f"{saved['type']} {saved['id']}")
def test_an_object_has_the_form_that_kibana_imports(saved: Object) -> None:
    assert set(saved) == {
        "type",
        "id",
        "attributes",
        "references",
        "coreMigrationVersion",
        "typeMigrationVersion",
    }
    assert saved["coreMigrationVersion"] == "8.8.0"
    assert saved["typeMigrationVersion"] == OLDEST_READ[saved["type"]]
    assert re.fullmatch(r"newsline-[a-z-]+", saved["id"])
    assert saved["attributes"]["title"]
    for name, value in saved["attributes"].items():
        if name.endswith(("JSON", "Map")):
            json.loads(value)


def test_the_objects_are_older_than_the_kibana_that_reads_them() -> None:
    def number(version: str) -> list[int]:
        return [int(part) for part in version.split(".")]

    newest = max(number(version) for version in OLDEST_READ.values())
    assert newest < number(server_version("elasticsearch"))


def test_references_lead_to_objects_that_come_before() -> None:
    """Kibana refuses an import whose references lead nowhere."""
    there: set[tuple[str, str]] = set()
    for saved in SAVED:
        for reference in saved["references"]:
            assert (reference["type"], reference["id"]) in there
        names = [reference["name"] for reference in saved["references"]]
        assert len(names) == len(set(names))
        there.add((saved["type"], saved["id"]))
    assert len(there) == len(SAVED)


@pytest.mark.parametrize("namespace", ["", "staging"])
def test_data_views_read_the_alias(namespace: str) -> None:
    """The alias, not the indices: a kill notice hides what it names here too."""
    for saved in objects.build(namespace):
        if saved["type"] == "index-pattern":
            assert saved["attributes"]["title"] == naming.alias(namespace)
            assert mapping()[saved["attributes"]["timeFieldName"]] == "date"


def test_scripts_read_fields_that_exist() -> None:
    for view in by_type("index-pattern").values():
        for field in json.loads(view["attributes"]["runtimeFieldMap"]).values():
            read = re.findall(r"doc\['([\w.]+)'\]", field["script"]["source"])
            assert read
            assert set(read) <= set(mapping())
            assert field["type"] in {"double", "long", "keyword", "date"}


@pytest.mark.parametrize("saved", by_type("search").values(), ids=lambda saved: str(saved["id"]))
def test_searches_show_fields_that_exist(saved: Object) -> None:
    (reference,) = saved["references"]
    known = fields(reference["id"])
    attributes = saved["attributes"]
    told = json.loads(attributes["kibanaSavedObjectMeta"]["searchSourceJSON"])

    assert set(attributes["columns"]) <= set(known)
    for name, direction in attributes["sort"]:
        assert known[name] != "text"
        assert direction in {"asc", "desc"}
    assert told["indexRefName"] == reference["name"]
    asked = re.findall(r"([\w.]+): (\w+)", told["query"]["query"])
    for name, value in asked:
        assert name in known
        if name == "sentiment.label":
            assert value in str(Sentiment.model_json_schema())


@pytest.mark.parametrize("panel", lenses(), ids=title)
def test_charts_ask_for_fields_of_the_right_type(panel: Object) -> None:
    known = fields(data_view(panel))
    for column in columns(panel).values():
        name, operation = column["sourceField"], column["operationType"]
        if operation == "count":
            assert name == "___records___"
            continue
        kind = KINDS[known[name]]
        if operation == "terms":
            assert (kind, column["dataType"]) == ("string", "string")
        elif operation in {"date_histogram", "max"}:
            assert (kind, column["dataType"]) == ("date", "date")
        else:
            assert operation in {"average", "percentile"}
            assert (kind, column["dataType"]) == ("number", "number")


@pytest.mark.parametrize("panel", lenses(), ids=title)
def test_charts_hang_together(panel: Object) -> None:
    attributes = panel["embeddableConfig"]["attributes"]
    state = attributes["state"]
    ((layer_id, layer),) = state["datasourceStates"]["formBased"]["layers"].items()
    (reference,) = attributes["references"]

    assert reference["name"] == f"indexpattern-datasource-layer-{layer_id}"
    assert layer["columnOrder"] == list(layer["columns"])
    # Lens computes buckets before what is counted in them.
    bucketed = [layer["columns"][column]["isBucketed"] for column in layer["columnOrder"]]
    assert bucketed == sorted(bucketed, reverse=True)
    visualization = state["visualization"]
    if attributes["visualizationType"] == "lnsMetric":
        assert visualization["layerId"] == layer_id
        assert visualization["metricAccessor"] in layer["columns"]
        return
    assert attributes["visualizationType"] == "lnsXY"
    (drawn,) = visualization["layers"]
    used = [drawn["xAccessor"], *drawn["accessors"]]
    used += [drawn["splitAccessor"]] if "splitAccessor" in drawn else []
    assert drawn["layerId"] == layer_id
    assert sorted(used) == sorted(layer["columns"])


def test_the_dashboard_tells_kibana_of_every_reference_of_its_panels() -> None:
    told = {(each["type"], each["id"], each["name"]) for each in dashboard()["references"]}
    needed: set[tuple[str, str, str]] = set()
    for panel in panels():
        index = panel["panelIndex"]
        if panel["type"] == "lens":
            for reference in panel["embeddableConfig"]["attributes"]["references"]:
                needed.add((reference["type"], reference["id"], f"{index}:{reference['name']}"))
        else:
            (name,) = [name for _, _, name in told if name == f"{index}:{panel['panelRefName']}"]
            needed |= {each for each in told if each[2] == name and each[0] == panel["type"]}
    controls = json.loads(dashboard()["attributes"]["controlGroupInput"]["panelsJSON"])
    for identity in controls:
        name = f"controlGroup_{identity}:optionsListDataView"
        needed.add(("index-pattern", objects.DEFAULT_DATA_VIEW, name))

    assert told == needed


def test_controls_offer_fields_that_have_values_to_choose_from() -> None:
    controls = json.loads(dashboard()["attributes"]["controlGroupInput"]["panelsJSON"])
    chosen = [control["explicitInput"]["fieldName"] for control in controls.values()]

    assert chosen[0] == "people"
    assert {mapping()[name] for name in chosen} == {"keyword"}
    assert [control["order"] for control in controls.values()] == [0, 1, 2]


def test_the_map_shows_the_field_of_places() -> None:
    (saved,) = by_type("map").values()
    world, articles = json.loads(saved["attributes"]["layerListJSON"])
    (reference,) = saved["references"]

    assert world["sourceDescriptor"]["type"] == "EMS_TMS"
    assert articles["sourceDescriptor"]["indexPatternRefName"] == reference["name"]
    assert mapping()[articles["sourceDescriptor"]["geoField"]] == "geo_point"


def test_panels_lie_side_by_side() -> None:
    def cells(panel: Object) -> set[tuple[int, int]]:
        grid = panel["gridData"]
        assert grid["x"] + grid["w"] <= 48
        assert grid["i"] == panel["panelIndex"]
        return {
            (x, y)
            for x in range(grid["x"], grid["x"] + grid["w"])
            for y in range(grid["y"], grid["y"] + grid["h"])
        }

    for one, other in combinations(panels(), 2):
        assert not cells(one) & cells(other), f"{title(one)} lies over {title(other)}"


def test_the_dashboard_has_what_a_newsroom_asks_for() -> None:
    shown = {title(panel) for panel in panels()}

    for words in (
        "Articles over time, by source",
        "People",
        "Organisations",
        "Places",
        "Sentiment over time",
        "Where the news is",
        "Latest articles",
        "Pipeline freshness",
    ):
        assert any(name.startswith(words) for name in shown), words
