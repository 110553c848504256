"""The files of a deploy bundle of a plan over classes and cases: its setups as servers, a gateway
that routes by class and case, what changes between setups. Nothing is written or printed.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from models import router
from planner.errors import DataError
from planner.export.bundle import Bundle
from planner.export.cells.lane_groups import build_lane_groups
from planner.export.cells.setup_changes import build_setup_changes
from planner.export.cells.setup_deployments import SetupDeployment, build_setup_deployments
from planner.export.deployment import LLM_LABEL
from planner.export.deployment_names import (
    deployment_labels,
    deployment_variable_name,
    one_line,
)
from planner.plans.cells.cells_plan import CellsPlanAndScenario
from planner.plans.cells.cells_states import read_cells_states
from planner.plans.plan_file import plan_file_text
from profiles.io.faults import Fault
from profiles.io.yaml_text import yaml_text
from reports.deploy import cells_litellm
from reports.deploy.cells_change import change_script, changes_table, setup_script_name
from reports.deploy.cells_readme import cells_compose_path, cells_readme
from reports.deploy.compose import compose_file
from reports.deploy.file_heads import file_head_lines, with_head
from reports.deploy.shell import shell_script, shell_variables

__all__ = ["CELLS_KINDS", "build_cells_bundle"]

CELLS_KINDS = ("shell", "compose", "litellm", "router")
"""Of planner.export.bundle.KINDS those that can hold such a plan."""
REFUSED = {
    "kubernetes": "the weights of an HTTPRoute cannot change with class and case",
    "routellm": "there is a threshold neither for classes nor for cases",
}
PLUGIN = Path(cells_litellm.__file__).with_name("cell_price_plugin.py")
PERIOD = re.compile(r"^([01]?\d|2[0-3]):([0-5]\d)-([01]?\d|2[0-4]):([0-5]\d)$")
"""Names of cases that state when they begin, as `demand import --by period` makes them."""

Row = dict[str, Any]


def build_cells_bundle(
    source: CellsPlanAndScenario, on: date, kinds: Sequence[str] | None = None
) -> Bundle:
    """Make every file of a verified plan that has a setup.

    on, kinds, errors: as `planner.export.bundle.build_bundle`.
    """
    source.plan.demand_setup()
    if source.problems:
        raise AssertionError("a plan is verified before it is exported")
    faults = [
        Fault(f"--only {kind}", "", "", f"the plan cannot be expressed there: {reason}", "leave it")
        for kind, reason in REFUSED.items()
        if kind in (kinds or ())
    ]
    if faults:
        raise DataError(faults)
    chosen = [kind for kind in CELLS_KINDS if kinds is None or kind in kinds]
    left_out = {} if kinds is not None else {kind: [why] for kind, why in REFUSED.items()}
    bundle, policy, setups = _bundle_rows(source, on)
    files = _setup_files(bundle, setups, chosen)
    if "litellm" in chosen:
        files |= _gateway_files(bundle)
    if "litellm" in chosen or "router" in chosen:
        note = " ".join(file_head_lines(bundle["about"]))
        files["router_policy.json"] = plan_file_text({"note": note, **policy})
        text = Path(router.__file__).read_text(encoding="utf-8")
        files["router.py"] = with_head(bundle["about"], text)
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
    rows = []
    for name in cases:
        found = PERIOD.match(name)
        if found:
            rows.append((f"{int(found[1]):02d}:{found[2]}", name))
    return sorted(rows)


def _setup_files(
    bundle: Row, setups: Sequence[SetupDeployment], chosen: Sequence[str]
) -> dict[str, str]:
    """The files of the machines."""
    files: dict[str, str] = {}
    if not {"shell", "compose"} & set(chosen):
        return files
    files["deploy.env"] = shell_variables(bundle)
    for one in setups:
        name = setup_script_name(one.label)
        files[name] = shell_script(one.deployment).replace("deploy.sh", name)
        if "compose" in chosen:
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
