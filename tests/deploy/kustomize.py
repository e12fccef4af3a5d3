"""What ``kubectl kustomize`` makes of our overlays, for the few features that they use.

Anything else in a kustomization fails, so that it cannot be ignored by mistake. Generated names get
no hash here. CI on a machine with kubectl runs the real one; both were compared when this was made.
"""

import copy
import re
from pathlib import Path
from typing import Any

from tests.deploy import reading
from tests.deploy.reading import Object

SETTING_NAMES = {
    "apiVersion",
    "kind",
    "namespace",
    "resources",
    "components",
    "labels",
    "configMapGenerator",
    "images",
    "patches",
}
CLUSTER_WIDE = {"Namespace"}
# By which field the items of a list are told apart when patches are merged.
KEYS = {"containers": "name", "env": "name", "volumes": "name", "volumeMounts": "mountPath"}


def build(folder: Path) -> list[Object]:
    """All resources of a kustomization."""
    told = reading.load(folder / "kustomization.yaml")
    assert set(told) <= SETTING_NAMES, set(told) - SETTING_NAMES
    found: list[Object] = []
    for name in told.get("resources", ()):
        path = folder / name
        found += build(path) if path.is_dir() else reading.load_all(path)
    for name in told.get("components", ()):
        found += build(folder / name)
    for generator in told.get("configMapGenerator", ()):
        _generate(found, generator)
    for patch in told.get("patches", ()):
        _patch(found, patch, folder)
    for resource in found:
        if "namespace" in told and resource["kind"] not in CLUSTER_WIDE:
            resource["metadata"]["namespace"] = told["namespace"]
        for labels in told.get("labels", ()):
            _label(resource, labels)
        for image in told.get("images", ()):
            _rename(resource, image)
    return found


def _generate(found: list[Object], generator: Object) -> None:
    literals = dict(literal.split("=", 1) for literal in generator["literals"])
    if generator.get("behavior") == "merge":
        (there,) = [r for r in found if _is(r, "ConfigMap", generator["name"])]
        there["data"] |= literals
        return
    metadata = {"name": generator["name"]}
    found.append({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": literals})


def _is(resource: Object, kind: str, name: str | None) -> bool:
    same_kind = re.fullmatch(kind, resource["kind"]) is not None
    return same_kind and (name is None or resource["metadata"]["name"] == name)


def _label(resource: Object, labels: Object) -> None:
    assert labels["includeTemplates"] is True
    resource["metadata"].setdefault("labels", {}).update(labels["pairs"])
    template = resource.get("spec", {}).get("template")
    if template is not None:
        template["metadata"].setdefault("labels", {}).update(labels["pairs"])


def _rename(resource: Object, image: Object) -> None:
    template = resource.get("spec", {}).get("template", {})
    for container in template.get("spec", {}).get("containers", ()):
        if container["image"].rpartition(":")[0] == image["name"]:
            container["image"] = f"{image['newName']}:{image['newTag']}"


def _patch(found: list[Object], patch: Object, folder: Path) -> None:
    told = reading.load(folder / patch["path"])
    if isinstance(told, dict):
        assert "target" not in patch
        (there,) = [r for r in found if _is(r, told["kind"], told["metadata"]["name"])]
        _merge(there, told)
        return
    targets = [r for r in found if _targeted(r, patch["target"])]
    assert targets, f"{patch['path']} patches nothing"
    for resource in targets:
        for operation in told:
            _apply(resource, operation)


def _targeted(resource: Object, target: Object) -> bool:
    assert set(target) <= {"kind", "name", "labelSelector"}
    if not _is(resource, target.get("kind", ".*"), target.get("name")):
        return False
    if "labelSelector" not in target:
        return True
    selector = re.fullmatch(r"(\S+) in \(([^)]*)\)", target["labelSelector"])
    assert selector is not None
    label = resource["metadata"].get("labels", {}).get(selector[1])
    return label in re.split(r",\s*", selector[2])


def _apply(resource: Object, operation: Object) -> None:
    *path, last = operation["path"].removeprefix("/").split("/")
    place: Any = resource
    for step in path:
        place = place[int(step)] if isinstance(place, list) else place[step]
    value = copy.deepcopy(operation["value"])
    if operation["op"] == "replace":
        place[int(last) if isinstance(place, list) else last] = value
    elif last == "-":
        place.append(value)
    else:
        assert operation["op"] == "add"
        place[last] = value


def _merge(there: Object, told: Object) -> None:
    for key, value in told.items():
        if isinstance(value, dict) and isinstance(there.get(key), dict):
            _merge(there[key], value)
        elif isinstance(value, list) and key in KEYS:
            there[key] = _merged(there.get(key, []), value, KEYS[key])
        else:
            there[key] = copy.deepcopy(value)


def _merged(there: list[Object], told: list[Object], key: str) -> list[Object]:
    items = {item[key]: item for item in there}
    for item in told:
        if item.get("$patch") == "delete":
            del items[item[key]]
        elif item[key] in items:
            _merge(items[item[key]], item)
        else:
            items[item[key]] = copy.deepcopy(item)
    return list(items.values())
