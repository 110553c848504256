"""The kinds of a deploy bundle that are objects of a cluster: which there are, what each cannot
hold, and their files as text.

Each is made from the setups of a plan: one, or those of a schedule.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from profiles.io.yaml_text import yaml_text
from reports.deploy.cluster.keda import keda_files, keda_refusals
from reports.deploy.cluster.kserve import kserve_files, kserve_refusals
from reports.deploy.cluster.kubernetes import kubernetes_files
from reports.deploy.cluster.kubernetes_refusals import kubernetes_refusals
from reports.deploy.cluster.llm_d import llm_d_files, llm_d_refusals
from reports.deploy.cluster.production_stack import (
    production_stack_files,
    production_stack_refusals,
)
from reports.deploy.file_heads import with_head

__all__ = ["CLUSTER_KINDS", "build_cluster_files", "cluster_refusals"]

Row = Mapping[str, Any]


@dataclass(frozen=True)
class ClusterKind:
    """files: documents by file name; refusals: why a plan cannot be expressed, [] when it can."""

    files: Callable[[Sequence[Row]], Mapping[str, Sequence[Any]]]
    refusals: Callable[[Sequence[Row]], list[str]]


KINDS = {
    "kubernetes": ClusterKind(kubernetes_files, kubernetes_refusals),
    "kserve": ClusterKind(kserve_files, kserve_refusals),
    "llm-d": ClusterKind(llm_d_files, llm_d_refusals),
    "keda": ClusterKind(keda_files, keda_refusals),
    "production-stack": ClusterKind(production_stack_files, production_stack_refusals),
}
CLUSTER_KINDS = tuple(KINDS)


def cluster_refusals(deployments: Sequence[Row]) -> dict[str, list[str]]:
    """Why a plan cannot be expressed, by kind; deployments: of its setups."""
    return {name: kind.refusals(deployments) for name, kind in KINDS.items()}


def build_cluster_files(deployments: Sequence[Row], chosen: Sequence[str]) -> dict[str, str]:
    """The files of the chosen kinds, each kind in a folder of its name."""
    return {
        f"{name}/{file}": with_head(deployments[0]["about"], yaml_text(documents))
        for name, kind in KINDS.items()
        if name in chosen
        for file, documents in kind.files(deployments).items()
    }
