"""docs/formulation.md says what the code does: the constraints of section 5, the symbols of section
2, the numbers of the stages; of classes and cases the rows of both programs.
"""

import re
from dataclasses import replace

import numpy as np
import pyomo.environ as pyo
import pytest

import models.demand.cell_program
import models.demand.master_program
import models.program
from models.compiled_program import compile_arrays
from models.demand.master_program import build_master_program
from models.formulation import Changes, Goal, GoalKind, Knob, KnobKind
from models.instance import Llm, Quota, Running
from models.nogood import NoGood
from models.openings.opening_cuts import no_opening_cuts
from models.program import build_program
from planner.cells import node_losses, schedule_search, search
from planner.cells.routing import cell_loop, lane_routing
from planner.joint import ties
from planner.joint.programs import restricted_milp
from planner.joint.repairs import (
    adjustments,
    infeasibility,
    knob_relaxation,
    least_change,
    repair_plans,
)
from planner.joint.search import FIRST_OPTIONS
from planner.joint.setups import setup_routing
from planner.joint.setups.cut_loop import IN_OUT, MANY_LLMS
from planner.joint.steps import neighbourhood
from tests.support.demand.cell_models import cell_model, price_case
from tests.support.demand.random_demands import random_demand
from tests.support.demand.random_schedules import random_schedule
from tests.support.instances.programs import state_of
from tests.support.paths import HOME

TEXT = (HOME / "docs" / "formulation.md").read_text(encoding="utf-8")


def section(number: int) -> str:
    return TEXT.split(f"\n## {number}. ")[1].split("\n## ")[0]


def whole_program() -> pyo.ConcreteModel:
    """A program with every family of constraints."""
    state = state_of("nonconvex", 2)
    ones = (1,) * len(state.instance.options)
    places = tuple((o, 0, (0,)) for o in range(len(ones)))
    instance = replace(
        state.instance,
        llms=tuple(Llm(llm.name, 1, 3) for llm in state.instance.llms),
        quotas=(Quota("any", (1.0,) * len(state.instance.options), 9.0),),
        min_utilization=0.1,
        pools=tuple(replace(pool, reserved=1) for pool in state.instance.pools),
        running=Running(replicas=ones, rates=(1.0,) * len(ones), places=places, start_price=0.1),
    )
    o = state.usable()[0]
    arm = state.arms[o][0]
    state.arms[o] = list(arm.split((arm.low + arm.high) / 2, 0.01 * state.allowances))
    state.no_goods += [NoGood(0, ((o,),), (1,), gpus=1), NoGood(0, ((o,),), (1,), replicas=1)]
    goal = Goal(
        of=GoalKind.QUALITY,
        quality_at_least=0.1,
        cost_at_most=9.0,
        cost_at_least=1.0,
        gpus_in_all=3,
        changes=Changes((1,) * len(instance.options), 2),
    )
    llms = len(instance.llms)
    each = np.ones(llms)
    cuts = no_opening_cuts(llms).with_opening_cut(each, 1.0, each, each)
    form = replace(state.formulation(goal, state.usable(), openings=cuts), instance=instance)
    return build_program(replace(form, upper=form.upper + 1))


def programs() -> list[pyo.ConcreteModel]:
    """The same, and programs of the knobs that have constraints of their own."""
    state = state_of("nonconvex", 2)
    knobs = [Knob(kind=kind, of=0, low=0, high=3) for kind in (KnobKind.NODES, KnobKind.LEAST)]
    knobs.append(Knob(kind=KnobKind.RATE, low=0, high=1))
    goals = [Goal(of=GoalKind.KNOB, knob=knob) for knob in knobs]
    cuts = no_opening_cuts(len(state.instance.llms))
    forms = [state.formulation(goal, state.usable(), openings=cuts) for goal in goals]
    return [whole_program(), *map(build_program, forms)]


def constraints() -> set[str]:
    found = (c for model in programs() for c in model.component_objects(pyo.Constraint))
    return {c.local_name for c in found if len(c)}


def test_section_5_lists_every_constraint_and_no_other() -> None:
    block = section(5).partition("```text\n")[2].partition("```")[0]
    listed = set(re.findall(r"^([a-z]+(?:_[a-z]+)+)(?=\[|  )", block, flags=re.MULTILINE))
    assert listed == constraints()


def test_so_does_the_docstring_of_the_program() -> None:
    doc = models.program.__doc__ or ""
    rows = doc.partition("    routing")[2]
    names = set(re.findall(r"^    ([a-z]+(?:_[a-z]+)+)(?=\[|,| )", rows, flags=re.MULTILINE))
    names |= set(re.findall(r"^    keep_cost, ([a-z_]+)", rows, flags=re.MULTILINE))
    assert names == constraints()


