"""What the tables of a scenario say about its classes and cases; whether a caller that plans one
class in one case may have it.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from models.instance import Instance
from planner.program import PROGRAM
from planner.scenario.demand.class_curves import OwnRows, check_class_rows
from planner.scenario.demand.class_scores import ClassScores, ScoreSource, read_class_score_tables
from planner.scenario.demand.plain import only_class_name, plain_demand_spec, stated_demand_place
from planner.scenario.demand.rates import DEMAND_COLUMNS, assemble_rates, read_demand_table
from planner.scenario.inputs import (
    InputFindings,
    read_input_profiles,
    read_input_profiles_by_class,
    read_input_scores,
)
from planner.scenario.load import Scenario
from planner.scenario.options import build_option_curve
from planner.scenario.schema.specification import ScenarioSpec
from profiles.class_rows import CLASS
from profiles.curves import ProfileTable
from profiles.io.faults import Fault, ScenarioError
from profiles.io.table_files import read_table_file
from profiles.io.tables import Table
from profiles.records import Curve

__all__ = [
    "CELLS_REFUSED",
    "build_class_curves",
    "read_scenario_profiles",
    "read_scenario_rates",
    "read_scenario_scores",
    "refuse_scenario_sizing",
]

CELLS_REFUSED = (
    "this command does not plan classes, cases, outside LLMs or a budget yet;"
    f" `{PROGRAM} plan` does"
)
CELLS_FIX = "use that command, or a scenario without them"


SIZING_REFUSED = f"this command does not decide numbers of nodes; `{PROGRAM} plan` does"


def refuse_scenario_sizing(scenario: Scenario) -> None:
    """Raise ScenarioError where a number of nodes is left to the plan."""
    faults = [
        Fault(str(scenario.path), f"pools.{i}.nodes", "", SIZING_REFUSED, "write a number of nodes")
        for i, pool in enumerate(scenario.spec.pools)
        if not isinstance(pool.nodes, int)
    ]
    if faults:
        raise ScenarioError(faults)


def read_scenario_rates(
    scenario: Scenario, findings: InputFindings, *, cells: bool
) -> tuple[Scenario, np.ndarray | None]:
    """The scenario, without its classes and cases where they mean no more than a plain one, and
    (C, T) req/s where they do; None with faults in the findings, or for a plain one.
    """
    spec, file = scenario.spec, str(scenario.path)
    place = stated_demand_place(spec)
    refused = Fault(file, place, "", CELLS_REFUSED, CELLS_FIX)
    if place and not cells and not _has_one_cell(spec):
        raise ScenarioError([refused])
    before = len(findings.scenario)
    rates = table = None
    if spec.demand is not None:
        path = scenario.path.parent / spec.demand
        read, faulty = findings.table("demand", spec.demand, None)
        if read is None and not faulty:
            read = read_table_file(path, findings.scenario, only=DEMAND_COLUMNS)
        table = None if read is None else read_demand_table(read, spec, findings.scenario)
    if place and len(findings.scenario) == before:
        rates = assemble_rates(spec, table, file, findings.scenario)
    if rates is not None and rates.size == 1:
        spec = plain_demand_spec(spec, float(rates[0, 0]))
    place = stated_demand_place(spec)
    if not place:
        only = scenario.only_class or only_class_name(scenario.spec)
        return replace(scenario, spec=spec, only_class=only), None
    if not cells:
        raise ScenarioError([refused])
    return scenario, rates


def _has_one_cell(spec: ScenarioSpec) -> bool:
    """Whether there is one class in one case, whose rate a table says: it may be a plain one."""
    return spec.demand is not None and len(spec.classes or ()) == len(spec.cases or ()) == 1


def read_scenario_profiles(
    scenario: Scenario, given: Table | None, findings: InputFindings
) -> tuple[ProfileTable | None, Mapping[str, ProfileTable]]:
    """The profile table, and the rows of each class where the scenario has classes."""
    spec, path = scenario.spec, scenario.profiles_path
    if spec.classes is None and not scenario.only_class:
        return read_input_profiles(path, spec.profiles, given, findings), {}
    table, own = read_input_profiles_by_class(path, spec.profiles, given, findings)
    if table is not None and spec.classes is not None:
        check_class_rows(spec, table, own, findings.profiles)
    elif own:
        problem = "the scenario has one class in one case, and rows name a class"
        fix = "leave the cells blank: all rows are of this class"
        findings.profiles.append(Fault(str(path), f"column {CLASS}", "", problem, fix))
    return table, own


def build_class_curves(
    spec: ScenarioSpec, instance: Instance, own: OwnRows
) -> dict[tuple[int, int], Curve]:
    """By (option, class), of classes with rows of their own."""
    # The share as an option has it: 100 * (share / 100) may differ from per cent in its last bit.
    by_share = {(name, *of[:3], of[3] / 100, of[4]): rows for (name, of), rows in own.items()}
    curves = {}
    for o, option in enumerate(instance.options):
        llm, gpu = instance.llms[option.llm].name, instance.pools[option.pool].gpu
        share = (0.0, option.mig.name) if option.mig else (option.mps_share, "")
        for c, one in enumerate(spec.classes or ()):
            rows = by_share.get((one.name, llm, gpu, option.tp_degree, *share))
            if rows is not None:
                curves[o, c] = build_option_curve(rows)
    return curves


def read_scenario_scores(
    scenario: Scenario, given: Table | None, findings: InputFindings
) -> ClassScores | None:
    """Scores of every class, of a plain scenario those of all requests; None when one is faulty."""
    spec = scenario.spec
    if stated_demand_place(spec):
        known = findings.known_scores(spec.scores, given)
        source = ScoreSource(folder=scenario.path.parent, known=known, missing=spec.scores_missing)
        return read_class_score_tables(spec, source, findings.scores, findings.notices)
    names = [llm.name for llm in spec.llms]
    read = read_input_scores(
        scenario.scores_path, spec.scores, given, names, spec.scores_missing, findings
    )
    return None if read is None else ClassScores(read[0], (read[1],), {})
