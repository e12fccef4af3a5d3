"""The custom resources that we use, as their operators define them: as far as we use them.

Kubernetes publishes no schemas for these. A field that is not named here fails the tests.
"""

# ruff: noqa: N815 - the names are those of the resources

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Strict(BaseModel):
    """A part of a custom resource: nothing that its definition does not name."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Reference(Strict):
    name: str


class KafkaTrigger(Strict):
    """KEDA's `kafka` scaler: every value is a string."""

    bootstrapServersFromEnv: str
    version: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")]
    consumerGroup: str
    topic: str
    lagThreshold: Annotated[str, Field(pattern=r"^\d+$")]
    offsetResetPolicy: Literal["earliest", "latest"]
    scaleToZeroOnInvalidOffset: Literal["true", "false"]
    allowIdleConsumers: Literal["true", "false"]
    sasl: Literal["none", "plaintext", "scram_sha256", "scram_sha512"] = "none"
    tls: Literal["enable", "disable"] = "disable"


class Trigger(Strict):
    type: Literal["kafka"]
    metadata: KafkaTrigger
    authenticationRef: Reference | None = None


class Policy(Strict):
    type: Literal["Pods", "Percent"]
    value: int
    periodSeconds: int


class Behavior(Strict):
    stabilizationWindowSeconds: Annotated[int, Field(ge=0, le=3600)]
    policies: list[Policy] = []


class Autoscaler(Strict):
    behavior: dict[Literal["scaleUp", "scaleDown"], Behavior]


class Advanced(Strict):
    horizontalPodAutoscalerConfig: Autoscaler


class Scaling(Strict):
    """The spec of `keda.sh/v1alpha1` ScaledObject."""

    scaleTargetRef: Reference
    pollingInterval: int
    minReplicaCount: Annotated[int, Field(ge=1)]
    maxReplicaCount: int
    advanced: Advanced
    triggers: list[Trigger]


class SecretKey(Strict):
    parameter: Literal["username", "password", "ca"]
    name: str
    key: str


class Authentication(Strict):
    """The spec of `keda.sh/v1alpha1` TriggerAuthentication."""

    secretTargetRef: list[SecretKey]


class Relabeling(Strict):
    sourceLabels: list[str]
    targetLabel: str


class Endpoint(Strict):
    port: str
    path: str
    interval: str
    relabelings: list[Relabeling]


class Monitoring(Strict):
    """The spec of `monitoring.coreos.com/v1` PodMonitor."""

    selector: dict[str, Any]
    podMetricsEndpoints: list[Endpoint]


CUSTOM: dict[tuple[str, str], type[Strict]] = {
    ("keda.sh/v1alpha1", "ScaledObject"): Scaling,
    ("keda.sh/v1alpha1", "TriggerAuthentication"): Authentication,
    ("monitoring.coreos.com/v1", "PodMonitor"): Monitoring,
}
