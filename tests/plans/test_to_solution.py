"""From plan.json back to a solution."""

from pathlib import Path

import numpy as np

from planner.joint import solve as joint
from planner.plans.solved_content import solved_content
from planner.plans.to_solution import plan_to_solution
from planner.scenario.assemble import assemble_instance
from planner.scenario.templates import TEMPLATE_TEXTS


def test_a_plan_finds_its_way_back(tmp_path: Path) -> None:
    for name, text in TEMPLATE_TEXTS.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    loaded = assemble_instance(tmp_path / "scenario.yaml", {"pools.0.gpus_per_node": 4})
    solution = joint.solve_joint(loaded.instance, loaded.settings)
    content = solved_content(loaded.instance, solution, loaded.settings.rel_gap)
    back = plan_to_solution(loaded.instance, content)
    for name in ("replicas", "routed_rates", "fractions"):
        assert np.array_equal(getattr(back, name), getattr(solution, name))
    assert (back.value, back.bound, back.quality) == (
        solution.value,
        solution.bound,
        solution.quality,
    )
    assert set(back.placement) == set(solution.placement)