def test_symbols_name_components_of_the_program() -> None:
    model = whole_program()
    known = {component.local_name for component in model.component_objects()}
    rows = [line.split("|")[2] for line in section(2).splitlines() if line.startswith("| ")][2:]
    codes = {code for row in rows for code in re.findall(r"`(\w+)`", row)}
    assert codes - known <= {"demand", "Curve", "LatencyPieces"}
    assert len(codes & known) >= 10


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (7, f"in-out, weight {IN_OUT}"),
        (7, f"With more than {MANY_LLMS} LLMs the loop begins near"),
        (7, f"({FIRST_OPTIONS} times (LLMs + 2 pools + 1) of them at first)"),
        (7, f"with the {restricted_milp.KEPT_CUTS} tightest cuts"),
        (7, f"(at most {setup_routing.PASSES} times)"),
        (9, f"may get worse by {ties.SAME_VALUE:.0e}".replace("e-06", "e-6")),
        (9, f"may visit {ties.STAGE_NODES:,} nodes divided by its number of columns"),
        (9, f"all of a stage {ties.STAGE_WORK:,}"),
        (9, f"fewer than {ties.LEAST_STAGE_NODES} nodes is not begun"),
        (9, f"With more than {MANY_LLMS} LLMs a setup is routed for room at its own fractions"),
        (9, f"differ by less than {ties.SAME_ROOM:g} are equal"),
        (7, f"within {restricted_milp.QUICK_WORK:,} nodes x columns"),
        (7, f"{neighbourhood.FEWEST_FREE} to {neighbourhood.MOST_FREE} LLMs, of three"),
        (10, f"{infeasibility.EXPLAIN_WORK:,.0f} nodes x columns all together"),
        (10, f"visit {least_change.PROGRAM_WORK:,} nodes x columns"),
        (10, f"({least_change.FLOOR_PROGRAM_WORK:,} with a floor of quality)"),
        (10, f"with more than {knob_relaxation.MOST_PLAIN_LLMS} LLMs again with opening cuts"),
        (10, f"{100 * least_change.LEAST_RANGE:g} % wide"),
        (10, f"at most {least_change.ROUNDS} times"),
        (10, f"within {100 * repair_plans.PRECISION:g} % of the bound"),
        (10, f"to {100 * infeasibility.FLOOR_GAP:g} %."),
        (10, f"bisected to {100 * adjustments.PRECISION:g} %"),
        (10, f"({infeasibility.BEST_EFFORT_WORK:,.0f} nodes x columns)"),
        (10, f"at least {infeasibility.LEAST_SECONDS:g} s after the search began"),
        (10, f"too: {infeasibility.LATE_SECONDS:g} s after it"),
        (14, f"the {cell_loop.ENTER} best at a time"),
        (14, f"The first {search.ROUNDINGS} times a second master"),
        (15, f"(at most {lane_routing.RECENTRINGS} times)"),
        (15, "1e-9 to 1e-5, is kept back"),
        (15, f"above {node_losses.MOST_KINDS:,} kinds"),
        (16, f"(to {100 * schedule_search.FIXED_GAP:g} %"),
        (16, f"with {schedule_search.FIXED_MASTERS} master programs"),
        (16, f"in {100 * schedule_search.FIXED_PART:g} % of the time"),
        (16, f"Every {schedule_search.BOUNDING} steps"),
        (16, f"within {schedule_search.MOST_NODES:,} nodes"),
        (16, f"may visit {schedule_search.NODES} nodes"),
    ],
)
def test_numbers_are_those_of_the_code(number: int, words: str) -> None:
    assert words in " ".join(section(number).split())


def names_in_block(number: int) -> set[str]:
    blocks = section(number).split("```text\n")[1:]
    text = "\n".join(block.partition("```")[0] for block in blocks)
    return set(re.findall(r"^([a-z]+(?:_[a-z]+)+)(?=\[|  )", text, flags=re.MULTILINE))


def test_section_13_has_the_rows_of_the_program_of_cells() -> None:
    doc = models.demand.cell_program.__doc__ or ""
    names = set(re.findall(r"^    ([a-z]+(?:_[a-z]+)+)(?=\[|  )", doc, flags=re.MULTILINE))
    assert names_in_block(13) == names - {"gpus_used"}


def test_section_14_has_the_rows_of_the_master(monkeypatch: pytest.MonkeyPatch) -> None:
    model = cell_model(random_demand(0, "classes_budget"))
    cuts = [price_case(model, t, model.upper).cut for t in range(len(model.demand.cases))]
    built: list[pyo.ConcreteModel] = []

    def noted(program: pyo.ConcreteModel) -> object:
        built.append(program)
        return compile_arrays(program)

    monkeypatch.setattr(models.demand.master_program, "compile_arrays", noted)
    for of in (GoalKind.QUALITY, GoalKind.COST):
        build_master_program(model, cuts, of=of, least_value=0.1, most_cost=9.0, spread=True)
    scheduled = cell_model(random_schedule(0, "budget_starts"))
    scheduled.barred.append(np.zeros((len(scheduled.demand.setups), scheduled.upper.size)))
    build_master_program(scheduled, [], of=GoalKind.QUALITY)
    own = {c.local_name for one in built for c in one.component_objects(pyo.Constraint) if len(c)}
    assert names_in_block(14) <= own
    # Those of a setup are in section 5, that of the second master in section 15.
    assert own - names_in_block(14) - {"spread_over_nodes"} <= constraints()


def test_files_that_it_names_exist() -> None:
    links = re.findall(r"\]\(\.\./([\w/.]+)\)", TEXT)
    assert links
    assert not [link for link in links if not (HOME / link).exists()]
