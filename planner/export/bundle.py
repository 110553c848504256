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
from planner.errors import DataError
from planner.export.cluster_files import CLUSTER_KINDS, build_cluster_files, cluster_refusals
from planner.export.deployment import build_deployment
from planner.operation.price_table import PriceTable
from planner.operation.router_policy import build_router_policy
from planner.plans.plan_and_scenario import PlanAndScenario
from planner.plans.plan_file import plan_file_text
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
    "KINDS",
    "Bundle",
    "build_bundle",
    "bundle_files_table",
    "check_possible_bundle",
    "needs_prices",
    "parse_bundle_kinds",
]

KINDS = ("shell", "compose", *CLUSTER_KINDS, "litellm", "router", "routellm")
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
    def left_out_lines(self) -> list[str]:
        """What is not there and why, a line a reason."""
        return left_out_lines(self.left_out)


def parse_bundle_kinds(text: str) -> list[str]:
    """Read --only: kinds with commas between; DataError for a word that is none of KINDS, or for no
    word at all.
    """
    kinds = [word.strip() for word in text.split(",") if word.strip()]
    fix = f"it takes {', '.join(KINDS)}"
    faults = [
        Fault(
            "--only",
            "",
            repr(kind),
            "this is not a kind that can be exported",
            fault_spelling_guess(kind, KINDS) + fix,
        )
        for kind in kinds
        if kind not in KINDS
    ]
    if not kinds:
        faults.append(Fault("--only", "", repr(text), "it names nothing", fix))
    if faults:
        raise DataError(faults)
    return [kind for kind in KINDS if kind in kinds]


def build_bundle(
    source: PlanAndScenario,
    on: date,
    kinds: Sequence[str] | None = None,
    table: PriceTable | None = None,
) -> Bundle:
    """Make every file of a plan that has a setup.

    on: date stated in the files. kinds: of KINDS, None = all in which the plan can be expressed.
    table: prices over load for router_policy.json. DataError when the plan is not sound for its
    scenario, or a requested kind cannot hold it; InfeasibleError and NoPlanInTimeError without a
    setup.
    """
    source.plan.demand_setup()
    content, instance = source.plan.content, source.loaded.instance
    _check_sound_for_bundle(source)
    deployment = build_deployment(content, instance, on)
    refused = {**cluster_refusals([deployment]), "routellm": _routellm_refusals(deployment)}
    if kinds is not None:
        check_possible_bundle(kinds, refused)
    chosen = [kind for kind in (KINDS if kinds is None else kinds) if not refused.get(kind)]
    left_out = {kind: reasons for kind, reasons in refused.items() if reasons and kinds is None}
    files = _bundle_host_files(deployment, chosen) | build_cluster_files([deployment], chosen)
    if "litellm" in chosen:
        files |= _bundle_litellm_files(deployment)
    if "litellm" in chosen or "router" in chosen:
        policy = build_router_policy(
            content, instance, table=table, backends=litellm.litellm_backends(deployment)
        )
        files["router_policy.json"] = plan_file_text(
            {"note": " ".join(file_head_lines(deployment["about"])), **policy}
        )
        files["router.py"] = with_head(
            deployment["about"], Path(router.__file__).read_text(encoding="utf-8")
        )
    if "routellm" in chosen:
        values = instance.scores.values
        files["routellm.json"] = plan_file_text(
            litellm.litellm_routellm_threshold(deployment, float(np.ptp(values, axis=0).max()))
        )
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


def _bundle_host_files(deployment: Mapping[str, Any], chosen: Sequence[str]) -> dict[str, str]:
    """Make the files of the machines.

    The script goes with compose too: it starts MPS and lists the GPUs.
    """
    files: dict[str, str] = {}
    if "shell" in chosen or "compose" in chosen:
        files |= {
            "deploy.sh": shell_script(deployment),
            "deploy.env": shell_variables(deployment),
        }
    if "compose" in chosen:
        files |= {
            compose_path(deployment, node): _yaml(deployment, [compose_file(deployment, node)])
            for node in deployment["nodes"]
        }
    return files


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
