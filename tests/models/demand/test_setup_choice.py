"""The best choice among known setups, against all choices."""

from itertools import product

import numpy as np
import pytest

from models.demand.setup_choice import KnownSetup, build_setup_choice
from planner.joint.solver.highs import SolveSettings, solve_with_highs
from tests.support.demand.cell_models import cell_model
from tests.support.demand.random_schedules import random_schedule


@pytest.mark.parametrize("kind", ["budget", "budget_starts", "cost_starts"])
def test_it_is_the_best_of_all_choices(kind: str) -> None:
    seen = 0
    for seed in range(8):
        model = cell_model(random_schedule(seed, kind))
        demand, rng = model.demand, np.random.default_rng(seed)
        options, places = len(demand.instance.options), len(demand.setups)
        known = [
            [
                KnownSetup(
                    replicas=rng.integers(0, 3, options),
                    value=float(rng.uniform(0, 0.5)),
                    cost=float(rng.uniform(0.1, 0.5) * (demand.cost_at_most or 3.0) / places * 2),
                )
                for _ in range(3)
            ]
            for _ in range(places)
        ]
        by_cost = demand.instance.objective == "cost"
        best = None
        for chosen in product(*known):
            value = sum(one.value for one in chosen)
            cost = sum(one.cost for one in chosen)
            for k, one in enumerate(chosen):
                for o, option in enumerate(demand.instance.options):
                    rise = max(0, one.replicas[o] - chosen[k - 1].replicas[o])
                    cost += rise * option.tp_degree * demand.start_usd / demand.hours
            if demand.cost_at_most is not None and cost > demand.cost_at_most + 1e-9:
                continue
            if by_cost and value < demand.instance.quality_floor - 1e-9:
                continue
            loss = cost if by_cost else -value
            best = loss if best is None else min(best, loss)
        program, columns = build_setup_choice(model, known)
        answer = solve_with_highs(program, SolveSettings(abs_gap=1e-9))
        assert (answer.x is None) == (best is None)
        if answer.x is not None:
            seen += 1
            assert answer.value == pytest.approx(best, abs=1e-6)
            assert [round(answer.x[at].sum()) for at in columns] == [1] * places
    assert seen
