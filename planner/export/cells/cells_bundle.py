"""The files of a deploy bundle of a plan over classes and cases: its setups as servers, a gateway
that routes by class and case, what changes between setups. Nothing is written or printed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from models import router
from planner.export.bundle import Bundle, check_possible_bundle
from planner.export.cells.lane_groups import build_lane_groups
from planner.export.cells.setup_changes import build_setup_changes
from planner.export.cells.setup_deployments import (
    SetupDeployment,
    build_setup_deployments,
    case_period,
)
from planner.export.deployment import LLM_LABEL
from planner.export.deployment_names import (
    deployment_labels,
    deployment_variable_name,
    one_line,
)
from planner.export.exporter_protocol import exported_files_of_kinds, exporter_refusals
from planner.plans.cells.cells_plan import CellsPlanAndScenario
from planner.plans.cells.cells_states import read_cells_states
from planner.plans.plan_file import plan_file_text
from profiles.io.yaml_text import yaml_text
from reports.deploy import cells_litellm
from reports.deploy.cells_change import change_script, changes_table, setup_script_name
from reports.deploy.cells_readme import cells_compose_path, cells_readme
from reports.deploy.compose import compose_file
from reports.deploy.file_heads import file_head_lines, with_head
from reports.deploy.shell import shell_script, shell_variables

__all__ = ["build_cells_bundle"]

REFUSED = {
    "kubernetes": "the weights of an HTTPRoute cannot change with class and case",
    "production-stack": "the chart's router knows neither classes nor weights",
    "routellm": "there is a threshold neither for classes nor for cases",
}
PLUGIN = Path(cells_litellm.__file__).with_name("cell_price_plugin.py")

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class CellsExport:
    """A plan over classes and cases, as it is exported. bundle, policy, setups: what the files are
    made of.
    """

    content: Mapping[str, Any]
    bundle: Row
    policy: Mapping[str, Any]
    setups: Sequence[SetupDeployment]

    @property
    def deployments(self) -> Sequence[Mapping[str, Any]]:
        """Of every setup."""
        return [one.deployment for one in self.setups]

    def own_refusals(self, kind: str) -> Sequence[str]:
        """Why a kind cannot hold it."""
        return [REFUSED[kind]] if kind in REFUSED else []

    def own_files(self, kind: str) -> dict[str, str]:
        """The files of machines and gateways."""
        if kind in ("shell", "compose"):
            return _setup_files(self.bundle, self.setups, kind)
        about = self.bundle["about"]
        note = " ".join(file_head_lines(about))
        text = Path(router.__file__).read_text(encoding="utf-8")
        return {
            **(_gateway_files(self.bundle) if kind == "litellm" else {}),
            "router_policy.json": plan_file_text({"note": note, **self.policy}),
            "router.py": with_head(about, text),
        }


def build_cells_bundle(
    source: CellsPlanAndScenario, on: date, kinds: Sequence[str] | None = None
) -> Bundle:
    """Make every file of a verified plan that has a setup.

    on, kinds, errors: as `planner.export.bundle.build_bundle`.
    """
    source.plan.demand_setup()
    if source.problems:
        raise AssertionError("a plan is verified before it is exported")
    bundle, policy, setups = _bundle_rows(source, on)
    plan = CellsExport(content=source.plan.content, bundle=bundle, policy=policy, setups=setups)
    refused = exporter_refusals(plan)
    if kinds is not None:
        check_possible_bundle(kinds, refused)
    chosen = [kind for kind in (refused if kinds is None else kinds) if not refused[kind]]
    left_out = {kind: why for kind, why in refused.items() if why and kinds is None}
    files = exported_files_of_kinds(plan, chosen)
    files["README.md"] = cells_readme(bundle, chosen, left_out, sorted(files))
    programs = {name for name in files if name.endswith(".sh")}
    return Bundle(files, frozenset(programs), left_out, bundle["cautions"])


def _bundle_rows(
    source: CellsPlanAndScenario, on: date
) -> tuple[Row, dict[str, Any], list[SetupDeployment]]:
    """What the files are made of (reports.deploy.cells_litellm has the keys), the router's policy,
    and the setups.
    """
    content, demand = source.plan.content, source.demand
    states = read_cells_states(content, demand)
    setups = build_setup_deployments(content, demand, on)
    groups, policy, cautions = build_lane_groups(content, demand, states, setups)
    labels = deployment_labels(demand.served, LLM_LABEL)
    used = {group.llm for group in groups if not group.servers}
    deployments = [one.deployment for one in setups]
    bundle: Row = {
        "about": deployments[0]["about"],
        "setups": [
            {"label": s.label, "cases": s.cases, "deployment": s.deployment} for s in setups
        ],
        "nodes": _all_nodes(deployments),
        "classes": deployments[0]["classes"],
        "llms": _by_label(llm for one in deployments for llm in one["llms"]),
        "groups": [
            {"name": g.name, "class": g.request_class, "llm": g.llm, "servers": g.servers}
            for g in groups
        ],
        "outside": [
            {
                "name": llm.name,
                "title": one_line(llm.name),
                "label": labels[llm.name],
                "key": deployment_variable_name(labels[llm.name]),
                "max_rate": llm.max_rate,
            }
            for llm in demand.outside
            if llm.name in used
        ],
        "changes": build_setup_changes(setups),
        "clock": _clock_rows([case.name for case in demand.cases]),
        "policy": policy,
        "cautions": list(
            dict.fromkeys([*cautions, *(c for one in deployments for c in one["cautions"])])
        ),
    }
    return bundle, policy, setups


def _by_label(rows: Iterable[Row]) -> list[Row]:
    """Every label once, the first of its rows."""
    found: dict[str, Row] = {}
    for row in rows:
        found.setdefault(row["label"], row)
    return list(found.values())


def _all_nodes(deployments: Sequence[Row]) -> list[Row]:
    """The nodes of all setups, each with every server and every GPU that any setup uses there."""
    found: dict[str, Row] = {}
    for deployment in deployments:
        for node in deployment["nodes"]:
            known = found.setdefault(node["label"], {**node, "servers": [], "gpus": []})
            names = {row["name"] for row in known["servers"]}
            known["servers"] += [row for row in node["servers"] if row["name"] not in names]
            gpus = {gpu["key"] for gpu in known["gpus"]}
            known["gpus"] += [gpu for gpu in node["gpus"] if gpu["key"] not in gpus]
    for node in found.values():
        node["gpus"].sort(key=lambda gpu: gpu["at"])
    return [found[label] for label in sorted(found)]


def _clock_rows(cases: Sequence[str]) -> list[tuple[str, str]]:
    """(HH:MM, case) of the cases whose names say when they begin."""
    periods = [(case_period(name), name) for name in cases]
    return sorted(
        (f"{period[0] // 60:02d}:{period[0] % 60:02d}", name) for period, name in periods if period
    )


def _setup_files(bundle: Row, setups: Sequence[SetupDeployment], kind: str) -> dict[str, str]:
    """The files of the machines."""
    files = {"deploy.env": shell_variables(bundle)}
    for one in setups:
        name = setup_script_name(one.label)
        files[name] = shell_script(one.deployment).replace("deploy.sh", name)
        if kind == "compose":
            for node in one.deployment["nodes"]:
                path = cells_compose_path(one.label, one.deployment, node)
                text = yaml_text([compose_file(one.deployment, node)])
                files[path] = with_head(one.deployment["about"], text)
    if len(setups) > 1:
        files["change.sh"] = change_script(bundle)
        files["changes.csv"] = changes_table(bundle["changes"])
    return files


def _gateway_files(bundle: Mapping[str, Any]) -> dict[str, str]:
    """The files of LiteLLM."""
    about = bundle["about"]
    todo = "read from the names of the cases: check it." if bundle["clock"] else "TO BE COMPLETED."
    clock = [
        f"# Which case is served from when on, in the time zone TZ; {todo}",
        "# A plan does not say when its cases are.",
        "from,case",
        *(f"{start},{_csv_cell(case)}" for start, case in bundle["clock"]),
    ]
    return {
        "config.yaml": with_head(about, yaml_text([cells_litellm.cells_litellm_config(bundle)])),
        "gateway.env": with_head(about, cells_litellm.cells_gateway_variables(bundle)),
        "cell_price_plugin.py": with_head(about, PLUGIN.read_text(encoding="utf-8")),
        "clock.csv": "\n".join([*clock, ""]),
    }


def _csv_cell(text: str) -> str:
    """Text as one cell."""
    plain = not set(text) & set(',"\n\r')
    return text if plain else '"' + text.replace('"', '""') + '"'
