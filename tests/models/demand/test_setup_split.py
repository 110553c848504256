"""The master in parts: for any prices no more than its optimum, for its own no less than its
relaxation.
"""

from dataclasses import replace

import numpy as np
import pytest

from models.demand.master_program import MasterProgram, build_master_program
from models.demand.setup_split import split_master
from models.formulation import GoalKind
from planner.joint.solver.highs import SolveSettings, StopReason, solve_with_highs
from planner.joint.solver.live_lp import LiveLp
from tests.support.demand.cell_models import cell_model, price_case
from tests.support.demand.random_schedules import random_schedule

EXACT = SolveSettings(abs_gap=1e-9)


def master_of(kind: str, seed: int) -> MasterProgram:
    """With cuts at all and at half of the replicas, and one pair of setups barred."""
    model = cell_model(random_schedule(seed, kind))
    cases = [t for t in range(len(model.demand.cases)) if any(model.demand.cells(t))]
    cuts = [
        price_case(model, t, part * model.upper, tolerance=1e-5).cut
        for t in cases
        for part in (1.0, 0.5)
    ]
    model.barred.append(np.tile(model.upper.astype(int), (len(model.demand.setups), 1)))
    of = GoalKind.COST if model.demand.instance.objective == "cost" else GoalKind.QUALITY
    return build_master_program(model, cuts, of=of)


def bound_of_parts(program: MasterProgram, prices: np.ndarray) -> float:
    split = split_master(program, prices)
    answers = [solve_with_highs(part.linear, EXACT) for part in split.parts]
    return split.constant + sum(answer.value for answer in answers)


@pytest.mark.parametrize("kind", ["budget_starts", "cost_starts"])
def test_it_lies_between_relaxation_and_optimum(kind: str) -> None:
    seen = 0
    for seed in range(4):
        program = master_of(kind, seed)
        whole = solve_with_highs(program.linear, EXACT)
        if whole.stop is not StopReason.OPTIMAL:
            continue
        seen += 1
        loose = replace(program.linear, integer=np.zeros_like(program.linear.integer))
        relaxed = LiveLp(loose, SolveSettings()).solve()
        bound = bound_of_parts(program, relaxed.row_dual)
        assert relaxed.value - 1e-6 <= bound <= whole.value + 1e-6
        rng = np.random.default_rng(seed)
        other = relaxed.row_dual * rng.uniform(0.0, 2.0, relaxed.row_dual.size)
        assert bound_of_parts(program, other) <= whole.value + 1e-6
    assert seen


def test_every_column_and_row_is_in_one_part_or_priced() -> None:
    program = master_of("budget_starts", 0)
    split = split_master(program, np.zeros(program.linear.row_lower.size))
    columns = sum(part.linear.cost.size for part in split.parts)
    assert columns == int((program.setup >= 0).sum()) < program.setup.size
    rows = sum(part.linear.row_lower.size for part in split.parts)
    assert 0 < rows < program.linear.row_lower.size
    for s, part in enumerate(split.parts):
        has = part.replicas >= 0
        assert np.array_equal(has, program.replicas[s] >= 0)
        assert part.linear.integer[part.replicas[has]].all()
