"""A schedule of setups as KEDA's ScaledObjects (v1alpha1): one for each Deployment whose replicas
change.

    minReplicaCount   the least of any setup: it holds outside all windows
    trigger cron      for every period of a setup with more replicas, from its start less LEAD until
                      its end; of windows that overlap the largest counts
    maxReplicaCount   the most of any setup

LEAD is the time that a server may take to start (`START_SECONDS`): what a period needs is there
when it begins. GPUs that change hands are free only when the period before ends; pods for them wait
until then.

Read in keda 2.17 (documents of the cron scaler, CRD).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from reports.deploy.cluster.kubernetes import (
    kubernetes_deployment,
    kubernetes_kustomization,
    kubernetes_plugins,
    kubernetes_service,
)
from reports.deploy.cluster.kubernetes_refusals import kubernetes_node_refusals
from reports.deploy.cluster.pods import PodGroup, Row, pod_groups, pod_groups_by_option, pod_models
from reports.deploy.vllm_server import START_SECONDS

__all__ = ["keda_files", "keda_refusals"]

LEAD = START_SECONDS // 60
DAY = 24 * 60
"""Minutes."""
TIME_ZONE = "Etc/UTC"
"""To be replaced: a plan does not say where its times are."""

Period = tuple[int, int]
"""Start and end, minutes of the day; the end is on the next day where it is not after the start."""


def keda_files(deployments: Sequence[Row]) -> dict[str, list[dict[str, Any]]]:
    """The documents of each file; deployments: of every setup. The plan must be expressible."""
    about = deployments[0]["about"]
    groups = pod_groups(deployments)
    periods = [deployment["periods"] for deployment in deployments]
    llms = {row["label"]: row for deployment in deployments for row in deployment["llms"]}
    schedule = {group.name: _keda_scaled_object(group, periods) for group in groups}
    files = {
        "models.yaml": [pod_models(llms.values())],
        "schedule.yaml": [one for one in schedule.values() if one],
        "servers.yaml": [
            *(
                kubernetes_deployment(group, about["fleet"], scaled=bool(schedule[group.name]))
                for group in groups
            ),
            *(kubernetes_service(name) for name in pod_groups_by_option(groups)),
        ],
    }
    return {
        **files,
        **kubernetes_plugins(groups),
        "kustomization.yaml": [kubernetes_kustomization(about, sorted(files))],
    }


def keda_refusals(deployments: Sequence[Row]) -> list[str]:
    """Why the plan cannot be expressed; [] when it can."""
    if len(deployments) == 1:
        return ["one setup serves at all times, so there is nothing to schedule"]
    reasons = [
        reason for node in _keda_nodes(deployments) for reason in kubernetes_node_refusals(node)
    ]
    periods = [one["periods"] for one in deployments]
    if not all(periods) or not _keda_fills_day([one for own in periods for one in own]):
        reasons.append(
            "the names of the cases do not say when each setup serves: periods that fill a day"
            " (07:00-16:00, 16:00-07:00), as `demand import --by period` makes them"
        )
    if not reasons and all(len(set(group.replicas)) == 1 for group in pod_groups(deployments)):
        reasons.append("every node has the same replicas in every setup")
    return reasons


def _keda_nodes(deployments: Sequence[Row]) -> list[Row]:
    """The nodes of all setups, each with the servers of every setup."""
    found: dict[str, dict[str, Any]] = {}
    for deployment in deployments:
        for node in deployment["nodes"]:
            known = found.setdefault(node["label"], {**node, "servers": []})
            names = {row["name"] for row in known["servers"]}
            known["servers"] += [row for row in node["servers"] if row["name"] not in names]
    return list(found.values())


def _keda_fills_day(periods: Sequence[Period]) -> bool:
    """Whether one period begins where the one before ends, once round the day."""
    order = sorted(periods)
    follows = all(end == order[(k + 1) % len(order)][0] for k, (_, end) in enumerate(order))
    return bool(order) and follows and sum(map(_keda_minutes, order)) == DAY


def _keda_minutes(period: Period) -> int:
    """Length; a period that ends where it begins is a whole day."""
    return (period[1] - period[0] - 1) % DAY + 1


def _keda_scaled_object(group: PodGroup, periods: Sequence[Sequence[Period]]) -> dict[str, Any]:
    """The object of one Deployment; {} where its replicas never change."""
    least, most = min(group.replicas), max(group.replicas)
    if least == most:
        return {}
    triggers = [
        _keda_window(period, count)
        for count, own in zip(group.replicas, periods, strict=True)
        for period in own
        if count > least
    ]
    return _keda_object(group.name, least, most, triggers)


def _keda_object(
    name: str, least: int, most: int, triggers: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """A ScaledObject that gives GPUs back as soon as a window ends."""
    at_once = {"behavior": {"scaleDown": {"stabilizationWindowSeconds": 0}}}
    return {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": {"name": name},
        "spec": {
            "scaleTargetRef": {"name": name},
            "minReplicaCount": least,
            "maxReplicaCount": most,
            "cooldownPeriod": 0,
            "advanced": {"horizontalPodAutoscalerConfig": at_once},
            "triggers": list(triggers),
        },
    }


def _keda_window(period: Period, count: int) -> dict[str, Any]:
    """So many replicas every day, from a start that comes earlier by LEAD, or by what leaves the
    window less than a day: KEDA refuses one that ends where it starts.
    """
    lead = min(LEAD, DAY - 1 - _keda_minutes(period))
    return {
        "type": "cron",
        "metadata": {
            "timezone": TIME_ZONE,
            "start": _keda_cron(period[0] - lead),
            "end": _keda_cron(period[1]),
            "desiredReplicas": str(count),
        },
    }


def _keda_cron(minute: int) -> str:
    """A minute of the day as a cron expression of five fields."""
    hour, rest = divmod(minute % DAY, 60)
    return f"{rest} {hour} * * *"
