"""Our own entry points of `llm_planner.exporters`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from planner.export.exporter_protocol import ExportedPlan
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
from reports.deploy.mig_config import mig_config_files, mig_config_nodes

__all__ = [
    *("COMPOSE", "KEDA", "KSERVE", "KUBERNETES", "LITELLM", "LLM_D", "PRODUCTION_STACK"),
    *("ROUTELLM", "ROUTER", "SHELL"),
]

Row = Mapping[str, Any]

HOSTS = ("shell", "compose")
"""Kinds that start servers on the machines themselves."""

NO_UUID = (
    "a MIG instance is chosen by its UUID (NVIDIA_VISIBLE_DEVICES=MIG-...), which it gets only when"
    " the GPU is divided, so no file can state it beforehand; on Kubernetes it is a resource with a"
    " name"
)


@dataclass(frozen=True)
class ClusterExporter:
    """Objects of a cluster, in a folder of the kind's name. documents: by file name, of the setups
    of a plan: one, or those of a schedule.
    """

    kind: str
    documents: Callable[[Sequence[Row]], Mapping[str, Sequence[Any]]]
    reasons: Callable[[Sequence[Row]], list[str]]

    def refusals(self, plan: ExportedPlan) -> Sequence[str]:
        """Why the plan cannot be expressed there."""
        return plan.own_refusals(self.kind) or self.reasons(plan.deployments)

    def files(self, plan: ExportedPlan) -> dict[str, str]:
        """The documents as YAML."""
        about = plan.deployments[0]["about"]
        files = {
            f"{self.kind}/{file}": documents
            for file, documents in self.documents(plan.deployments).items()
        }
        # How GPUs are divided stands beside the folders, whose files are objects of the cluster.
        files |= mig_config_files(plan.deployments)
        return {file: with_head(about, yaml_text(documents)) for file, documents in files.items()}


@dataclass(frozen=True)
class BundleExporter:
    """Files of machines and gateways, which differ between plans of one rate and of classes."""

    kind: str

    def refusals(self, plan: ExportedPlan) -> Sequence[str]:
        """Why the plan cannot be expressed there."""
        if self.kind in HOSTS and any(map(mig_config_nodes, plan.deployments)):
            return [NO_UUID]
        return plan.own_refusals(self.kind)

    def files(self, plan: ExportedPlan) -> Mapping[str, str]:
        """As the plan's own kind makes them."""
        return plan.own_files(self.kind)


SHELL = BundleExporter("shell")
COMPOSE = BundleExporter("compose")
KUBERNETES = ClusterExporter("kubernetes", kubernetes_files, kubernetes_refusals)
KSERVE = ClusterExporter("kserve", kserve_files, kserve_refusals)
LLM_D = ClusterExporter("llm-d", llm_d_files, llm_d_refusals)
KEDA = ClusterExporter("keda", keda_files, keda_refusals)
PRODUCTION_STACK = ClusterExporter(
    "production-stack", production_stack_files, production_stack_refusals
)
LITELLM = BundleExporter("litellm")
ROUTER = BundleExporter("router")
ROUTELLM = BundleExporter("routellm")
