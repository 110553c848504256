"""The files of a deploy bundle: a plan and its scenario -> every file's text, for `export` and for
pages.

Nothing is written or printed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from models import router
from models.instance import Instance
from planner.errors import DataError
from planner.export.deployment import build_deployment
from planner.export.exporter_protocol import (
    bundle_kinds,
    exported_files_of_kinds,
    exporter_refusals,
)
from planner.operation.price_table import PriceTable
from planner.operation.router_policy import build_router_policy
from planner.plans.plan_and_scenario import PlanAndScenario
from planner.plans.plan_file import plan_file_text
from planner.plans.schema import PlanContent
from planner.presentation.plan.random_routing import random_routing_text
from planner.program import PROGRAM
from planner.verification.verifier import run_verifier
from profiles.io.faults import Fault, fault_spelling_guess
from profiles.io.yaml_text import yaml_text
from reports.deploy import litellm
from reports.deploy.compose import compose_file
from reports.deploy.file_heads import file_head_lines, purpose_of, with_head
from reports.deploy.left_out import left_out_lines
from reports.deploy.readme import deploy_readme
from reports.deploy.readme_start import compose_path
from reports.deploy.shell import shell_script, shell_variables

__all__ = [
    "Bundle",
    "build_bundle",
    "bundle_files_table",
    "check_possible_bundle",
    "needs_prices",
    "parse_bundle_kinds",
]

UNSET = "TO BE SET"
"""What files say of a value that has to be filled in."""
PLUGIN = Path(litellm.__file__).with_name("dual_price_plugin.py")


@dataclass(frozen=True)
class Bundle:
    """files: path -> text.

    executable: paths of programs. left_out: kind -> why it is not there. cautions: sentences to
    show.
    """

    files: Mapping[str, str]
    executable: frozenset[str]
    left_out: Mapping[str, Sequence[str]]
    cautions: Sequence[str]

    @property
    def to_do(self) -> list[str]:
        """Cautions, and the files with values that only who runs the servers knows."""
        unset = [path for path, text in self.files.items() if UNSET in text]
        fill = [f"Fill in what is marked {UNSET} in {', '.join(unset)}"] if unset else []
        return [*fill, *self.cautions]

    @property
    def left_out_lines(self) -> list[str]:
        """What is not there and why, a line a reason."""
        return left_out_lines(self.left_out)


@dataclass(frozen=True, kw_only=True)
class RateExport:
    """A plan of one rate, as it is exported. table: prices over load for router_policy.json."""

    content: PlanContent
    instance: Instance
    deployment: Mapping[str, Any]
    table: PriceTable | None

    @property
    def deployments(self) -> Sequence[Mapping[str, Any]]:
        """The one setup."""
        return [self.deployment]

    def own_refusals(self, kind: str) -> Sequence[str]:
        """Why a kind cannot hold it."""
        return _routellm_refusals(self.deployment) if kind == "routellm" else []

    def own_files(self, kind: str) -> dict[str, str]:
        """The files of machines and gateways."""
        if kind in ("shell", "compose"):
            return _bundle_host_files(self.deployment, kind)
        if kind == "routellm":
            values = self.instance.scores.values
            threshold = litellm.litellm_routellm_threshold(
                self.deployment, float(np.ptp(values, axis=0).max())
            )
            return {"routellm.json": plan_file_text(threshold)}
        gateway = _bundle_litellm_files(self.deployment) if kind == "litellm" else {}
        return gateway | _bundle_router_files(self)


def parse_bundle_kinds(text: str) -> list[str]:
    """Read --only: kinds with commas between; DataError for a word that is none of them, or for no
    word at all.
    """
    known = bundle_kinds()
    kinds = [word.strip() for word in text.split(",") if word.strip()]
    fix = f"it takes {', '.join(known)}"
    faults = [
        Fault(
            "--only",
            "",
            repr(kind),
            "this is not a kind that can be exported",
            fault_spelling_guess(kind, known) + fix,
        )
        for kind in kinds
        if kind not in known
    ]
    if not kinds:
        faults.append(Fault("--only", "", repr(text), "it names nothing", fix))
    if faults:
        raise DataError(faults)
    return [kind for kind in known if kind in kinds]


def build_bundle(
    source: PlanAndScenario,
    on: date,
    kinds: Sequence[str] | None = None,
    table: PriceTable | None = None,
) -> Bundle:
    """Make every file of a plan that has a setup.

    on: date stated in the files. kinds: of `bundle_kinds`, None = all in which the plan can be
    expressed. table: prices over load for router_policy.json. DataError when the plan is not sound
    for its scenario, or a requested kind cannot hold it; InfeasibleError and NoPlanInTimeError
    without a setup.
    """
    source.plan.demand_setup()
    content, instance = source.plan.content, source.loaded.instance
    _check_sound_for_bundle(source)
    deployment = build_deployment(content, instance, on)
    if at_random := random_routing_text(content, instance.scores):
        deployment["cautions"].append(f"Connect scores: {at_random[0].lower()}{at_random[1:]}")
    plan = RateExport(content=content, instance=instance, deployment=deployment, table=table)
    refused = exporter_refusals(plan)
    if kinds is not None:
        check_possible_bundle(kinds, refused)
    chosen = [kind for kind in (refused if kinds is None else kinds) if not refused[kind]]
    left_out = {kind: reasons for kind, reasons in refused.items() if reasons and kinds is None}
    files = exported_files_of_kinds(plan, chosen)
    files["README.md"] = deploy_readme(deployment, chosen, left_out, sorted(files))
    return Bundle(files, frozenset({"deploy.sh"} & set(files)), left_out, deployment["cautions"])


def bundle_files_table(bundle: Bundle) -> pd.DataFrame:
    """Tabulate the files of a bundle, README.md first, with what each is for."""
    names = sorted(bundle.files, key=lambda name: (name != "README.md", name))
    return pd.DataFrame(
        [(name, purpose_of(name)) for name in names], columns=["File", "What it is for"]
    )


def needs_prices(kinds: Sequence[str] | None) -> bool:
    """Whether prices over load go into files of these kinds."""
    return kinds is None or bool({"router", "litellm"} & set(kinds))


def _check_sound_for_bundle(source: PlanAndScenario) -> None:
    """Raise DataError for a plan that fails the verifier, as one does that was edited by hand."""
    content, target = source.plan.content, source.loaded.scenario.spec.solver.rel_gap
    problems = run_verifier(content, source.loaded.instance, rel_gap_target=target)
    if problems:
        fix = f"plan it again: {PROGRAM} plan SCENARIO --json PATH"
        raise DataError(
            [Fault("plan", "", "", f"it is not sound ({problem})", fix) for problem in problems]
        )


def check_possible_bundle(kinds: Sequence[str], refused: Mapping[str, Sequence[str]]) -> None:
    """Raise DataError for kinds that were requested by name and cannot hold the plan."""
    faults = [
        Fault(
            f"--only {kind}",
            "",
            "",
            f"the plan cannot be expressed there: {reason}",
            f"leave {kind} out, or plan for it",
        )
        for kind in kinds
        for reason in refused.get(kind, ())
    ]
    if faults:
        raise DataError(faults)


def _routellm_refusals(deployment: Mapping[str, Any]) -> list[str]:
    """Why there is no threshold: RouteLLM knows two LLMs."""
    routed = deployment["about"]["llms"]
    return [] if routed == 2 else [f"a threshold is for two LLMs, and requests go to {routed}"]


def _bundle_host_files(deployment: Mapping[str, Any], kind: str) -> dict[str, str]:
    """Make the files of the machines.

    The script goes with compose too: it starts MPS and lists the GPUs.
    """
    files = {"deploy.sh": shell_script(deployment), "deploy.env": shell_variables(deployment)}
    if kind == "compose":
        files |= {
            compose_path(deployment, node): _yaml(deployment, [compose_file(deployment, node)])
            for node in deployment["nodes"]
        }
    return files


def _bundle_router_files(plan: RateExport) -> dict[str, str]:
    """Make the router and its policy."""
    about = plan.deployment["about"]
    policy = build_router_policy(
        plan.content,
        plan.instance,
        table=plan.table,
        backends=litellm.litellm_backends(plan.deployment),
    )
    note = " ".join(file_head_lines(about))
    return {
        "router_policy.json": plan_file_text({"note": note, **policy}),
        "router.py": with_head(about, Path(router.__file__).read_text(encoding="utf-8")),
    }


def _bundle_litellm_files(deployment: Mapping[str, Any]) -> dict[str, str]:
    """Make the gateway's files."""
    about = deployment["about"]
    return {
        "config.yaml": _yaml(deployment, [litellm.litellm_config(deployment)]),
        "gateway.env": with_head(about, litellm.litellm_gateway_variables(deployment)),
        "dual_price_plugin.py": with_head(about, PLUGIN.read_text(encoding="utf-8")),
    }


def _yaml(deployment: Mapping[str, Any], documents: Sequence[Any]) -> str:
    return with_head(deployment["about"], yaml_text(documents))
