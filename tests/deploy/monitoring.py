"""What rules and dashboards ask for, and the metrics that there are."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from services.runtime import metrics
from tests.deploy import reading
from tests.deploy.reading import DEPLOY

RULES = DEPLOY / "monitoring" / "prometheus" / "rules.yml"
CONFIG = DEPLOY / "monitoring" / "prometheus" / "prometheus.yml"
DASHBOARD = DEPLOY / "monitoring" / "grafana" / "dashboards" / "newsline.json"

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
