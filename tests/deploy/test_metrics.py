"""Prometheus and Grafana: every name that they use is one that a worker or an exporter has."""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY

from services.contracts.topics import FLOW
from services.runtime import metrics
from services.runtime.health import USUAL_PORTS
from tests.deploy import reading
from tests.deploy.reading import MONITORING, WORKERS

RULES = MONITORING / "prometheus" / "rules.yml"
CONFIG = MONITORING / "prometheus" / "prometheus.yml"
DASHBOARD = MONITORING / "grafana" / "dashboards" / "newsline.json"

# Not ours, and used: of Prometheus itself, of every process, and of danielqsj/kafka-exporter 1.9
# (its README lists them).
THEIRS = {
    "up": {"job", "instance"},
    "process_start_time_seconds": {"job", "instance"},
    "process_resident_memory_bytes": {"job", "instance"},
    "process_cpu_seconds_total": {"job", "instance"},
    "kafka_consumergroup_lag": {"consumergroup", "topic", "partition"},
}
SELECTOR = re.compile(r"([a-zA-Z_:][\w:]*)\s*(?:\{([^}]*)\})?")
WORDS = {"sum", "by", "le", "rate", "increase", "absent", "or", "and", "on", "max", "unless"}
WORDS |= {"histogram_quantile", "clamp_min", "delta", "deriv", "changes", "offset", "stage", "job"}
WORDS |= {"reason", "outcome", "consumergroup", "topic", "m"}


def ours() -> dict[str, set[str]]:
    """The samples that our metrics make, with their labels."""
    found: dict[str, set[str]] = {}
    for declared in vars(metrics).values():
        if not hasattr(declared, "_labelnames"):
            continue
        (family,) = declared.describe()
        labels = set(declared._labelnames)  # noqa: SLF001 - the library tells them nowhere else
        suffixes = {
            "counter": {"_total": labels},
            "gauge": {"": labels},
            "histogram": {"_bucket": labels | {"le"}, "_count": labels, "_sum": labels},
        }[family.type]
        found |= {family.name + suffix: each for suffix, each in suffixes.items()}
    return found


def rules() -> list[dict[str, Any]]:
    """All recording and alerting rules."""
    return [rule for group in reading.load(RULES)["groups"] for rule in group["rules"]]


def recorded() -> set[str]:
    """The names that recording rules make."""
    return {rule["record"] for rule in rules() if "record" in rule}


def panel_expressions() -> list[str]:
    """Every expression of the dashboard."""
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    return [target["expr"] for panel in panels for target in panel["targets"]]


def expressions() -> list[str]:
    """Every expression that anybody evaluates."""
    return [rule["expr"] for rule in rules()] + panel_expressions()


def selectors(expression: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The metrics of an expression, with the labels that it asks for."""
    for name, inside in SELECTOR.findall(expression):
        labels = dict(re.findall(r'(\w+)\s*[=!]~?\s*"([^"]*)"', inside))
        # What stands within a selector's braces was read with it.
        if name not in WORDS and not re.fullmatch(r"m|\d.*", name):
            yield name, labels


def values(pattern: str) -> Iterable[str]:
    """The alternatives of a label's simple pattern."""
    return re.split(r"\|", pattern)


@pytest.mark.parametrize("expression", expressions())
def test_expressions_use_names_and_labels_that_exist(expression: str) -> None:
    known = ours() | THEIRS
    found = list(selectors(expression))

    assert found
    for name, labels in found:
        if name in recorded():
            continue
        assert name in known, name
        assert set(labels) <= known[name] | {"job", "instance"}, name


@pytest.mark.parametrize("expression", expressions())
def test_expressions_name_stages_and_jobs_that_exist(expression: str) -> None:
    for _, labels in selectors(expression):
        for label in ("stage", "job"):
            if label in labels:
                assert set(values(labels[label])) <= set(USUAL_PORTS)


def test_expressions_name_outcomes_that_are_declared() -> None:
    outcomes = {
        labels["outcome"]
        for text in expressions()
        for _, labels in selectors(text)
        if "outcome" in labels
    }
    (family,) = metrics.ARTICLES.describe()

    assert outcomes
    assert all(outcome in family.documentation for outcome in outcomes)


def test_every_metric_of_ours_is_shown() -> None:
    """A metric that nobody looks at is not worth counting."""
    families = {re.sub(r"_(total|bucket|count|sum)$", "", name) for name in ours()}
    text = " ".join(expressions())

    assert {name for name in families if name not in text} == set()


def test_names_follow_the_conventions() -> None:
    for name in ours():
        assert re.fullmatch(r"newsline_[a-z_]+", name)
    assert all(name.removeprefix("newsline_") for name in ours())
    assert {metric.name for metric in REGISTRY.collect()} >= {"process_resident_memory_bytes"}


def test_the_groups_that_lag_is_asked_of_are_the_workers() -> None:
    (pattern,) = {
        labels["consumergroup"]
        for text in expressions()
        for name, labels in selectors(text)
        if name == "kafka_consumergroup_lag"
    }
    pattern = pattern.replace("[.]", r"\.")

    for topic in FLOW:
        assert re.fullmatch(pattern, topic.group)
        assert re.fullmatch(pattern, topic.within("staging").group)
    assert not re.fullmatch(pattern, "somebody-elses")


def test_the_exporter_is_asked_for_our_groups_and_topics() -> None:
    (command,) = [reading.load(reading.COMPOSE)["services"]["kafka-exporter"]["command"]]
    filters = dict(option.removeprefix("--").split("=", 1) for option in command)

    for topic in FLOW:
        assert re.match(filters["group.filter"], topic.group)
        assert re.match(filters["topic.filter"], topic.name)
        assert re.match(filters["topic.filter"], topic.within("staging").dead)
    assert filters["kafka.server"] == "kafka:19092"


def test_prometheus_scrapes_every_worker_on_its_port() -> None:
    jobs = {job["job_name"]: job for job in reading.load(CONFIG)["scrape_configs"]}

    for worker in WORKERS:
        (found,) = jobs[worker]["dns_sd_configs"]
        assert found["names"] == [worker]
        assert found["port"] == USUAL_PORTS[worker]
    services = reading.load(reading.COMPOSE)["services"]
    for target in jobs["kafka"]["static_configs"][0]["targets"]:
        host, _, port = target.partition(":")
        assert f"http://localhost:{port}/" in services[host]["healthcheck"]["test"][-1]


def test_grafana_finds_its_source_and_its_dashboard() -> None:
    provisioning = MONITORING / "grafana" / "provisioning"
    (source,) = reading.load(provisioning / "datasources" / "prometheus.yml")["datasources"]
    (provider,) = reading.load(provisioning / "dashboards" / "newsline.yml")["providers"]
    volumes = reading.load(reading.COMPOSE)["services"]["grafana"]["volumes"]

    assert source["url"] == "http://prometheus:9090"
    assert f"./deploy/monitoring/grafana/dashboards:{provider['options']['path']}:ro" in volumes
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    assert {target["datasource"]["uid"] for p in panels for target in p["targets"]} == {
        source["uid"]
    }
    assert len({panel["id"] for panel in panels}) == len(panels)
    for panel in panels:
        assert panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24


@pytest.mark.debian
def test_promtool_accepts_configuration_and_rules() -> None:
    promtool = reading.tool("promtool", "prometheus (Debian, Ubuntu: apt-get install prometheus)")

    for arguments in (("check", "config", str(CONFIG)), ("check", "rules", str(RULES))):
        told = reading.run(promtool, *arguments)
        assert told.returncode == 0, told.stdout + told.stderr


@pytest.mark.debian
def test_alerts_fire_when_they_should() -> None:
    promtool = reading.tool("promtool", "prometheus (Debian, Ubuntu: apt-get install prometheus)")
    path = MONITORING / "prometheus" / "rules_test.yml"

    told = reading.run(promtool, "test", "rules", str(path))

    assert told.returncode == 0, told.stdout + told.stderr
    tried = {
        case["alertname"]
        for test in reading.load(path)["tests"]
        for case in test.get("alert_rule_test", ())
        if case["exp_alerts"]
    }
    assert tried == {rule["alert"] for rule in rules() if "alert" in rule}


@pytest.mark.debian
def test_panels_are_promql(tmp_path: Path) -> None:
    """Grafana tells of a broken expression only to whoever looks; promtool tells here."""
    promtool = reading.tool("promtool", "prometheus (Debian, Ubuntu: apt-get install prometheus)")
    panels = [{"record": f"panel:{n}", "expr": e} for n, e in enumerate(panel_expressions())]
    path = tmp_path / "panels.json"
    path.write_text(json.dumps({"groups": [{"name": "panels", "rules": panels}]}), encoding="utf-8")

    told = reading.run(promtool, "check", "rules", str(path))

    assert told.returncode == 0, told.stdout + told.stderr
